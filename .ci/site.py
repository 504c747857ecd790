"""MkDocs hook: pages that live outside docs/ (changelog, model cards ...) become part of the site.

In the repository their links start from where they lie; on the site they start from docs/.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import PurePosixPath
from typing import Any

from mkdocs.structure.files import File

# On the site -> in the repository.
PAGES = {
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
    "licence.txt": "LICENSE",
    "cards/model_card.md": "recognition/weights/model_card.md",
    "cards/selfme_motion.md": "recognition/weights/selfme_motion.md",
    "cards/frl-dgt.md": "recognition/weights/frl-dgt/model_card.md",
    "cards/face_models.md": "streamer/faces/weights/model_card.md",
    "event.schema.json": "streamer/assets/event.schema.json",
}
_LINK = re.compile(r"(\]\()([^)#:\s]+)((?:#[^)\s]*)?\))")


def on_files(files: Any, config: Any) -> Any:
    """Adds the pages."""
    for site, source in PAGES.items():
        files.append(File.generated(config, site, abs_src_path=source))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Links as the site needs them."""
    site = page.file.src_uri
    source = PurePosixPath(PAGES.get(site, f"docs/{site}"))
    places = {name: uri for uri, name in PAGES.items()}

    def moved(link: re.Match[str]) -> str:
        target = posixpath.normpath(str(source.parent / link[2]))
        uri = places.get(target, target.removeprefix("docs/"))
        return f"{link[1]}{posixpath.relpath(uri, posixpath.dirname(site) or '.')}{link[3]}"

    return _LINK.sub(moved, markdown)
