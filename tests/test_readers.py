"""Every reader of files that lie on a disk, fed with what nobody should have written there.

Whatever it is, a reader gives what it could read, says that there is nothing, or raises one of this
program's own errors; and it touches no file outside the folder it was given. A new reader is one
line in READERS.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recognition.files.hub import _listed
from recognition.files.model_file import CARD, read_model
from spotting.micro.learned_ticks import ROW
from spotting.motion.regions import REGION_NAMES
from streamer.batch.checkpoints import FILE_NAME, load_checkpoint
from streamer.batch.inputs import find_inputs
from streamer.batch.manifest import known_folders
from streamer.batch.output import FolderOutput
from streamer.core.errors import MerError
from streamer.core.records import (
    ActionUnit,
    EmotionEvent,
    Face,
    Frame,
    FrameResult,
    Gate,
    MissingFace,
    NoFace,
    Recognition,
    Spot,
)
from streamer.core.snapshot import capture, to_bytes
from streamer.outputs.aligned_faces import FaceStrip, read_strip, write_strip
from streamer.outputs.coverage_count import CoverageCount
from streamer.outputs.events import open_event_file, read_events
from streamer.outputs.no_faces import NoFaceCount
from streamer.outputs.report.log import view_signals
from streamer.outputs.report.overview import read_overviews
from streamer.outputs.signals import SignalsCsv, signal_columns, signals_to_parquet
from tests.streamer.batch.make import run_bytes
from training.common.records import Clip, Prediction
from training.datasets.arrays import load_map, load_pairs
from training.datasets.prepared import SETTINGS, _clip, read_settings
from training.loso.run_folder import (
    SESSIONS,
    Outcome,
    load_outcome,
    load_sessions,
    save_outcome,
    wall_s,
)
from training.prepare.cache import clip_file, read_finished
from training.selfme.checkpoint import load_checkpoint as load_training
from training.selfme.checkpoint import save_checkpoint
from training.selfme.motion_clips import _read_pair
from training.selfme.package import run_results
from training.spotting.learning.signals import Signals
from training.spotting.observation import Found, Observation, SpotterRun
from training.spotting.run import _load as load_observation
from training.synthetic.pairs import PairRange, Pairs, read_pairs, write_pairs

SPOT = Spot(0, "micro", 1.0, 1.1, 1.3, 30, 33, 39, 2.0, ("brow_left",))
SHARES = {"negative": 0.1, "positive": 0.0, "surprise": 0.8, "other": 0.1}
UNIT = ActionUnit("1", "both", 0.9, 1.0)
SAID = Recognition("surprise", SHARES, 0.8, units=(UNIT,), because="1", prototype="surprise")
EVENT = EmotionEvent(SPOT, SAID, "clip.mp4", 1.5)
CLIP = Clip("casme2/s1/a", "casme2", "s1", Path(), 200.0, 0, 5, 9, "surprise")
FACES = np.zeros((4, 8, 8, 3), np.uint8)


def write_event_file(path: Path) -> None:
    writer = open_event_file(path, as_csv=path.suffix == ".csv")
    writer.write(FrameResult(None, events=(EVENT, replace(EVENT, recognition=None))))
    writer.close()


def write_signals(path: Path) -> None:
    SignalsCsv(path, REGION_NAMES).close()
    row = ["0", "0.5", "0", "1", *["1"] * 14, *["0.1"] * len(REGION_NAMES), "0", "", ""]
    row += ["1", "", "0", "speech"]
    assert len(row) == len(signal_columns(REGION_NAMES))
    with path.open("a") as stream:
        stream.write(",".join(row) + "\n" + ",".join(["1", "0.6", "", "0", *[""] * (len(row) - 4)]))


def write_checkpoint(path: Path) -> None:
    face = Face(1, (0.0, 0.0, 1.0, 1.0), np.zeros((468, 3), np.float32), 1.0)
    counts = {"frames": 3, "frames_with_face": 3, "faces": {1}, "first_s": 0.0, "last_s": 1.0}
    counts["rolls"] = [3, 0, 0, 0]
    covered, missing = CoverageCount(), NoFaceCount()
    for index in range(3):
        picture = Frame(index, index / 30, np.zeros((4, 4, 3), np.uint8))
        result = FrameResult(picture, missing=MissingFace(NoFace.DARK, 6.0))
        covered.write(result)
        missing.write(result)
    counts |= {"coverage": covered.state(), "no_face": missing.state()}
    held = {"frame": 2, "time_s": 1.0, "face": 1, "row": "2,1.0,1", "reasons": None}
    state = {
        "track": {"tracker": {"face": face}, "aligner": {"rows": [1, 2.5, None]}},
        "advance": {"spotter": {}, "buffer": {}, "places": {}, "now_s": 1.0},
        "signals": [held],
        "counts": counts | {"kinds": {"micro": 1}, "emotions": {}, "units": {"12": 1}},
    }
    facts = {
        "version": 4,
        "key": "k",
        "start": {"frame": 3, "time_s": 1.0, "checksum": 5, "plain": True},
        "lengths": {"events.jsonl": 0, "signals.csv": 0},
    }
    path.write_bytes(to_bytes(capture(state), facts))
    for name in facts["lengths"]:
        (path.parent / name).touch()


def write_manifest(path: Path) -> None:
    rows = [{"name": "a.mp4", "folder": "a", "status": "done"}]
    path.write_text(json.dumps({"schema": "mer-stream/batch/1", "recordings": rows}))


def write_fold(path: Path) -> None:
    said = Prediction("a", "s1", "surprise", np.array([0.2, 0.8], np.float32))
    outcome = Outcome("s1", 0, 1, 10, 2.0, (said,), {"a": np.zeros(3, np.float32)})
    save_outcome(path.parents[1], outcome, "digest")


def load_fold(folder: Path) -> Any:
    return load_outcome(folder, "s1", 0, "digest")


def write_cached_clip(path: Path) -> None:
    face = FACES[0]
    arrays = {"onset_image": face, "apex_image": face, "map": np.zeros((28, 28, 3), np.uint8)}
    key = "casme2/s1/a|0|5|9|200.0|f"
    np.savez_compressed(
        path, **arrays, apex=np.array(5), onset=np.array(0), spotted=np.array(False),
        key=np.array(key),
    )  # fmt: skip


def write_training(path: Path) -> None:
    net = torch.nn.Linear(2, 2)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.zeros(1, 2)).sum().backward()
    optimizer.step()
    save_checkpoint(path, 3, {"seed": 1}, net, optimizer, {"best": 0.5})


def write_signals_npz(path: Path) -> None:
    gates = np.zeros((3, len(Gate)), dtype=bool)
    Signals(np.zeros(3), np.arange(3), np.zeros((3, ROW), np.float32), gates).save(path)


def write_observation(path: Path) -> None:
    found = Found("micro", 1, 2, 3, 0.1, 0.2, 0.3, 0.4, 2.0, "surprise", 0)
    seen = Observation(
        "v", 30.0, 0, 9, 0.3, 9, 0.1, {"rule": SpotterRun((found,), 0.1)}, ((0.0, 0.1),),
        ((0.1, "blink"),),
    )  # fmt: skip
    path.write_text(json.dumps(seen.to_json()))


def read_cached_pair(path: Path) -> Any:
    return _read_pair(replace(CLIP, path=path)), load_pairs([replace(CLIP, path=path)])


def read_cache_row(path: Path) -> Any:
    from training.datasets.prepared import COLUMNS
    from training.datasets.tables import read_rows

    rows = read_rows(path, None, {name: (name,) for name in COLUMNS}, {})
    clips = [_clip(row, path.parent) for row in rows]
    assert all(path.parent in clip.path.resolve().parents for clip in clips)
    return clips


def write_cache_index(path: Path) -> None:
    names = "file,dataset,subject,clip,emotion,kind,fps,onset,apex,offset,spotted,source"
    path.write_text(f"{names}\nclips/a.npz,casme2,s1,a,surprise,micro,200,0,5,9,0,x\n")


@dataclass(frozen=True)
class Reader:
    """A valid file and who reads it; `file` is its place in a folder."""

    file: str
    write: Callable[[Path], Any]
    read: Callable[[Path], Any]
    beside: Callable[[Path], Any] = field(default=lambda folder: None)

    @property
    def name(self) -> str:
        return f"{self.file} {getattr(self.read, '__name__', '')}"


def text(content: str) -> Callable[[Path], Any]:
    return lambda path: path.write_text(content)


def table(content: dict[str, Any]) -> Callable[[Path], Any]:
    return text(json.dumps(content))


CARD_OF = {"sha256": {"net.onnx": "0" * 64}}
READERS = [
    Reader("events.jsonl", write_event_file, lambda p: list(read_events(p))),
    Reader("events.csv", write_event_file, lambda p: list(read_events(p))),
    Reader(
        "clip/run.json",
        lambda p: p.write_bytes(run_bytes()),
        lambda p: FolderOutput(p.parents[1]).run_of("clip"),
    ),
    Reader("manifest.json", write_manifest, lambda p: known_folders(FolderOutput(p.parent))),
    Reader(
        FILE_NAME,
        write_checkpoint,
        lambda p: load_checkpoint(p.parent, "k", ("events.jsonl", "signals.csv")),
    ),
    Reader(
        "strip.npz",
        lambda p: write_strip(
            FaceStrip(FACES, np.arange(4.0), np.arange(4), np.zeros(4, np.int64), 0, 1, 2), p
        ),
        read_strip,
    ),
    Reader("signals.csv", write_signals, lambda p: view_signals(p, [EVENT], [0], 2.0, 10)),
    Reader("signals.csv", write_signals, lambda p: read_overviews(p, [0], 2.0)),
    Reader("signals.csv", write_signals, lambda p: signals_to_parquet(p, p.with_suffix(".pq"))),
    Reader("list.txt", text("a.mp4\nb.mp4\n"), lambda p: find_inputs([f"@{p}"])),
    Reader(CARD, table(CARD_OF), lambda p: _listed(p, ".onnx", "a/b")),
    Reader(
        CARD,
        table(CARD_OF),
        lambda p: read_model(p.with_name("net.onnx")),
        lambda folder: (folder / "net.onnx").write_bytes(b"net"),
    ),
    Reader("folds/s1.seed0.json", write_fold, lambda p: load_fold(p.parents[1])),
    Reader(
        SESSIONS,
        table({"sessions": [{"began": "now", "wall_s": 1.0, "folds": 2}]}),
        lambda p: (load_sessions(p.parent), wall_s(p.parent))[0],
    ),
    Reader(
        SETTINGS,
        table({"dataset": "casme2", "fingerprint": "f", "faces": "g", "jitter": "", "clips": True}),
        lambda p: read_settings(p.parent),
    ),
    Reader(
        clip_file(Path(), CLIP).as_posix(),
        write_cached_clip,
        lambda p: read_finished(p.parents[1], CLIP, "f"),
    ),
    Reader("pair.npz", write_cached_clip, read_cached_pair),
    Reader("map.npz", write_cached_clip, lambda p: load_map(replace(CLIP, path=p))),
    Reader(
        "map.npy",
        lambda p: np.save(p, np.zeros((28, 28, 3), np.uint8)),
        lambda p: load_map(replace(CLIP, path=p)),
    ),
    Reader("index.csv", write_cache_index, read_cache_row),
    Reader("training.safetensors", write_training, lambda p: load_training(p, {"seed": 1})),
    Reader("results.json", table({"validation": {"uf1": 0.5}}), lambda p: run_results(p)),
    Reader("signals.npz", write_signals_npz, Signals.load),
    Reader("video.json", write_observation, lambda p: load_observation(p, ["rule"])),
    Reader(
        "pairs.npz",
        lambda p: write_pairs(
            Pairs(
                FACES, FACES, np.zeros((4, 8, 8, 2), np.float16), np.ones((4, 8, 8), np.bool_),
                np.zeros(4, np.int64), np.zeros(4, np.float32), np.zeros(4, np.float32),
                np.array(["a"] * 4),
            ),
            p,
            PairRange(),
        ),
        read_pairs,
    ),
]  # fmt: skip
IDS = [f"{n}-{reader.file}" for n, reader in enumerate(READERS)]


@pytest.fixture(params=READERS, ids=IDS)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Reader, Path]]:
    """A reader and the place of its file, which is whole."""
    reader: Reader = request.param
    root = tmp_path_factory.mktemp("place")
    path = root / "inside" / reader.file
    path.parent.mkdir(parents=True)
    (root / "outside").write_text("untouched")
    reader.beside(path.parent)
    reader.write(path)
    yield reader, path
    assert (root / "outside").read_text() == "untouched"
    assert sorted(p.name for p in root.iterdir()) == ["inside", "outside"]
    shutil.rmtree(root)


def read(reader: Reader, path: Path) -> Any:
    """What the reader says; its own errors are as good as nothing."""
    try:
        return reader.read(path)
    except MerError as error:
        assert str(error)
        return None


def test_a_whole_file_is_read(place: tuple[Reader, Path]) -> None:
    reader, path = place
    if reader.file == CARD and "net.onnx" in [p.name for p in path.parent.iterdir()]:
        with pytest.raises(MerError, match="its card says"):
            reader.read(path)
    elif reader.read.__code__.co_names[:1] != ("signals_to_parquet",):
        assert reader.read(path) is not None
    else:
        reader.read(path)


DEEP = b"[" * 100_000
ODD_FILES = [
    b"",
    b"\0",
    b"\0" * 5000,
    b"\xff\xfe\xff",
    b"[]",
    b"{}",
    b"null",
    b"NaN",
    b'"text"',
    b"1" * 5000,
    b"1e999",
    DEEP,
    b'{"a":' * 100_000,
    b'{"schema": "mer-stream/event/1"}\n',
    b'{"schema": "mer-stream/event/2"}\n',
    b'{"schema":1,"schema":2}',
    b"a,b\n" * 3,
    b'"' + b"x" * 200_000 + b"\n",
    b"PK\x05\x06" + b"\0" * 18,
    b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,)}",
    struct.pack("<Q", 2**60) + b"{}",
]


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_regular_file(place: tuple[Reader, Path], kind: str) -> None:
    """A pipe would be waited for; what never ends would be read for ever."""
    reader, path = place
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    read(reader, path)
    path.rmdir() if kind == "folder" else path.unlink()


@pytest.mark.parametrize("content", ODD_FILES, ids=range(len(ODD_FILES)))
def test_odd_files(place: tuple[Reader, Path], content: bytes) -> None:
    reader, path = place
    path.write_bytes(content)
    read(reader, path)


@settings(
    derandomize=True, deadline=None, max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(data=st.data())
def test_mutated_bytes(place: tuple[Reader, Path], data: st.DataObject) -> None:
    reader, path = place
    path.unlink()
    reader.write(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, max(len(content) - 1, 0)))
        new = data.draw(st.sampled_from(SNIPPETS) | st.binary(max_size=4))
        content[at : at + data.draw(st.integers(0, 8))] = new
    path.write_bytes(
        content[: data.draw(st.integers(1, len(content))) if data.draw(st.booleans()) else None]
    )
    read(reader, path)


SNIPPETS = [
    *(b"", b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 30, b"null", b"true", b"[]", b"{}"),
    *(b'"../../outside"', b'"/etc/passwd"', b"../outside", b"\0", b"\xff", b"-1", b'"', b","),
]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from(["", "..", "../../outside", "/", "C:\\x", "a\0b", "\ud800", "x" * 300])
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
JSON_READERS = [reader for reader in READERS if reader.file.endswith((".json", ".jsonl"))]


def places_in(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a document."""
    yield at
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in inner:
        yield from places_in(item, (*at, key))


