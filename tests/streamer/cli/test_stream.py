"""The command line on fake sources: outputs, exit codes, sentences instead of tracebacks."""

from __future__ import annotations

import csv
import json
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import streamer.run.in_turn
from streamer.cli.stream import main
from streamer.core.errors import (
    CameraError,
    InternalError,
    MerError,
    ModelError,
    SourceFormatError,
)
from streamer.outputs.events import read_events
from tests.streamer.outputs.fakes import REGIONS, FakePipeline, FakeSource

Run = Callable[..., tuple[int, str, str]]
ONSETS = [0, 30, 60]  # of the fake pipeline in 70 frames; the last is open at the end
COUNTS = "3 events (2 micro, 1 macro; 3 surprise)"


@dataclass
class World:
    """What the fake rooms are told to do, and what they saw."""

    sources: dict[str, FakeSource | MerError] = field(default_factory=dict)
    pipelines: list[FakePipeline] = field(default_factory=list)
    build_error: MerError | None = None
    configs: list[object] = field(default_factory=list)

    def open(self, spec: str, config: object) -> FakeSource:
        source = self.sources.get(spec) or FakeSource(spec, 70)
        if isinstance(source, MerError):
            raise source
        self.sources[spec] = source
        return source

    def build(self, config: object) -> FakePipeline:
        self.configs.append(config)
        if self.build_error is not None:
            raise self.build_error
        self.pipelines.append(FakePipeline())
        return self.pipelines[-1]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World()
    monkeypatch.setattr(streamer.run.in_turn, "open_source", world.open)
    monkeypatch.setattr(streamer.run.in_turn, "build_pipeline", world.build)
    monkeypatch.setattr(streamer.run.in_turn, "REGION_NAMES", REGIONS)
    before = signal.getsignal(signal.SIGTERM)
    yield world
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def run(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    def run(*args: object) -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["mer-stream", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return int(ended.value.code or 0), out, err

    return run


def onsets(path: str | Path) -> list[int]:
    return [event.spot.onset_frame for event in read_events(path)]


def rows_of(path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(Path(path).read_text().splitlines()))


def test_a_pipe_gets_json_lines_and_a_summary_on_stderr(run: Run) -> None:
    code, out, err = run("a.mp4")
    assert code == 0
    records = [json.loads(line) for line in out.splitlines()]
    assert [record["onset_frame"] for record in records] == ONSETS
    assert {record["source"] for record in records} == {"a.mp4"}
    assert "a.mp4: 70 frames" in err and COUNTS in err


def test_a_terminal_gets_readable_lines(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    _, out, _ = run("a.mp4")
    assert out.splitlines()[0].startswith("00:00.167  micro  face 0  surprise 62%")
    _, out, _ = run("a.mp4", "--output", "-")
    assert out.startswith('{"schema"')
    _, out, _ = run("a.mp4", "--output", "e.jsonl")
    assert "micro  face 0" in out and onsets("e.jsonl") == ONSETS
    _, out, _ = run("a.mp4", "--output", "f.jsonl", "--quiet")
    assert out == ""


def test_formats_by_suffix_and_by_option(run: Run) -> None:
    assert run("a.mp4", "-o", "e.jsonl")[:2] == (0, "")
    assert run("a.mp4", "-o", "new/e.csv")[0] == 0
    assert run("a.mp4", "-o", "e.dat", "--format", "csv")[0] == 0
    assert onsets("e.jsonl") == onsets("new/e.csv") == ONSETS
    assert Path("e.dat").read_text() == Path("new/e.csv").read_text()
    assert run("a.mp4", "--format", "csv")[1] == Path("e.dat").read_text()
    assert "00:00.167" in run("a.mp4", "--format", "text")[1]


def test_every_output_of_one_run(run: Run, world: World) -> None:
    code, _, err = run(
        *("-s", "a.mp4", "-o", "e.jsonl", "--signals", "s.csv", "--save-video", "v.mp4"),
        *("--summary", "sum.json", "--progress"),
    )
    assert code == 0
    rows = rows_of("s.csv")
    assert [int(row["frame"]) for row in rows] == list(range(70))
    assert [row["success"] for row in rows[:3]] == ["0", "0", "1"]
    assert Path("v.mp4").stat().st_size > 1000
    assert json.loads(Path("sum.json").read_text())["sources"][0]["frames"] == 70
    assert "a.mp4" in err
    assert world.pipelines[0].closed and world.sources["a.mp4"].closed  # type: ignore[union-attr]


def test_existing_outputs_are_refused_before_any_work(run: Run, world: World) -> None:
    for option, name in [
        ("--output", "e.jsonl"),
        ("--signals", "s.csv"),
        ("--save-video", "v.mp4"),
        ("--summary", "x.json"),
    ]:
        run("a.mp4")  # changes into the folder
        Path(name).write_text("precious")
        world.pipelines.clear()
        code, out, err = run("a.mp4", option, name)
        assert (code, out) == (8, "")
        assert err == f"mer-stream: error: {name} exists already; add --overwrite to replace it.\n"
        assert Path(name).read_text() == "precious" and not world.pipelines
        assert run("a.mp4", option, name, "--overwrite")[0] == 0
        assert Path(name).read_bytes()[:8] != b"precious"


def test_a_source_that_fails_leaves_an_existing_output_alone(run: Run, world: World) -> None:
    run("a.mp4", "-o", "e.jsonl")
    world.sources["bad.mp4"] = SourceFormatError("bad.mp4: no video stream.")
    code, _, err = run("bad.mp4", "-o", "e.jsonl", "--overwrite")
    assert (code, err) == (4, "mer-stream: error: bad.mp4: no video stream.\n")
    assert onsets("e.jsonl") == ONSETS


def test_several_sources_share_the_events_and_one_bad_one_stops_nothing(
    run: Run, world: World
) -> None:
    world.sources["bad.mp4"] = SourceFormatError("bad.mp4: no video stream.")
    code, _, err = run(
        *("a.mp4", "bad.mp4", "b.mp4", "-o", "e.csv", "--signals", "out/"),
        *("--save-video", "out", "--summary", "sum.json"),
    )
    assert code == 4
    events = list(read_events("e.csv"))
    assert [event.source for event in events] == ["a.mp4"] * 3 + ["b.mp4"] * 3
    assert [event.spot.onset_frame for event in events] == ONSETS * 2
    assert sorted(path.name for path in Path("out").iterdir()) == [
        *("a.csv", "a.mp4", "b.csv", "b.mp4"),
    ]
    summaries = json.loads(Path("sum.json").read_text())["sources"]
    assert [(s["source"], s["exit_code"], s["frames"]) for s in summaries] == [
        *(("a.mp4", 0, 70), ("bad.mp4", 4, 0), ("b.mp4", 0, 70)),
    ]
    assert err.count("no video stream") == 1
    assert len(world.pipelines) == 1 and world.pipelines[0].resets == 1


def test_files_of_one_name_in_two_folders_get_two_outputs(run: Run) -> None:
    run("p1/a.mp4", "p2/a.mp4", "--signals", "out")
    assert sorted(path.name for path in Path("out").iterdir()) == ["a-2.csv", "a.csv"]


def test_truncated_source_keeps_its_events_and_says_so(run: Run, world: World) -> None:
    world.sources["a.mp4"] = FakeSource("a.mp4", 70, truncated=True)
    code, out, err = run("a.mp4")
    assert code == 10
    assert len(out.splitlines()) == 3 and "truncated" in err


def test_a_source_lost_on_the_way_keeps_its_events(run: Run, world: World) -> None:
    world.sources["rtsp"] = FakeSource("rtsp", 70, error=CameraError("rtsp://u:pw@h/x: was lost."))
    code, out, err = run("rtsp", "--summary", "sum.json")
    assert code == 6
    assert [json.loads(line)["onset_frame"] for line in out.splitlines()] == ONSETS
    assert "was lost" in err and "pw" not in err
    assert "pw" not in Path("sum.json").read_text()


def test_a_model_error_ends_the_batch(run: Run, world: World) -> None:
    world.build_error = ModelError("m.onnx: other fingerprint.")
    code, _, err = run("a.mp4", "b.mp4", "-o", "e.jsonl")
    assert (code, err) == (7, "mer-stream: error: m.onnx: other fingerprint.\n")
    assert not Path("e.jsonl").exists() and "b.mp4" not in world.sources


def test_micro_only_and_max_seconds(run: Run) -> None:
    _, out, _ = run("a.mp4", "--micro-only")
    assert [json.loads(line)["onset_frame"] for line in out.splitlines()] == [0, 60]
    _, _, err = run("a.mp4", "--max-seconds", "1")
    assert "a.mp4: 30 frames" in err


def test_full_disk_stops_with_a_sentence_and_other_outputs_are_whole(run: Run) -> None:
    code, _, err = run("a.mp4", "-o", "e.jsonl", "--signals", "/dev/full")
    assert code == 8
    assert "/dev/full: the disk is full" in err
    # 70 rows fit into the buffer of the signals, so the disk is found full at the very end.
    assert onsets("e.jsonl") == ONSETS
    code, _, err = run("a.mp4", "-o", "/dev/full", "--signals", "s.csv")
    assert code == 8 and "the disk is full" in err
    rows = rows_of("s.csv")
    assert [int(row["frame"]) for row in rows] == list(range(16))  # up to the first event


@pytest.mark.parametrize(
    ("args", "part"),
    [
        ([], "try: mer-stream sample"),
        (["a.mp4", "--nonsense"], "No such option"),
        (["a.mp4", "--max-faces", "0"], "--max-faces"),
        (["a.mp4", "-o", "e.xyz"], ".csv or .tsv"),
        (["a.mp4", "-o", "e.csv", "--signals", "e.csv"], "name the same file"),
        (["a.mp4", "--signals", "s.txt"], "the suffix must be .csv or .parquet"),
        (["a.mp4", "b.mp4", "--signals", "s.csv"], "several sources need a folder"),
        (["a.mp4", "--summary", "-"], "only --output can be '-'"),
        (["a.mp4", "-o", "e.csv", "--format", "text"], "standard output"),
        (["a.mp4", "--set", "spotter.sensitivity"], "key=value"),
        (["a.mp4", "--set", "spotter.sensitivty=2"], "Did you mean 'spotter.sensitivity'"),
        (["a.mp4", "--set", "faces.max_faces=many"], "whole number"),
        (["a.mp4", "--config", "none.yaml"], "no such configuration file"),
        (["a.mp4", "--explain"], "add --save-video"),
        (["a.mp4", "-o", "e.jsonl", "--csv-dialect", "excel-eu"], "is of CSV files"),
        (["a.mp4", "--redact", "blur"], "give --save-video or --save-clips"),
        (["a.mp4", "--serve-events", "70000"], "--serve-events"),
        (["a.mp4", "--lsl", " "], "printable letters"),
        (["a.mp4", "--quiet", "--verbose"], "choose one of them"),
        (["a.mp4", "--quiet", "--progress"], "choose one of them"),
        (["a.mp4", "--no-recognition", "--model", "m.onnx"], "model has no effect"),
        (["a.mp4", "--no-recognition", "--motion", "dis"], "recognizer.motion has no effect"),
        (["a.mp4", "--no-recognition", "--emotions", "facs"], "recognizer.emotions has no effect"),
        (
            ["a.mp4", "--set", "recognizer.map.aligned_size_px=64"],
            "faces.aligned_size_px sets both",
        ),
    ],
)
def test_usage_errors_are_one_sentence(run: Run, args: list[str], part: str) -> None:
    code, out, err = run(*args)
    assert (code, out) == (2, "")
    assert err.startswith("mer-stream: error: ") and err.count("\n") == 1
    assert part in err


def test_a_file_whose_name_begins_with_a_dash_gets_its_cure(run: Run) -> None:
    run("x")
    assert "begins with a dash" not in run("-dash.mp4")[2]  # there is no such file
    Path("-dash.mp4").write_bytes(b"video")
    code, _, err = run("-dash.mp4")
    assert code == 2 and err.endswith(
        "The file -dash.mp4 begins with a dash: write it as ./-dash.mp4\n"
    )


def test_the_source_file_is_never_an_output(run: Run) -> None:
    run("x")
    Path("a.mp4").write_bytes(b"video")
    code, _, err = run("a.mp4", "--save-video", "./a.mp4", "--overwrite")
    assert code == 2 and "names the source itself" in err
    assert Path("a.mp4").read_bytes() == b"video"


def test_options_beat_set_beats_the_file(run: Run, world: World) -> None:
    run("x")
    Path("c.yaml").write_text(
        "spotter: {sensitivity: 3}\nfaces: {max_faces: 3}\nsource: {fps: 9}\n"
    )
    run(
        *("a.mp4", "--config", "c.yaml", "--set", "faces.max_faces=2", "--set", "source.fps=8"),
        *("--fps", "7", "--set", "spotter_model=bundled", "--spotter", "rule", "--baseline", "0"),
        *("--set", "spotter.baseline_s=4", "--model", "m.onnx"),
    )
    config = world.configs[-1]
    assert config.spotter.sensitivity == 3.0  # type: ignore[attr-defined]
    assert config.faces.max_faces == 2  # type: ignore[attr-defined]
    assert config.source.fps == 7.0  # type: ignore[attr-defined]
    assert config.spotter_model is None and config.model == "m.onnx"  # type: ignore[attr-defined]
    assert config.spotter.baseline_s == 0.0  # type: ignore[attr-defined]
    run("a.mp4", "--no-recognition", "--micro-only")
    config = world.configs[-1]
    assert config.recognise is False and config.kinds == ("micro",)  # type: ignore[attr-defined]


def test_printed_settings_can_be_read_back(run: Run, world: World) -> None:
    code, out, _ = run("--print-config", "--sensitivity", "2")
    assert code == 0 and not world.pipelines
    Path("c.yaml").write_text(out)
    assert run("--print-config", "--config", "c.yaml")[1] == out


def test_an_error_in_the_file_names_the_file(run: Run) -> None:
    run("x")
    Path("c.yaml").write_text("spotter:\n  sensitivty: 2\n")
    code, _, err = run("a.mp4", "--config", "c.yaml")
    assert code == 2
    assert "c.yaml: unknown key 'spotter.sensitivty'. Did you mean 'spotter.sensitivity'?" in err


def test_a_file_name_that_is_no_text_is_written_escaped(run: Run) -> None:
    code, out, _ = run("caf\udce9.mp4", "--summary", "sum.json")
    assert code == 0
    assert json.loads(out.splitlines()[0])["source"] == "caf\udce9.mp4"
    assert run("caf\udce9.mp4", "-o", "e.csv", "--signals", "s.csv", "--format", "csv")[0] == 0
    assert r"caf\udce9.mp4" in Path("e.csv").read_text()


def test_log_file_and_quiet(run: Run, world: World) -> None:
    world.sources["bad"] = SourceFormatError("rtsp://u:pw@h/x: no video.")
    code, _, err = run("bad", "a.mp4", "--quiet", "--log-file", "logs/run.log")
    assert code == 4 and err == "mer-stream: error: rtsp://h/~b3d1db31: no video.\n"
    logged = Path("logs/run.log").read_text()
    assert "no video" in logged and "pw" not in logged


def test_a_fault_in_the_stream_is_an_error_with_a_code(world: World) -> None:
    class Defect(FakeSource):
        def __iter__(self):  # type: ignore[no-untyped-def]
            yield from super().__iter__()
            raise ZeroDivisionError("a defect")

    from streamer.run.recording import run_recording

    taken = []
    with pytest.raises(InternalError, match="ZeroDivisionError: a defect") as caught:
        taken.extend(run_recording(Defect("a.mp4", 20), FakePipeline()))
    assert len(taken) == 21  # what was found before is not lost
    assert caught.value.exit_code == 1
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_events_are_cut_where_the_pictures_broke_off(run: Run, world: World) -> None:
    """The last of the fake pipeline's events is open at the end."""

    def cut(*options: object) -> list[bool]:
        run("a.mp4", "-o", "e.jsonl", "--overwrite", *options)
        return [event.cut for event in read_events("e.jsonl")]

    assert cut() == [False, False, False]
    assert cut("--max-seconds", 1.2) == [False, True]
    world.sources["a.mp4"] = FakeSource("a.mp4", 70, truncated=True)
    assert cut() == [False, False, True]
    world.sources["a.mp4"] = FakeSource("a.mp4", 70, error=CameraError("lost."))
    assert cut() == [False, False, True]


def test_models_are_loaded_before_a_live_source_is_opened(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def build(config: object) -> FakePipeline:
        order.append("load")
        return FakePipeline()

    def open_(spec: str, config: object) -> FakeSource:
        order.append("open")
        return FakeSource(spec, 70)

    monkeypatch.setattr(streamer.run.in_turn, "build_pipeline", build)
    monkeypatch.setattr(streamer.run.in_turn, "warm_up", lambda pipeline: order.append("warm up"))
    monkeypatch.setattr(streamer.run.in_turn, "open_source", open_)
    assert run("rtsp://127.0.0.1/live")[0] == 0
    assert order == ["load", "warm up", "open"]
    order.clear()
    assert run("a.mp4")[0] == 0
    assert order == ["open", "load"]  # a wrong file is refused at once
    order.clear()
    code, _, err = run("gopher://127.0.0.1/live")
    assert (code, order) == (5, []) and "gopher" in err


def test_a_fault_at_one_frame_ends_that_source_alone(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one gets a new pipeline: nobody knows what is left in the old one."""
    build = world.build

    def build_bad_then_good(config: object) -> FakePipeline:
        pipeline = build(config)
        if len(world.pipelines) == 1:
            monkeypatch.setattr(pipeline, "track", lambda frame: [][frame.index])
        return pipeline

    monkeypatch.setattr(streamer.run.in_turn, "build_pipeline", build_bad_then_good)
    code, out, err = run("a.mp4", "b.mp4")
    assert code == 1 and "internal error (IndexError" in err and "broken installation" not in err
    assert {json.loads(line)["source"] for line in out.splitlines()} == {"b.mp4"}
    assert [pipeline.closed for pipeline in world.pipelines] == [True, True]
    assert [pipeline.resets for pipeline in world.pipelines] == [0, 0]
