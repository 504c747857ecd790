"""`mer-train pairs` and `mer-train motion` from end to end, on a tiny network."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import streamer
from benchmarks.motion_errors import report_errors, report_grey
from recognition.motion.selfme.config import GeneratorConfig, HourglassConfig, MotionConfig
from recognition.motion.selfme.weights import load_motion
from streamer.core.errors import ModelError, OutputError, UsageError
from streamer.core.settings import dump_yaml
from streamer.sources import open_source
from tests.training.selfme.test_motion_train import TRAINING, moving_pairs
from training import cli
from training.selfme.motion_clips import MOST_FACES, align_clips
from training.selfme.motion_config import MotionTraining
from training.selfme.motion_run import FACTS, LEARNER, WEIGHTS, MotionRequest, run_motion
from training.selfme.motion_score import face_window, headless, mean_error
from training.synthetic.pairs import PairRange, read_pairs, write_pairs

KNOWN_FACE = Path(streamer.__file__).parent / "assets" / "known_face.jpg"
LARGER = replace(
    TRAINING,
    network=MotionConfig(
        image_size_px=64,
        keypoints=3,
        detector=HourglassConfig(4, 8, 2),
        dense=HourglassConfig(4, 8, 2),
        generator=GeneratorConfig(4, 8, 1, 1),
    ),
    batch=1,
    accumulate=1,
    epochs=1,
)


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "pairs.npz"
    write_pairs(moving_pairs(), path, PairRange())
    return path


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(dump_yaml(replace(TRAINING, epochs=2)))
    return path


def request(data, settings, tmp_path, **more):
    return MotionRequest(data, tmp_path / "run", config=settings, device="cpu", **more)


def test_a_run_leaves_weights_facts_curves_and_settings(data, settings, tmp_path):
    said = run_motion(request(data, settings, tmp_path, validation=data))
    folder = tmp_path / "run"
    assert "12 pairs" in said and "px" in said
    facts = json.loads((folder / FACTS).read_text())
    assert facts["pairs"] == 12
    assert facts["validation_px"] > 0.0
    assert set(facts["sha256"]) == {WEIGHTS}
    for name in ("loss.csv", "loss.png", WEIGHTS, LEARNER):
        assert (folder / name).is_file()
    first = load_motion(folder / LEARNER).state_dict()
    run_motion(request(data, folder / "config.yaml", tmp_path))  # nothing left to do
    again = load_motion(folder / LEARNER).state_dict()
    assert all(torch.equal(again[name], first[name]) for name in first)


def test_training_goes_on_from_weights(data, settings, tmp_path):
    run_motion(request(data, settings, tmp_path))
    first = tmp_path / "run" / LEARNER
    further = replace(request(data, settings, tmp_path, start=first), output=tmp_path / "more")
    run_motion(further)
    before, after = (load_motion(f).state_dict() for f in (first, further.output / LEARNER))
    name = "detector.head.weight"
    step = (after[name] - before[name]).abs().max()
    assert 0.0 < step < 0.05
    other = replace(TRAINING, network=replace(TRAINING.network, keypoints=4))
    settings.write_text(dump_yaml(other))
    with pytest.raises(ModelError, match="another network"):
        run_motion(replace(further, output=tmp_path / "third"))


def test_wrong_requests_say_what_to_do(data, tmp_path):
    with pytest.raises(UsageError, match="paper, small, small-truth"):
        run_motion(MotionRequest(data, tmp_path / "run", preset="large"))
    with pytest.raises(UsageError, match="32 pixels, the network takes 256"):
        run_motion(MotionRequest(data, tmp_path / "run"))
    with pytest.raises(UsageError, match="--dataset"):
        run_motion(MotionRequest(tmp_path, tmp_path / "run", preset="small"))


def test_paper_settings_without_vgg_are_a_clear_error(data, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))
    small = replace(MotionTraining(), network=TRAINING.network)
    path = tmp_path / "paper.yaml"
    path.write_text(dump_yaml(small))
    with pytest.raises(ModelError, match="weights of VGG-19"):
        run_motion(request(data, path, tmp_path))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Two movements of the bundled recording, as images in the folder format."""
    root = tmp_path_factory.mktemp("tree")
    (root / "sample").mkdir()
    clips = (("ann", "up", 40, 51, 62), ("bob", "smile", 317, 323, 327))
    wanted = {n for clip in clips for n in range(clip[2], clip[4] + 1)}
    for frame in open_source("sample"):
        if frame.index in wanted:
            picture = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(root / "sample" / f"img{frame.index}.png"), picture)
        if frame.index > max(wanted):
            break
    rows = [f"{s},{c},sample,30,{a},{b},{d},surprise" for s, c, a, b, d in clips]
    header = "subject,clip,path,fps,onset,apex,offset,emotion"
    (root / "clips.csv").write_text("\n".join([header, *rows]) + "\n")
    return root


