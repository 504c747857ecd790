"""The frame that all pages share: one file, no scripts, nothing from elsewhere."""

from __future__ import annotations

import html
from importlib import resources

from streamer.core.printable import printable

_LIMITS = (
    "A reading of facial motion, not of what a person feels, and not a lie detector. Not for use "
    "on people at work or in education (EU AI Act, article 5(1)(f)). Written by mer-stream."
)


def page(title: str, body: str) -> str:
    """A whole document. `title` is text, `body` is HTML."""
    style = (resources.files("streamer") / "assets" / "report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">"
        f"<title>{text(title)}</title><style>{style}</style></head><body>\n{body}\n"
        f"<footer>{_LIMITS}</footer></body></html>\n"
    )


def text(value: object) -> str:
    """A value as HTML text; what a file name may hold beside text is made visible."""
    return html.escape(printable(value))


def figure(value: object, name: str) -> str:
    """One number with its name."""
    return f'<div class="card"><b>{text(value)}</b><span class="soft">{text(name)}</span></div>'


def table(head: list[str], rows: list[list[str]], right: frozenset[int] = frozenset()) -> str:
    """A table; cells are HTML. Columns numbered in `right` hold numbers."""

    def cell(tag: str, number: int, content: str) -> str:
        return f"<{tag}{' class=right' if number in right else ''}>{content}</{tag}>"

    top = "".join(cell("th", n, name) for n, name in enumerate(head))
    body = "\n".join(
        "<tr>" + "".join(cell("td", n, content) for n, content in enumerate(row)) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>\n{body}\n'
        "</tbody></table></div>"
    )
