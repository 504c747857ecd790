"""Sources, settings, deviations and the plan: everything before the first step."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamer.core.errors import OutputError, SourceNotFoundError, UsageError
from tests.training.datasets.trees import casme2, casme2_row
from tests.training.reproduce.conftest import make_work
from training.reproduce.deviations import deviations
from training.reproduce.plan import in_words, make_plan, plan_text, span
from training.reproduce.request import Request, make_recipe, source_of
from training.reproduce.sources import check_sources, data_for, digest_clips, load_sources
from training.reproduce.state import open_state
from training.reproduce.steps import RESULTS, Work

LEARNER = Path("motion/learner.safetensors")


def test_which_data_sets_go_together(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no data set is given.*--casme2 CASME II: free for res"):
        check_sources({})
    with pytest.raises(UsageError, match="--folder stands in for every data set"):
        check_sources({"folder": tmp_path, "smic": tmp_path})
    with pytest.raises(UsageError, match=r"--samm only joins.*--casme2"):
        check_sources({"samm": tmp_path})
    assert data_for({"casme2": tmp_path}, "casme2") == "casme2"
    assert data_for({"casme2": tmp_path}, "smic") == ""
    assert data_for({"folder": tmp_path}, "smic") == "folder"


def test_a_missing_data_set_comes_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(
        SourceNotFoundError, match=r"--casme2 .*not a folder.*coding-20140508\.xlsx"
    ):
        load_sources({"casme2": tmp_path / "nowhere"})
    with pytest.raises(SourceNotFoundError, match=r"--smic: .*University of Oulu"):
        load_sources({"smic": tmp_path})
    with pytest.raises(SourceNotFoundError, match=r"--folder: .*mer-train synthetic-set"):
        load_sources({"folder": tmp_path})


def test_only_clips_of_the_three_classes_are_prepared(tmp_path: Path) -> None:
    rows = [
        casme2_row("01", "EP02_01f", 46, 59, 86, "happiness", "12"),
        casme2_row("02", "EP01_11f", 46, 91, 106, "others", "4"),
        casme2_row("05", "EP09_05f", 4, 9, 12, "disgust", "4"),  # left out in MEGC 2019
        casme2_row("24", "EP10_03", 1, 4, 9, "surprise", "1+2"),  # sadness in 2014: no class
    ]
    clips = load_sources({"casme2": casme2(tmp_path, rows)}).clips
    assert [clip.id for clip in clips] == ["casme2/sub01/EP02_01f"]
    assert clips[0].emotion == "happiness"  # its own; the cache is read in three classes


def test_the_digest_follows_the_labels(listed: Path) -> None:
    clips = load_sources({"folder": listed}).clips
    assert digest_clips(clips) == digest_clips(clips[::-1]) != digest_clips(clips[1:])


def test_settings_of_the_presets(tmp_path: Path) -> None:
    small = make_recipe(Request({}, tmp_path, epochs=3), LEARNER)
    assert (small.run.start, small.size_px, small.pretrains) == ("bundled", 128, False)
    assert small.run.training.epochs == small.run.tcae.epochs == 3
    (tmp_path / "clips.csv").touch()
    paper = make_recipe(Request({}, tmp_path, "paper", str(tmp_path)), LEARNER)
    assert (paper.size_px, paper.source, paper.run.start) == (256, "clips", str(LEARNER))
    assert (paper.run.training.epochs, paper.run.training.batch) == (60, 32)
    assert paper.motion.learning_rate == paper.run.fine_tuning.learning_rate == 2e-6
    with pytest.raises(UsageError, match=r"bundled motion learner takes faces of 128.*--pretrain"):
        make_recipe(Request({}, tmp_path, "paper"), LEARNER)
    with pytest.raises(UsageError, match="--preset 'large': choose small or paper"):
        make_recipe(Request({}, tmp_path, "large"), LEARNER)


def test_the_shape_of_the_pre_trained_learner_is_that_of_every_row(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("network: {keypoints: 7}\nbatch: 2\n")
    request = Request({}, tmp_path, pretrain=str(tmp_path), motion_config=tmp_path / "m.yaml")
    recipe = make_recipe(request, LEARNER)
    assert (recipe.source, recipe.motion.batch) == ("portraits", 2)
    assert recipe.run.selfme.learner == recipe.motion.network
    assert recipe.run.selfme.learner.keypoints == 7
    with pytest.raises(SourceNotFoundError, match="--pretrain nowhere is not there: give bundled"):
        source_of("nowhere")
    with pytest.raises(UsageError, match=r"--pretrain .* are held out"):
        make_recipe(Request({"folder": tmp_path}, tmp_path, pretrain=str(tmp_path)), LEARNER)
    (tmp_path / "p.npz").touch()
    assert source_of(str(tmp_path / "p.npz")) == "pairs"


def test_what_differs_from_the_paper_is_said(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").touch()
    request = Request({"casme2": tmp_path.parent / "c"}, tmp_path, "paper", str(tmp_path))
    paper = " ".join(deviations(request, make_recipe(request, LEARNER)))
    assert "pre-trained on clips of a folder (paper: VoxCeleb)" in paper
    assert "ViT" not in paper and "pixels" not in paper and "VGG" not in paper
    request = Request({"folder": tmp_path}, tmp_path, epochs=2)
    small = " ".join(deviations(request, make_recipe(request, LEARNER)))
    assert "SCViT is small, from random weights (paper: ViT-S/16 from ImageNet)" in small
    assert "learns for 2 epochs" in small and "cannot be compared" in small
    assert "Faces of 128 pixels" in small and "pixel-census (paper: VGG-19 features)" in small


def test_the_plan_is_what_the_data_can_feed(listed: Path, tmp_path: Path) -> None:
    whole = make_plan(make_work(listed, tmp_path))
    assert [step.name for step in whole.steps] == ["faces", *RESULTS] and not whole.missing
    part = make_plan(make_work(listed, tmp_path, only=("figure4b",), pretrain=str(tmp_path)))
    assert [step.name for step in part.steps] == ["faces", "pairs", "motion", "figure4b"]
    with pytest.raises(UsageError, match="--only 'table9': choose table1, table2"):
        make_plan(make_work(listed, tmp_path, only=("table9",)))
    held = make_work(listed, tmp_path)
    alone = Work(Request({"casme2": listed}, tmp_path), held.recipe, held.data)
    plan = make_plan(alone)
    assert [step.name for step in plan.steps] == ["faces", "table1", "table2", "table3", "figure5"]
    assert plan.missing == dict.fromkeys(("table4", "figure4a", "figure4b"), "needs --smic")
    only = Work(Request({"casme2": listed}, tmp_path, only=("table4",)), held.recipe, held.data)
    with pytest.raises(UsageError, match="nothing can be run: table4 needs --smic"):
        make_plan(only)


def test_the_plan_says_data_times_and_deviations(listed: Path, tmp_path: Path) -> None:
    work = make_work(listed, tmp_path, only=("table1", "figure5"))
    plan = make_plan(work)
    text = plan_text(work, plan, {"cpu": {"faces": 30.0, "table1": 90.0, "figure5": 60.0}}, ())
    assert "rendered: 9 clips, 3 subjects (3 negative, 3 positive, 3 surprise)" in text
    lines = {line.split()[0]: line for line in text.splitlines() if line}
    assert "2 min" in lines["table1"] and lines["table1"].endswith("not measured")
    assert "3 min" in lines["all"]
    assert "GPU: not measured, as no CUDA device is here" in text and "nothing is assumed" in text
    assert "- SCViT is small" in text
    done = plan_text(work, plan, {"cpu": {"table1": 90.0, "figure5": 30.0}}, ("faces",))
    assert "finished" in next(line for line in done.splitlines() if line.startswith("faces"))


def test_times_in_words() -> None:
    assert [in_words(s) for s in (3.2, 89.0, 120.0, 7200.0, 864000.0)] == [
        *("3 s", "89 s", "2 min", "2.0 h", "10 days")
    ]
    assert span({"a": 1.0}, "a", "b") == "not measured"
    assert span({"a": 1.0, "b": 2.0}, "a", "b") == "3 s"


def test_the_folder_remembers_what_was_finished(tmp_path: Path) -> None:
    state = open_state(tmp_path / "out", {"preset": "small", "seeds": 1})
    with state.timing("faces"):
        pass
    with pytest.raises(KeyboardInterrupt), state.timing("motion"):
        raise KeyboardInterrupt
    again = open_state(tmp_path / "out", {"preset": "small", "seeds": 1})
    assert set(again.finished) == {"faces"} and set(again.seconds) == {"faces", "motion"}
    with pytest.raises(OutputError, match="a reproduction with other seeds: choose another"):
        open_state(tmp_path / "out", {"preset": "small", "seeds": 2})
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.txt").touch()
    with pytest.raises(OutputError, match="holds other files"):
        open_state(tmp_path / "foreign", {})
    (tmp_path / "out" / "reproduce.json").write_text("{")
    with pytest.raises(OutputError, match="cannot be read"):
        open_state(tmp_path / "out", {})
