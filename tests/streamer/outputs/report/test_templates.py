"""Whatever is put into a page is escaped, and shows what a terminal would obey."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from streamer.outputs.report.templates import markup, render, render_page, render_text, text

HOSTILE = "\"><script>alert('x')</script>\x1b[2J\u202e{{ 7 * 7 }}"


@pytest.mark.parametrize("shown", [text(HOSTILE), markup("{}", HOSTILE)], ids=["text", "markup"])
def test_a_value_is_text(shown: str) -> None:
    assert "<" not in shown and '"' not in shown and "'" not in shown
    assert r"\x1b[2J" in shown and r"\u202e" in shown and "{{ 7 * 7 }}" in shown


def test_what_is_markup_already_stays() -> None:
    bold = markup("<b>{}</b>", "<i>")
    assert bold == "<b>&lt;i&gt;</b>" and text(bold) == bold
    assert markup("{}{:.2f}", bold, 1.5) == "<b>&lt;i&gt;</b>1.50"


def test_a_page_escapes_its_title_and_every_cell() -> None:
    values = {
        "figures": [(HOSTILE, HOSTILE)], "failed": [HOSTILE], "head": [HOSTILE],
        "rows": [[HOSTILE, None]], "right": (0,),
    }  # fmt: skip
    page = render_page("index.html", HOSTILE, **values).decode()
    assert "<script" not in page and "\x1b" not in page and "49" not in page.split("</style>")[1]
    assert page.count("&lt;script&gt;") == 6
    assert "<td></td>" in page  # what is not known is empty
    assert "default-src 'none'" in page


def test_a_value_that_is_missing_is_no_empty_text() -> None:
    with pytest.raises(UndefinedError):
        render("index.html", figures=[])


def test_for_a_library_it_is_plain_text() -> None:
    values = {"figures": (), "failed": (), "head": (), "rows": (), "right": ()}
    assert type(render_text("index.html", title="", style="", **values)) is str
