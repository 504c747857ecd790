"""The benchmark over synthetic recordings and over trees like the licensed sets."""

import csv
import json

import cv2
import pytest
from typer.testing import CliRunner

from spotting.config import SpotterConfig
from streamer.core.errors import UsageError
from streamer.run.build import stream
from streamer.run.config import StreamConfig
from tests.training.datasets.test_long_videos import SAMM_LV_HEAD
from tests.training.datasets.trees import workbook
from training.cli import app
from training.spotting import run as running
from training.spotting.observation import Observation
from training.spotting.observe import observe
from training.spotting.run import SpotRequest, run_spot
from training.spotting.score_spots import ScoreRequest, score_files
from training.spotting.sets import load_set


@pytest.fixture(scope="module")
def done(small_set, tmp_path_factory):
    output = tmp_path_factory.mktemp("run")
    return output, run_spot(SpotRequest("synthetic", small_set, output), StreamConfig())


def test_what_a_run_leaves(done, small_set):
    output, results = done
    assert results["recordings"] == 3 and results["frames"] == 810
    assert results["recordings_without_truth"] >= 1
    assert results["face_share"] > 0.9
    rule = results["spotters"]["rule"]
    assert rule["overall"]["tp"] + rule["overall"]["fn"] == len(
        load_set("synthetic", small_set).truth
    )
    assert set(rule["recall_by_strength_iod"]) == {"0.05"}
    assert rule["wall_ms_per_frame"] > 0
    assert "| rule |" in (output / "table.md").read_text()
    assert len(list((output / "plots").glob("*.png"))) == 3


def test_predictions_are_the_events_of_the_stream(done, small_set):
    """No batch variant: the benchmark says what `mer-stream` says of the same file."""
    output, _ = done
    name = "someone_30fps_expressions.mp4"
    rows = [
        r for r in csv.DictReader((output / "predictions_rule.csv").open()) if r["video"] == name
    ]
    events = list(stream(small_set / name))
    assert [(int(r["onset"]), int(r["apex"]), int(r["offset"]), r["emotion"]) for r in rows] == [
        (e.spot.onset_frame, e.spot.apex_frame, e.spot.offset_frame, e.recognition.emotion)
        for e in events
    ]


def test_score_spots_agrees_with_the_run(done, small_set):
    output, results = done
    facts = score_files(
        ScoreRequest(
            small_set / "truth.csv", output / "predictions_rule.csv", small_set / "videos.csv"
        )
    )
    assert facts["warnings"] == []
    for kind in ("micro", "macro", "overall"):
        assert facts[kind] == results["spotters"]["rule"][kind]


def test_a_stopped_run_goes_on(done, small_set, monkeypatch):
    output, results = done
    lost = sorted((output / "videos").glob("*.json"))[0]
    lost.write_text("{")  # killed while writing elsewhere
    seen = []
    attempt = running._attempt
    monkeypatch.setattr(running, "_attempt", lambda r, **a: seen.append(r.name) or attempt(r, **a))
    again = run_spot(SpotRequest("synthetic", small_set, output, plots=False), StreamConfig())
    assert len(seen) == 1
    assert again["spotters"]["rule"]["overall"] == results["spotters"]["rule"]["overall"]


def test_a_run_folder_is_of_one_configuration(done, small_set):
    output, _ = done
    with pytest.raises(UsageError, match="other settings"):
        run_spot(SpotRequest("synthetic", small_set, output), StreamConfig(recognise=False))
    with pytest.raises(UsageError, match="choose among rule, learned"):
        run_spot(SpotRequest("synthetic", small_set, output, "rule,x"), StreamConfig())


