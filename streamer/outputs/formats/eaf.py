"""Events for ELAN (.eaf, format 3.0): whole milliseconds, tiers per face and kind.

Per face and kind there are two tiers: one with the emotion over onset to offset, and one attached
to it with the confidence, the apex and the regions. Where the model tells action units there is a
third, attached to the first as well, with the units in FACS notation. Written by pympi-ling.
"""

from __future__ import annotations

import importlib
import itertools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from streamer.core.errors import InstallError
from streamer.core.files.atomic import write_file
from streamer.core.files.writing import writing
from streamer.core.records import EmotionEvent
from streamer.outputs.formats.event_text import Media, details, label, tier_of, without_overlap
from streamer.outputs.units import facs_of, tells_units

_CURE = 'ELAN files cannot be written ({reason}): pip install pympi-ling (or "mer-stream[batch]").'
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_DATE = "1970-01-01T00:00:00+00:00"  # the same events give the same file
_TYPE, _DETAIL_TYPE = "expression", "detail"


def import_pympi() -> Any:
    """The module `pympi.Elan`, or InstallError that says how to get it."""
    try:
        return importlib.import_module("pympi.Elan")
    except ImportError as error:
        raise InstallError(_CURE.format(reason=error)) from None


def write_eaf(events: Sequence[EmotionEvent], path: Path, media: Media) -> None:
    """One document; tiers `face 0 micro`, `face 0 micro details`, `face 0 micro FACS` and so on.

    events: in the order of their onsets. A tier holds one annotation at a time, see
    `without_overlap`.
    """
    eaf = _new_document(import_pympi(), media, any(event.media for event in events))
    for (face, kind), group in itertools.groupby(sorted(events, key=tier_of), tier_of):
        _add_tier(eaf, f"face {face}", f"face {face} {kind}", list(group))
    _sort_time_slots(eaf)
    eaf.properties = [("lastUsedAnnotationId", str(eaf.maxaid))]
    with tempfile.TemporaryDirectory() as folder:  # pympi takes a name only, of a new file
        written = Path(folder) / "events.eaf"
        with writing(written):
            eaf.to_file(str(written))
            data = written.read_bytes()
    write_file(path, data)


def _new_document(pympi: Any, media: Media, has_places: bool) -> Any:
    eaf = pympi.Eaf(author="mer-stream")
    eaf.adocument |= {
        "DATE": _DATE,
        "VERSION": "3.0",
        "FORMAT": "3.0",
        "xsi:noNamespaceSchemaLocation": _SCHEMA,
    }
    eaf.header = {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"}
    eaf.remove_tier("default")
    eaf.remove_linguistic_type("default-lt")
    eaf.add_linguistic_type(_TYPE)
    eaf.add_linguistic_type(_DETAIL_TYPE, "Symbolic_Association", timealignable=False)
    if media.url is not None:
        # Annotations are at the media's own times, late starts included: its time 0 is theirs.
        origin = 0 if has_places else None
        eaf.add_linked_file(media.url, mimetype=media.mime_type, time_origin=origin)
    return eaf


def _add_tier(eaf: Any, subject: str, name: str, events: Sequence[EmotionEvent]) -> None:
    detail_name, facs_name = f"{name} details", f"{name} FACS"
    eaf.add_tier(name, _TYPE, part=subject, ann="mer-stream")
    for attached in (detail_name, facs_name) if tells_units(events) else (detail_name,):
        eaf.add_tier(attached, _DETAIL_TYPE, parent=name, part=subject, ann="mer-stream")
    for start, end, event in without_overlap(events):
        eaf.add_annotation(name, start, end, label(event))
        parent = f"a{eaf.maxaid}"
        _attach(eaf, detail_name, parent, details(event))
        if facs := facs_of(event):
            _attach(eaf, facs_name, parent, facs)


def _attach(eaf: Any, tier: str, parent: str, text: str) -> None:
    # `add_ref_annotation` would search the whole tier for the annotation just made.
    number = eaf.generate_annotation_id()
    eaf.annotations[number] = tier
    eaf.tiers[tier][1][number] = (parent, text, None, None)


def _sort_time_slots(eaf: Any) -> None:
    """Number the slots by time, as ELAN itself does; pympi numbers them as they were made."""
    order = sorted(eaf.timeslots, key=lambda slot: (eaf.timeslots[slot], int(slot[2:])))
    names = {old: f"ts{number}" for number, old in enumerate(order, start=1)}
    eaf.timeslots = {names[old]: eaf.timeslots[old] for old in order}
    for aligned, *_ in eaf.tiers.values():
        for key, (start, end, value, svg) in aligned.items():
            aligned[key] = (names[start], names[end], value, svg)
