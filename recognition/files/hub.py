"""Models from a hub: `owner/name@commit`; the repository's model card gives their sha256.

The commit is pinned in full, so the same reference means the same bytes for ever. Files come
through the hub's own client and its cache; offline, from the cache alone. The card lies beside the
model there, so `read_model` compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recognition.files.model_file import CARD, read_card
from streamer.core.errors import InstallError, ModelError
from streamer.core.files.inside import is_safe_name

_REFERENCE = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)@(?P<revision>[^@/\\]+)")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def is_hub_reference(text: str) -> bool:
    """Whether `text` is written like owner/name@revision and is no path that exists."""
    return _REFERENCE.fullmatch(text) is not None and not Path(text).exists()


def fetch_model(
    reference: str, *, suffix: str = ".onnx", offline: bool = False, cache: Path | None = None
) -> Path:
    """The only file with `suffix` that the repository's card lists, downloaded once.

    Args:
        cache: another cache folder than the hub's own.

    Raises:
        ModelError: no full commit, not in the cache (offline) or not on the hub, no card, or a
            card without such a file.
        InstallError: huggingface_hub is not installed.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None or not _COMMIT.fullmatch(match["revision"]):
        raise ModelError(
            f"model {reference}: pin the commit in full, as in owner/name@ and 40 hexadecimal "
            "digits; branches and tags can change"
        )
    options = {
        "repo_id": match["repository"],
        "revision": match["revision"],
        "local_files_only": offline,
        "cache_dir": cache,
    }
    return _fetch(_listed(_fetch(CARD, options), suffix, reference), options)


def _fetch(name: str, options: Mapping[str, Any]) -> Path:
    """The file in the cache."""
    try:
        return Path(_import_hub().hf_hub_download(filename=name, **options))
    except (OSError, ValueError) as error:
        reason = str(error).strip().split("\n")[0][:160]
        cure = "without --offline once, so that it is cached"
        if not options["local_files_only"]:
            cure = "again with a connection, or check the name and the commit"
        where = f"{options['repo_id']}@{options['revision']}"
        raise ModelError(f"no {name} of {where} ({reason}): run {cure}") from error


def _listed(card: Path, suffix: str, reference: str) -> str:
    """The file name that the card gives a sha256 for."""
    try:
        found = [name for name in read_card(card) if name.endswith(suffix)]
    except ModelError as error:
        raise ModelError(f"{CARD} of {reference} is not a model card: {error}") from error
    if len(found) != 1 or not is_safe_name(found[0]):
        raise ModelError(
            f"{CARD} of {reference} must give the sha256 of one {suffix} file (found: "
            f"{', '.join(found) or 'none'}): ask its owner, or give a file"
        )
    return found[0]


def _import_hub() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise InstallError(
            f"models of a hub need huggingface_hub ({error}): pip install "
            '"mer-stream[hub]", or give a file'
        ) from error
    return huggingface_hub
