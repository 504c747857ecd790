"""Prepare: the streaming faces and maps in a cache that survives being killed."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from recognition.classifiers.maps import motion_map
from recognition.config import MapConfig
from recognition.motion.methods import motion_field
from streamer.core.errors import OutputError, SourceFormatError, SourceNotFoundError, UsageError
from streamer.core.records import AlignedFace, Frame
from streamer.faces.alignment import Aligner, bring_to_anchor
from streamer.faces.backends import open_finder
from streamer.faces.config import FaceConfig
from streamer.faces.tracker import FaceTracker
from streamer.sources import open_source
from tests.training.datasets.trees import casme2, casme2_row
from tests.training.fake_maps import FakeConfig, make_fake
from training import cli
from training.datasets import load_dataset
from training.datasets.arrays import load_clips, load_jittered, load_map, load_maps, load_pairs
from training.datasets.prepared import configs_of
from training.prepare.clip import ClipPreparer, grey_clip
from training.prepare.jitter import Jitter, place
from training.prepare.run import PrepareConfig, prepare

FPS = 30.0
# subject, clip, folder, onset, apex, offset, emotion: the movements of the bundled sample
CLIPS = (
    ("ann", "up", "sample", 46, 51, 56, "surprise"),
    ("ann", "down", "sample", 211, "", 218, "negative"),
    ("bob", "smile", "sample", 317, 323, 327, "positive"),
    ("bob", "nobody", "blank", 1, 3, 5, "positive"),
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample recording as images, and a clip without a face, in our folder format."""
    root = tmp_path_factory.mktemp("tree")
    (root / "sample").mkdir()
    (root / "blank").mkdir()
    wanted = {n for c in CLIPS[:3] for n in range(c[3], c[5] + 1)}
    source = open_source("sample")
    for frame in source:
        if frame.index in wanted:
            path = root / "sample" / f"img{frame.index}.png"
            cv2.imwrite(str(path), cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR))
        if frame.index > max(wanted):
            break
    source.close()
    for number in range(1, 6):
        cv2.imwrite(
            str(root / "blank" / f"{number}.png"), np.full((240, 240, 3), 90, dtype=np.uint8)
        )
    with (root / "clips.csv").open("w", newline="") as out:
        head = ("subject", "clip", "path", "fps", "onset", "apex", "offset", "emotion")
        rows = [(s, n, f, FPS, on, ap, off, e) for s, n, f, on, ap, off, e in CLIPS]
        csv.writer(out).writerows([head, *rows])
    return root


