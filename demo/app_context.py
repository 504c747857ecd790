"""What all parts of the page share."""

from __future__ import annotations

from dataclasses import dataclass

from demo.explainer import Explainer
from demo.job_queue import JobQueue
from demo.limits import Limits
from demo.uploads import Uploads
from demo.visitors import Visitors


@dataclass(frozen=True, slots=True)
class AppContext:
    """One running page."""

    visitors: Visitors
    uploads: Uploads
    explainer: Explainer
    queue: JobQueue  # of those who want a recording analysed

    @property
    def limits(self) -> Limits:
        """What a visitor may use."""
        return self.visitors.limits

    def close(self) -> None:
        """Everybody leaves; all temporary files and processes are gone afterwards."""
        self.visitors.close()
        self.explainer.close()


def open_app_context(limits: Limits | None = None) -> AppContext:
    """A page without visitors."""
    visitors = Visitors(limits or Limits())
    uploads = Uploads(visitors.upload_folder, visitors.limits)
    queue = JobQueue(visitors.limits.workers, visitors.limits.waiting)
    return AppContext(visitors, uploads, Explainer(), queue)
