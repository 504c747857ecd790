"""What all parts of the page share."""

from __future__ import annotations

from dataclasses import dataclass

from demo.explainer import Explainer
from demo.limits import Limits
from demo.turns import Turns
from demo.uploads import Uploads
from demo.visitors import Visitors


@dataclass(frozen=True, slots=True)
class Site:
    """One running page."""

    visitors: Visitors
    uploads: Uploads
    explainer: Explainer
    turns: Turns  # of those who want a recording analysed

    @property
    def limits(self) -> Limits:
        """What a visitor may use."""
        return self.visitors.limits

    def close(self) -> None:
        """Everybody leaves; all temporary files and processes are gone afterwards."""
        self.visitors.close()
        self.explainer.close()


def open_site(limits: Limits | None = None) -> Site:
    """A page without visitors."""
    visitors = Visitors(limits or Limits())
    turns = Turns(visitors.limits.workers, visitors.limits.waiting)
    return Site(visitors, Uploads(visitors.upload_folder, visitors.limits), Explainer(), turns)