@pytest.fixture(scope="module")
def cache(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole") / "cache"
    report = prepare(load_dataset("folder", tree), folder)
    assert (report.made, report.kept, report.spotted) == (3, 0, 1)
    return folder


def contents(cache: Path) -> dict[str, bytes]:
    files = (path for path in cache.rglob("*") if path.is_file())
    return {path.relative_to(cache).as_posix(): path.read_bytes() for path in files}


def test_what_is_kept(cache: Path, tree: Path) -> None:
    data = load_dataset("folder", cache, 3)
    assert [clip.id for clip in data.clips] == [
        "folder/ann/up",
        "folder/ann/down",
        "folder/bob/smile",
    ]
    assert [clip.apex for clip in data.clips][::2] == [51, 323]
    assert 211 < (data.clips[1].apex or 0) <= 218  # spotted
    assert len(data.rejected) == 1
    assert "row 5" in data.rejected[0].source
    assert "no face in frame 1 (onset)" in data.rejected[0].reason
    for clip in data.clips:
        with np.load(clip.path, allow_pickle=False) as held:
            assert held["onset_image"].shape == held["apex_image"].shape == (128, 128, 3)
            assert held["onset_image"].dtype == held["apex_image"].dtype == np.uint8
            assert str(held["id"]) == clip.id and int(held["apex"]) == clip.apex
            field = motion_field(held["onset_image"], held["apex_image"], MapConfig())
            assert np.array_equal(motion_map(field, MapConfig()), load_map(clip))
    assert load_maps(data.clips).shape == (3, 28, 28, 3)


def test_the_map_is_that_of_the_stream(cache: Path, tree: Path) -> None:
    """The same frames through tracker and aligner by hand give the same map, byte for byte."""
    config = FaceConfig()
    tracker, aligner = FaceTracker(open_finder(config), config), Aligner(config)
    faces = {}
    for number in range(46, 52):
        image = cv2.cvtColor(cv2.imread(str(tree / f"sample/img{number}.png")), cv2.COLOR_BGR2RGB)
        frame = Frame(number, (number - 46) / FPS, np.asarray(image, dtype=np.uint8))
        faces[number] = aligner.push(frame, tracker.push(frame))[0]
    tracker.close()
    onset = bring_to_anchor(faces[46], faces[51])
    field = motion_field(onset, faces[51].image, MapConfig())
    assert np.array_equal(
        motion_map(field, MapConfig()), load_map(load_dataset("folder", cache).clips[0])
    )


def test_interrupted_and_resumed_equals_uninterrupted(
    cache: Path, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, folder = load_dataset("folder", tree), tmp_path / "cache"
    done: list[str] = []
    real = ClipPreparer.prepare

    def until_the_second(self: ClipPreparer, clip):  # type: ignore[no-untyped-def]
        if len(done) == 1:
            raise KeyboardInterrupt
        done.append(clip.id)
        return real(self, clip)

    monkeypatch.setattr(ClipPreparer, "prepare", until_the_second)
    with pytest.raises(KeyboardInterrupt):
        prepare(data, folder)
    with pytest.raises(SourceNotFoundError, match="is not finished: run mer-train prepare again"):
        load_dataset("folder", folder)
    half = next((folder / "clips").glob("*.npz"))
    (folder / "clips" / ".mer-0123456789ab-torn.tmp").write_bytes(half.read_bytes()[:100])
    written = half.stat().st_mtime_ns

    def note(self: ClipPreparer, clip):  # type: ignore[no-untyped-def]
        done.append(clip.id)
        return real(self, clip)

    monkeypatch.setattr(ClipPreparer, "prepare", note)
    report = prepare(data, folder)
    assert (report.made, report.kept) == (2, 1) and done.count("folder/ann/up") == 1
    assert half.stat().st_mtime_ns == written  # a finished clip is never done again
    assert contents(folder) == contents(cache)


def test_killed_in_the_middle(cache: Path, tree: Path, tmp_path: Path) -> None:
    """SIGKILL as soon as the first clip is there; the same command goes on to the same cache."""
    folder = tmp_path / "cache"
    command = [sys.executable, "-m", "training.cli", "prepare", "--dataset", "folder"]
    command += ["--root", str(tree), "--output", str(folder)]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(folder.glob("clips/*.npz")) and run.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    prepare(load_dataset("folder", tree), folder)
    assert contents(folder) == contents(cache)


@pytest.fixture
def own_cache(cache: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the finished cache to do damage to."""
    folder = tmp_path / "own"
    for name, data in contents(cache).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    yield folder


def test_damaged_and_changed_clips_are_made_again(own_cache: Path, cache: Path, tree: Path) -> None:
    data = load_dataset("folder", tree)
    files = sorted((own_cache / "clips").glob("*.npz"))
    files[0].write_bytes(files[0].read_bytes()[:50])
    files[1].write_bytes(files[2].read_bytes())  # another clip's file
    assert prepare(data, own_cache).made == 2
    assert contents(own_cache) == contents(cache)


def test_other_settings_are_refused(own_cache: Path, tree: Path) -> None:
    data = load_dataset("folder", tree)
    with pytest.raises(
        UsageError, match=r"prepared with preprocessing \w{16}, this run uses \w{16}"
    ):
        prepare(data, own_cache, PrepareConfig(maps=MapConfig(rigid_iterations=9)))
    with pytest.raises(UsageError, match=r"face tracking .* prepare into another folder"):
        prepare(data, own_cache, PrepareConfig(faces=FaceConfig(mesh_interval_s=0.35)))
    settings = (own_cache / "prepared.json").read_text()
    (own_cache / "prepared.json").write_text(settings.replace('"folder"', '"samm"'))
    with pytest.raises(UsageError, match="holds samm, not folder"):
        prepare(data, own_cache)
    (own_cache / "prepared.json").write_text("{")
    with pytest.raises(SourceFormatError, match=r"prepared\.json cannot be read"):
        load_dataset("folder", own_cache)


def test_a_cache_of_other_settings_is_not_loaded(own_cache: Path) -> None:
    path = own_cache / "prepared.json"
    lines = [
        '  "fingerprint": "0123456789abcdef",' if '"fingerprint"' in line else line
        for line in path.read_text().splitlines()
    ]
    path.write_text("\n".join(lines))
    with pytest.raises(UsageError, match="0123456789abcdef, this run uses"):
        load_dataset("folder", own_cache)


def test_faces_may_be_larger(tree: Path, tmp_path: Path) -> None:
    """As the published SelfME takes them; the cache says so, and another size is refused."""
    faces, maps = configs_of(256)
    first = replace(load_dataset("folder", tree), clips=load_dataset("folder", tree).clips[:1])
    prepare(first, tmp_path / "large", PrepareConfig(faces, maps))
    loaded = load_dataset("folder", tmp_path / "large", 3)
    assert load_pairs(loaded.clips).shape == (1, 2, 256, 256, 3)
    with pytest.raises(UsageError, match="was prepared with preprocessing"):
        prepare(first, tmp_path / "large")


def test_other_folders_and_maps_are_refused(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(OutputError, match="holds other files"):
        prepare(load_dataset("folder", tree), tmp_path)
    maps = make_fake(tmp_path / "maps", FakeConfig(subjects=1, clips_per_class=1))
    with pytest.raises(UsageError, match="holds maps already"):
        prepare(maps, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_classes_are_given_when_a_cache_is_loaded(tree: Path, tmp_path: Path) -> None:
    """A cache keeps the emotions as annotated; its classes are those of the loader."""
    rows = [
        casme2_row("01", "EP02_01f", 46, 51, 56, "disgust", 4),
        casme2_row("05", "EP09_05f", 46, 51, 56, "disgust", 4),  # left out of the three classes
        casme2_row("24", "EP10_03", 46, 51, 56, "surprise", 1),  # sadness in 2014
        casme2_row("26", "EP01_01", 46, 51, 56, "others", 1),
    ]
    casme2(tmp_path / "raw", rows)
    for folder in (tmp_path / "raw/CASME2_RAW_selected").glob("sub*/*"):
        for image in folder.iterdir():
            image.write_bytes((tree / "sample" / f"{image.stem}.png").read_bytes())
    whole = load_dataset("casme2", tmp_path / "raw")
    assert prepare(whole, tmp_path / "cache").made == 4
    cached = {c: load_dataset("casme2", tmp_path / "cache", c) for c in (3, 5, "native")}
    for classes, data in cached.items():
        raw = load_dataset("casme2", tmp_path / "raw", classes)
        assert [(c.id, c.emotion) for c in data.clips] == [(c.id, c.emotion) for c in raw.clips]
    assert [len(data.clips) for data in cached.values()] == [1, 4, 4]
    with pytest.raises(UsageError, match="holds no clips of samm, only of casme2"):
        load_dataset("samm", tmp_path / "cache")


def test_nothing_usable(tree: Path, tmp_path: Path) -> None:
    root = tmp_path / "only"
    root.mkdir()
    (root / "blank").symlink_to(tree / "blank")
    lines = (tree / "clips.csv").read_text().splitlines()
    (root / "clips.csv").write_text("\n".join([lines[0], lines[-1]]))
    with pytest.raises(
        SourceFormatError, match=r"no clip could be prepared; .* no face in frame 1"
    ):
        prepare(load_dataset("folder", root), tmp_path / "cache")


def test_clips_inside_a_video(tmp_path: Path) -> None:
    """Frames of a video count from 0 and give the maps of the same frames as images."""
    sample = Path(cli.__file__).parents[2] / "streamer" / "assets" / "sample.mp4"
    (tmp_path / "sample.mp4").symlink_to(sample)
    (tmp_path / "clips.csv").write_text(
        "subject,clip,path,fps,onset,apex,offset,emotion\n"
        "ann,up,sample.mp4,30,4,9,12,surprise\n"
        "ann,late,sample.mp4,30,500,505,509,surprise\n"
    )
    report = prepare(load_dataset("folder", tmp_path), tmp_path / "cache")
    assert report.made == 1
    assert "ends before frame 500 (onset)" in report.rejected[0].reason


def test_the_command(
    own_cache: Path, tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["prepare", "--dataset", "folder", "--root", str(tree), "--output", str(own_cache)]
    monkeypatch.setattr(sys, "argv", ["mer-train", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    out = capsys.readouterr().out
    assert "3 clips" in out and "(3 were there already)" in out and "rejected.csv" in out
    monkeypatch.setattr(sys, "argv", ["mer-train", "datasets"])
    with pytest.raises(SystemExit):
        cli.main()
    assert "megc2019-flow" in capsys.readouterr().out


def test_wrong_pairs_are_kept_beside_the_right_one(cache: Path, tree: Path, tmp_path: Path) -> None:
    data, jitter = load_dataset("folder", tree), Jitter(frames=2, draws=3, seed=5)
    prepare(data, tmp_path / "a", PrepareConfig(jitter=jitter))
    prepare(data, tmp_path / "b", PrepareConfig(jitter=jitter))
    clips = load_dataset("folder", tmp_path / "a", 3).clips
    wrong = load_jittered(clips)
    assert wrong.shape == (3, 3, 2, 128, 128, 3)
    assert np.array_equal(wrong, load_jittered(load_dataset("folder", tmp_path / "b", 3).clips))
    right = load_pairs(clips)
    assert np.array_equal(right, load_pairs(load_dataset("folder", cache, 3).clips))
    assert (wrong != right[:, None]).any(axis=(1, 2, 3, 4, 5)).all()
    with pytest.raises(UsageError, match="jitter 2 frames, 3 draws, seed 5, this run uses none"):
        prepare(data, tmp_path / "a")
    with pytest.raises(SourceFormatError, match="jittered_images"):
        load_jittered(load_dataset("folder", cache, 3).clips)


def test_clips_are_added_to_a_cache_and_stay_there(
    cache: Path, tree: Path, own_cache: Path
) -> None:
    data = load_dataset("folder", tree)
    with pytest.raises(UsageError, match=r"mer-train prepare --clips again into the same cache"):
        load_clips(load_dataset("folder", cache, 3).clips)
    assert prepare(data, own_cache, PrepareConfig(clips=True)).made == 3
    assert prepare(data, own_cache).kept == 3  # one that wants no clips leaves them there
    clips = load_dataset("folder", own_cache, 3).clips
    loaded, pairs = load_clips(clips), load_pairs(clips)
    assert [clip.shape for clip in loaded] == [(11, 128, 128), (8, 128, 128), (11, 128, 128)]
    assert np.array_equal(pairs, load_pairs(load_dataset("folder", cache, 3).clips))
    for clip, pair, frames in zip(clips, pairs, loaded, strict=True):
        for face, at in zip(pair, (0, (clip.apex or 0) - clip.onset), strict=True):
            grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
            assert np.array_equal(grey, frames[at])  # under one transform


def test_flow_maps_have_no_clips(tmp_path: Path) -> None:
    maps = make_fake(tmp_path, FakeConfig(subjects=1, clips_per_class=1))
    with pytest.raises(UsageError, match=r"--clips from .* \(megc2019-flow\) cannot be used"):
        load_clips(maps.clips)


def test_of_a_long_clip_frames_are_taken_evenly() -> None:
    shades = (np.full((8, 8, 3), n, np.uint8) for n in range(201))
    held = (None, 0, np.eye(2, 3, dtype=np.float32), np.zeros((468, 3), np.float32))
    faces = [AlignedFace(n, n / FPS, shade, *held) for n, shade in enumerate(shades)]  # type: ignore[arg-type]
    taken = grey_clip(faces, faces[100], most=5)
    assert taken.shape == (5, 8, 8) and taken[:, 0, 0].tolist() == [0, 50, 100, 150, 200]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ((11, 14), (11, 14)),
        ((8, 99), (10, 14)),  # the nearest there is
        ((13, 12), (13, 14)),  # crossed: the apex is the next frame
        ((14, 14), (13, 14)),  # no frame is left after the last
    ],
)
def test_wrong_frames_by_hand(wanted: tuple[int, int], found: tuple[int, int]) -> None:
    assert place([10, 11, 13, 14], *wanted) == found
