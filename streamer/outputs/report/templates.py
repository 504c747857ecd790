"""HTML by templates: whatever is put into one is escaped, and safe to look at."""

from __future__ import annotations

import functools
from importlib import resources
from typing import TYPE_CHECKING, Any

from streamer.core.printable import printable
from streamer.outputs.formats.event_text import label
from streamer.outputs.record import event_id
from streamer.outputs.terminal import format_clock
from streamer.outputs.units import facs_of, reading

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


def render(template: str, package: str = "streamer", **values: Any) -> Markup:
    """A template of `package`/assets/templates with these values."""
    from markupsafe import Markup

    return Markup(_environment(package).get_template(template).render(**values))


def render_text(template: str, package: str = "streamer", **values: Any) -> str:
    """The same as plain text, for a library that is to show it."""
    return str(render(template, package, **values))


def render_page(template: str, title: str, **values: Any) -> bytes:
    """A whole document: one file, no scripts, nothing from elsewhere."""
    from markupsafe import Markup

    style = (resources.files("streamer") / "assets" / "report.css").read_text(encoding="utf-8")
    document = render(template, title=title, style=Markup(style), **values)
    return document.encode("utf-8", "backslashreplace")


def markup(html: str, *values: object) -> Markup:
    """HTML of our own with `{}` for values, which are escaped."""
    from markupsafe import Markup

    return Markup(html).format(*(v if isinstance(v, int | float) else text(v) for v in values))


def text(value: object) -> Markup:
    """A value as HTML text; what a file name may hold beside text is made visible."""
    from markupsafe import escape

    return escape(value if hasattr(value, "__html__") else printable(value))


@functools.cache
def _environment(package: str) -> Environment:
    """Of the package's templates; those of `streamer` are there too."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    packages = dict.fromkeys((package, "streamer"))
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(name, "assets/templates") for name in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: "" if value is None else text(value),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "clock": format_clock,
        "short_clock": lambda time_s: format_clock(time_s)[:-4],
        "percent": "{:.0%}".format,
        "label": label,
        "event_id": event_id,
        "facs": facs_of,
        "reading": reading,
        "names": lambda regions: ", ".join(name.replace("_", " ") for name in regions),
        "file_name": file_name,
    }
    return environment


def folder_name(name: str) -> str:
    """What stands before the last part of a path or URL."""
    return name.rstrip("/").replace("\\", "/").rpartition("/")[0] or name


def file_name(name: str) -> str:
    """The last part of a path or URL."""
    return name.rstrip("/").replace("\\", "/").rsplit("/", 1)[-1] or name