def test_a_learned_spotter_runs_beside_the_rule(small_set, tmp_path):
    torch = pytest.importorskip("torch")
    from spotting.micro.calibration import Calibration
    from spotting.micro.learned_network import save_net
    from spotting.micro.learned_ticks import RATE_HZ
    from training.spotting.learning.net import CausalTcn, export_nets

    torch.manual_seed(0)
    settings = {"delay_s": 0.45, "rate_hz": RATE_HZ, **Calibration(-3.0, 1.0, 1.0).settings()}
    save_net(export_nets([CausalTcn().eval()], settings), tmp_path / "net.npz")
    command = ["spot", "--dataset", "synthetic", "--root", str(small_set), "--no-plots"]
    command += ["--spotter", "learned,rule", "--set", "recognise=false"]
    command += ["--output", str(tmp_path / "out")]
    model = ["--spotter-model", str(tmp_path / "net.npz")]
    assert CliRunner().invoke(app, [*command, *model]).exit_code == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert set(results["spotters"]) == {"learned", "rule"}
    config = StreamConfig(recognise=False, spotter_model=str(tmp_path / "net.npz"))
    name = "someone_30fps_disturbed.mp4"
    rows = csv.DictReader((tmp_path / "out" / "predictions_learned.csv").open())
    expected = [(e.spot.kind, e.spot.onset_frame) for e in stream(small_set / name, config)]
    assert [(r["kind"], int(r["onset"])) for r in rows if r["video"] == name] == expected


def test_a_baseline_has_spots_and_the_motions_are_measured_all_the_same(small_set):
    """It is no part of a pipeline: there is a motion for every face with or without a spotter."""
    recording = load_set("synthetic", small_set).recordings[0]
    config = StreamConfig(recognise=False)
    alone = observe(recording, ("mdmd",), config)
    beside = observe(recording, ("mdmd", "rule"), config)
    assert alone.runs["mdmd"].found == beside.runs["mdmd"].found != ()
    assert len(alone.curve) == alone.face_frames > 0
    assert (alone.curve, alone.gated) == (beside.curve, beside.gated)
    assert set(alone.runs) == {"mdmd"} and alone.runs["mdmd"].wall_s > 0.0


def test_a_setting_that_only_the_rule_knows_is_refused_for_the_learned_one(small_set):
    config = StreamConfig(spotter=SpotterConfig(low_latency=True))
    with pytest.raises(UsageError, match=r"learned: spotter\.low_latency has no effect"):
        observe(load_set("synthetic", small_set).recordings[0], ("rule", "learned"), config)


def test_observations_survive_json(done):
    output, _ = done
    for path in (output / "videos").glob("*.json"):
        facts = json.loads(path.read_text())
        assert json.loads(json.dumps(Observation.from_json(facts).to_json())) == facts


def samm_lv_tree(root, video):
    """Two videos in frames, one of them with movements, one with none."""
    notes = [[f"note {number}"] for number in range(9)]
    rows = [
        ["006", "006_1_1", 1, 20, 25, 30, 11, "Micro - 1/2", "4", None],
        ["006", "006_1_2", 1, 40, 45, 60, 21, "Macro", "12", None],
    ]
    workbook(
        root / "SAMM_LongVideos_V2_Release.xlsx",
        {"FACS_Movement_Only": [*notes, SAMM_LV_HEAD, *rows]},
    )
    frames = [cv2.cvtColor(f.image, cv2.COLOR_RGB2BGR) for f in video.frames()][:60]
    for name in ("006_1", "007_2"):
        folder = root / "SAMM_longvideos" / name
        folder.mkdir(parents=True)
        for number, image in enumerate(frames, start=1):
            cv2.imwrite(str(folder / f"{name}_{number:04d}.jpg"), image)
    (folder / f"{name}_0005.jpg").write_text("damaged")
    return root


def test_a_licensed_set(small_set, tmp_path):
    video = load_set("synthetic", small_set).recordings[0]
    root = samm_lv_tree(tmp_path / "lv", video)
    command = ["spot", "--dataset", "samm-lv", "--root", str(root), "--set", "recognise=false"]
    result = CliRunner().invoke(app, [*command, "--output", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["recordings"] == 1 and results["frames"] == 60
    assert results["failed"][0]["video"] == "007_2"
    assert "007_2_0005.jpg cannot be read" in results["failed"][0]["reason"]
    assert (results["true_micro"], results["true_macro"]) == (1, 1)
    observed = json.loads((tmp_path / "out" / "videos" / "006_1.json").read_text())
    assert observed["first_frame"] == 1
    assert "| SOFTNet 2021, as printed | .217 | .152 | .188 |" in result.stdout