def put(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    """The document with another value in one place."""
    if not at:
        return new
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[at[0]] = put(value[at[0]], at[1:], new)
    return changed


@pytest.mark.parametrize("reader", JSON_READERS, ids=[r.file for r in JSON_READERS])
@settings(derandomize=True, deadline=None, max_examples=100)
@given(data=st.data())
def test_mutated_values(
    tmp_path_factory: pytest.TempPathFactory, reader: Reader, data: st.DataObject
) -> None:
    """The document is well formed, one of its values is another one."""
    root = tmp_path_factory.mktemp("values")
    path = root / reader.file
    path.parent.mkdir(parents=True, exist_ok=True)
    reader.beside(path.parent)
    reader.write(path)
    lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    document = json.loads(lines[0])
    at = data.draw(st.sampled_from(list(places_in(document))))
    changed = put(document, at, data.draw(JSON))
    path.write_text("\n".join([json.dumps(changed), *lines[1:]]) + "\n", encoding="utf-8")
    read(reader, path)
    shutil.rmtree(root)


@settings(
    derandomize=True, deadline=None, max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(data=st.data())
def test_a_checkpoint_with_other_values(tmp_path: Path, data: st.DataObject) -> None:
    """The state of the pipeline: whole as a file, with one value changed in its tree."""
    path = tmp_path / FILE_NAME
    write_checkpoint(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    tree = json.loads(members["tree.json"])
    at = data.draw(st.sampled_from(list(places_in(tree))))
    odd = st.sampled_from([{"ref": 0}, {"ref": -1}, {"object": "os:system", "fields": {}}, 2**40])
    members["tree.json"] = json.dumps(put(tree, at, data.draw(JSON | odd))).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    load_checkpoint(tmp_path, "k", ("events.jsonl", "signals.csv"))


def test_a_file_larger_than_any_record_is_not_taken_in(tmp_path: Path) -> None:
    """A sparse gigabyte: found out by reading no more than the limit."""
    (tmp_path / "clip").mkdir()
    with (tmp_path / "clip" / "run.json").open("wb") as stream:
        stream.truncate(2**30)
    assert FolderOutput(tmp_path).run_of("clip") is None


def test_a_small_file_asks_for_no_large_array(tmp_path: Path) -> None:
    """A header that claims 8 TB, in a file of a few hundred bytes."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }"
    header += b" " * (117 - len(header)) + b"\n"
    member = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    path = tmp_path / "strip.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", member)
        for name in ("time_s", "frame", "anchor", "moments"):
            archive.writestr(f"{name}.npy", member)
    with pytest.raises(MerError, match="does not fit"):
        read_strip(path)