def test_clips_become_stacks_of_aligned_faces(tree, tmp_path):
    stacks = align_clips("folder", tree, tmp_path, 64)
    first = next(stack for stack in stacks if stack.name.endswith("up"))
    assert first.faces.shape[1:] == (64, 64, 3)
    assert MOST_FACES <= len(first.faces) <= MOST_FACES + 1
    assert first.apex_s == pytest.approx(11 / 30)
    assert np.abs(first.time_s - first.apex_s).min() < 1e-9  # the apex frame is among them
    again = align_clips("folder", tree, tmp_path, 64)
    for stack, held in zip(stacks, again, strict=True):
        np.testing.assert_array_equal(stack.faces, held.faces)


def test_motion_is_learnt_from_a_data_set(tree, tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(dump_yaml(LARGER))
    said = run_motion(
        MotionRequest(tree, tmp_path / "run", dataset="folder", config=path, device="cpu")
    )
    assert "2 pairs" in said


def test_pairs_on_the_command_line(tmp_path):
    path = tmp_path / "pairs.npz"
    options = [str(KNOWN_FACE), "--output", str(path), "--count", "2", "--variants", "2"]
    done = CliRunner().invoke(cli.app, ["pairs", *options], catch_exceptions=False)
    assert "2 pairs of 1 people (2 faces)" in done.stdout
    assert len(read_pairs(path)) == 2
    with pytest.raises(OutputError, match="--overwrite"):
        CliRunner().invoke(cli.app, ["pairs", *options], catch_exceptions=False)


def test_end_point_error_by_hand():
    """Off by (3, 4) in one half of the face window and right in the other; then half is unknown."""
    truth = np.zeros((128, 128, 2), dtype=np.float32)
    found, known = truth.copy(), np.ones((128, 128), dtype=np.bool_)
    rows, columns = face_window_of(128)
    middle = (rows.start + rows.stop) // 2
    found[:middle] = (3.0, 4.0)
    share = (middle - rows.start) / (rows.stop - rows.start)
    assert mean_error(found, truth, known) == pytest.approx(5.0 * share)
    known[:middle] = False
    assert mean_error(found, truth, known) == 0.0
    assert columns.stop <= 128


def face_window_of(size):
    from recognition.config import MapConfig

    return face_window(MapConfig(aligned_size_px=size))


def test_a_shifted_face_has_no_expression():
    shift = np.full((128, 128, 2), 1.5, dtype=np.float32)
    assert np.abs(headless(shift)).max() < 0.01


def test_report_names_every_method_and_range(data):
    pairs = read_pairs(data)
    wide = {"onset": pairs.onset, "apex": pairs.apex, "motion": pairs.motion}
    large = {k: np.kron(v, np.ones((1, 4, 4, 1), v.dtype)) for k, v in wide.items()}
    large["motion"] = (large["motion"] * 4).astype(np.float16)
    known = np.ones(large["onset"].shape[:3], dtype=np.bool_)
    pairs = replace(pairs, known=known, **large).part(np.arange(2))
    report = report_errors(pairs, ["dis"])
    assert list(report) == ["nothing", "dis"]
    assert report["dis"]["whole_px"] < report["nothing"]["whole_px"]
    assert list(report["dis"]["expression_px_by_strength_iod"]) == ["0.02-0.04"]
    assert report_grey(pairs, ["dis"], None)["dis"] == 0.0  # it sees grey in any case
