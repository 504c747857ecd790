"""State out of objects and back: equal, shared alike, and without pickle."""

from __future__ import annotations

import io
import struct
import zipfile
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from streamer.core.records import Face
from streamer.core.snapshot import (
    Snapshot,
    capture,
    from_bytes,
    restore,
    set_state,
    state_of,
    to_bytes,
)


def through_bytes(value):
    snapshot, facts = from_bytes(to_bytes(capture(value), {"frame": 7}))
    assert facts == {"frame": 7}
    return restore(snapshot)


def test_plain_values_come_back_exactly() -> None:
    value = {
        "a": [1, 2.5, None, True, "x"],
        3: (0.1, float("-inf")),
        "deque": deque([1, 2], maxlen=5),
        "slice": slice(2, 8),
        "set": {1, 2},
        "scalar": np.float32(0.3),
    }
    back = through_bytes(value)
    assert back == value
    assert back["deque"].maxlen == 5 and isinstance(back["scalar"], np.float32)
    assert np.isnan(through_bytes([float("nan")])[0])


def test_arrays_keep_type_shape_and_order_in_memory() -> None:
    fortran = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    back = through_bytes([fortran, np.zeros((0, 4), dtype=np.uint8)])
    assert np.array_equal(back[0], fortran) and back[0].flags.f_contiguous
    assert back[1].shape == (0, 4) and back[1].dtype == np.uint8
    back[0][0, 0] = 9  # not read-only


def test_what_is_shared_stays_shared() -> None:
    mesh = np.ones((468, 3), np.float32)
    face = Face(1, (0.0, 0.0, 1.0, 1.0), mesh, 1.0)
    recent, waiting, same_mesh = through_bytes((deque([face]), deque([face]), mesh))
    assert recent[0] is waiting[0]  # the spotter asks `is`
    assert recent[0].landmarks_px is same_mesh and np.array_equal(same_mesh, mesh)


def test_frozen_slotted_records_are_made_anew() -> None:
    face = Face(3, (0.0, 1.0, 2.0, 3.0), np.zeros((468, 3), np.float32), 0.5, measured=False)
    back = through_bytes(face)
    assert (back.face_id, back.box_px, back.measured) == (3, (0.0, 1.0, 2.0, 3.0), False)


def test_a_capture_is_not_changed_by_what_happens_later() -> None:
    array = np.zeros(3)
    taken = capture([array])
    array[:] = 1.0
    assert restore(taken)[0].tolist() == [0.0, 0.0, 0.0]


def test_other_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be kept"):
        capture({"thread": object()})
    with pytest.raises(ValueError, match="array of objects"):
        capture(np.array([object()]))
    for name in (
        "os:system",
        "subprocess:Popen",
        "streamer.core.process.libraries:import_cv2",
        "streamer.no:X",
    ):
        with pytest.raises(ValueError):
            restore(Snapshot({"ref": 0}, [{"object": name, "fields": {}}], []))


def test_damage_is_an_error_and_not_a_state() -> None:
    data = to_bytes(capture([np.arange(1000)]), {})
    for broken in (b"", data[: len(data) // 2], b"x" * 100):
        with pytest.raises(ValueError, match="damaged"):
            from_bytes(broken)


class Part:
    STATE = ("a",)

    def __init__(self) -> None:
        self.a, self.native = 1, object()


def test_parts_name_their_state() -> None:
    part = Part()
    assert state_of(part) == {"a": 1}
    set_state(part, {"a": 5})
    assert part.a == 5
    with pytest.raises(ValueError, match="not the state of a Part"):
        set_state(part, {"b": 5})


def changed(value: Any, change: Callable[[dict[str, Any]], None]) -> Snapshot:
    """A snapshot of a value, with its tree changed."""
    taken = capture(value)
    head = {"objects": taken.objects}
    change(head)
    return Snapshot(taken.tree, head["objects"], taken.arrays)


FACE = Face(1, (0.0, 1.0, 2.0, 3.0), np.zeros((468, 3), np.float32), 0.5)


@pytest.mark.parametrize(
    "fields",
    [
        {"__class__": 1},
        {"face_id": "x"},
        {"face_id": 1.5},
        {"score": None},
        {"measured": 3},
        {"extra": 1},
        {"landmarks_px": 5},
        {"box_px": 5},
    ],
    ids=repr,
)
def test_a_record_has_its_own_fields_of_their_types(fields: dict[str, Any]) -> None:
    def put(head: dict[str, Any]) -> None:
        record = next(o for o in head["objects"] if "object" in o)
        record["fields"] |= fields

    with pytest.raises(ValueError):
        restore(changed(FACE, put))

    def leave_out(head: dict[str, Any]) -> None:
        record = next(o for o in head["objects"] if "object" in o)
        del record["fields"]["score"]

    with pytest.raises(ValueError, match="does not have the attributes"):
        restore(changed(FACE, leave_out))


@pytest.mark.parametrize(
    "data",
    [
        {"object": "streamer.batch.output:FolderOutput", "fields": {"root": "/"}},
        {"object": "streamer.outputs.events:EventWriter", "fields": {}},
        {"object": "streamer.__main__:main", "fields": {}},
        {"object": "spotting.macro:np.ndarray", "fields": {}},
        {"object": "spotting.macro:MacroDetector", "fields": {"_config": 1}},
        {"object": ["x"], "fields": {}},
        {"object": "streamer.core.records:Face"},
        {"tuple": [{"ref": 0}]},
        {"deque": [], "maxlen": -1},
        {"array": 5},
        {"array": "x"},
        {"slice": []},
        {"unknown": 1},
        [],
        5,
        None,
    ],
    ids=repr,
)
def test_objects_that_are_none_of_a_pipeline(data: Any) -> None:
    with pytest.raises(ValueError):
        restore(Snapshot({"ref": 0}, [data], []))


@pytest.mark.parametrize(
    "tree", [{"ref": -1}, {"ref": 1}, {"ref": True}, {"ref": "x"}, {"x": 1}, [1], {}], ids=repr
)
def test_references_lead_to_objects(tree: Any) -> None:
    with pytest.raises(ValueError):
        restore(Snapshot(tree, [{"list": []}], []))


def test_a_part_takes_no_attribute_of_another_kind() -> None:
    part = Part()
    for other in ("x", [1], True, np.zeros(1)):
        with pytest.raises(ValueError, match="is no a of a Part"):
            set_state(part, {"a": other})
    set_state(part, {"a": np.int64(3)})
    assert part.a == 3


def test_arrays_larger_than_their_file_are_not_made() -> None:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }"
    header += b" " * (117 - len(header)) + b"\n"
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("tree.json", '{"tree": 1, "objects": [], "facts": {}}')
        archive.writestr("0.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    with pytest.raises(ValueError, match="does not fit"):
        from_bytes(data.getvalue())


def test_packed_members_are_refused() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tree.json", b'{"tree": 1, "objects": [], "facts": {}}' + b" " * 10**6)
    with pytest.raises(ValueError, match="packed"):
        from_bytes(data.getvalue())
