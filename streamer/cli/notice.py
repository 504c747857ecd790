"""What this program is for and what the law requires, printed once on a terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

_VERSION = "1"  # a new text gets a new number and is printed once more
_TEXT = """\
mer-stream reads facial motion; it does not know what a person feels, and it detects no lies.
Intended for research with the consent of the people recorded. In the EU, inferring emotions at
work or in education is prohibited (AI Act, article 5(1)(f); medical and safety uses excepted).
Nothing leaves this machine, and no picture is kept unless you ask. (Told once.)"""


def show_notice_once() -> None:
    """Print the notice to standard error once, if that is a terminal."""
    if not sys.stderr.isatty():
        return
    folder = _config_folder()
    mark = None if folder is None else folder / f"notice-{_VERSION}"
    with contextlib.suppress(OSError):
        if mark is not None and mark.exists():
            return
    print(_TEXT + "\n", file=sys.stderr)
    if mark is None:
        return
    with contextlib.suppress(OSError):  # a home that cannot be written: it is printed again
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()


def _config_folder() -> Path | None:
    """None where the system knows no home folder."""
    given = os.environ.get("APPDATA" if os.name == "nt" else "XDG_CONFIG_HOME")
    if given:
        return Path(given) / "mer-stream"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return (home if os.name == "nt" else home / ".config") / "mer-stream"
