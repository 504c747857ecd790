"""Reads the HTML of the page as a browser would: elements with their attributes and text."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cv2
import numpy as np
from numpy.typing import NDArray

_VOID = {"input", "img", "br", "hr", "meta", "link"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    text: str = ""
    inside: list[str] = field(default_factory=list)  # tags around it

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Element] = []
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        one = Element(
            tag, {k: v or "" for k, v in attrs}, inside=[element.tag for element in self.open]
        )
        self.found.append(one)
        if tag not in _VOID:
            self.open.append(one)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(Element(tag, {k: v or "" for k, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1].tag == tag, f"</{tag}> closes nothing"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for one in self.open:
            one.text += data


def elements(html: str, tag: str = "", **wanted: str) -> list[Element]:
    """All elements in order, of that tag and with those attributes (`class_`: among others)."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open, f"<{reader.open[-1].tag}> is not closed"
    found = [one for one in reader.found if tag in ("", one.tag)]
    for name, value in wanted.items():
        if name == "class_":
            found = [one for one in found if value in one.classes]
        else:
            found = [one for one in found if one.attributes.get(name.replace("_", "-")) == value]
    return found


def decoded(url: str) -> NDArray[np.uint8]:
    """The picture of a data URL, BGR."""
    head, data = url.split(",", 1)
    assert head in ("data:image/png;base64", "data:image/jpeg;base64")
    raw = base64.b64decode(data, validate=True)
    assert raw.startswith(b"\x89PNG" if "png" in head else b"\xff\xd8\xff")
    return cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
