"""The reliability run can fail: every kind of broken promise is flagged; seeds reproduce."""

from __future__ import annotations

import io
import itertools
import json
import random
import re
import signal
import socket
import sys
import time
from pathlib import Path

import av
import pytest

from benchmarks import mutants
from benchmarks.reliability import __main__ as command
from benchmarks.reliability import faults, media, names, page, settings, soak, urls
from benchmarks.reliability.__main__ import fails
from benchmarks.reliability.camera import Camera, Sent, Window
from benchmarks.reliability.fault import Fault, Measured
from benchmarks.reliability.film import FPS, LOOP_FRAMES, LOOP_S, film, truths
from benchmarks.reliability.forks import ForkPool, Request, fork_pool
from benchmarks.reliability.live_run import Arrival, LiveRun, Usage
from benchmarks.reliability.matching import away_from_faults, expected_events, match_events
from benchmarks.reliability.outcome import Outcome, PartResult, count_by
from benchmarks.reliability.process import run_process
from benchmarks.reliability.promises import (
    ROOT,
    Ended,
    broken_promises,
    documented_codes,
    raw_on_terminal,
)
from benchmarks.reliability.proofs import PROOFS
from benchmarks.reliability.watching import Watched, check_run

WELL = Ended(0, b"", b"", 1.0)


@pytest.fixture(scope="module")
def pool():
    with fork_pool(1) as running:
        yield running


def snippet(pool: ForkPool, text: str, **more: float) -> Ended:
    return pool.run(Request((text,), "/", "python", **more))  # type: ignore[arg-type]


def test_documented_codes_are_those_of_the_page_without_defects() -> None:
    assert {0, 2, 8, 10, 130, 141} <= documented_codes() and 1 not in documented_codes()


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (Ended(-11, b"", b"", 1.0), "signal 11"),
        (Ended(1, b"", b"boom", 1.0), "exit code 1: boom"),
        (Ended(77, b"", b"", 1.0), "exit code 77"),
        (Ended(0, b"", b"Traceback (most recent call last):\nX: y", 1.0), "traceback: X: y"),
        (Ended(2, b"Fatal Python error: Aborted", b"", 1.0), "traceback"),
        (Ended(-9, b"", b"", 30.0, timed_out=True), "did not end within 30 s"),
        (Ended(0, b"", b"", 1.0, peak_mb=2000), "2000 MB of memory"),
    ],
)
def test_each_broken_promise_is_named(ended: Ended, words: str) -> None:
    assert words in " ".join(broken_promises(ended))


def test_a_good_run_breaks_nothing_and_codes_can_be_narrowed() -> None:
    assert broken_promises(WELL) == ()
    assert broken_promises(WELL, {2}) != ()


@pytest.mark.parametrize("raw", [b"\x1b[2J", b"\x07", b"a\x00b", b"\x7f", b"\xc2\x9b31m"])
def test_control_characters_are_seen_and_letters_are_not(raw: bytes) -> None:
    assert raw_on_terminal(raw)
    assert raw_on_terminal("Ünïcode → ok\t12%\r\n".encode()) == ()
    assert raw_on_terminal(b"\x1b[A\x1b[A", b"\x1b[A") == ()
    assert "U+202E" in raw_on_terminal("\u202egnp".encode())[0]


def test_a_hanging_process_is_ended_with_its_children(tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > '{tmp_path / 'child'}'; wait"
    ended = run_process(["sh", "-c", script], timeout_s=2.0)
    assert ended.timed_out and broken_promises(ended)[0].startswith("did not end")
    child = int((tmp_path / "child").read_text())
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s and _runs(child):
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_forks_show_codes_crashes_hangs_tracebacks_and_memory(pool: ForkPool) -> None:
    assert pool.run(Request(("--version",), "/")).stdout.startswith(b"mer-stream")
    assert snippet(pool, "import os; os._exit(7)").code == 7
    crashed = snippet(pool, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert crashed.code == -signal.SIGSEGV
    raised = snippet(pool, "1 / 0")
    assert raised.code == 1 and "traceback" in " ".join(broken_promises(raised))
    assert snippet(pool, "import time; time.sleep(60)", timeout_s=0.5).timed_out
    large = snippet(pool, "data = b'x' * 400_000_000", memory_mb=300.0)
    assert "MB of memory" in " ".join(broken_promises(large, {0}, 300.0))
    assert snippet(pool, "print('next')").stdout == b"next\n"  # nothing of those before


def test_a_secret_is_found_wherever_it_is(tmp_path: Path) -> None:
    case = urls.UrlCase("rtsp://ann:Sabc123@h/", ("Sabc123",))
    (tmp_path / "signals").mkdir()
    (tmp_path / "e.jsonl").touch()
    clean = urls.judge_url(WELL, case, tmp_path)
    assert clean.broken == ()
    assert urls.judge_url(Ended(3, b"Sabc123", b"", 1.0), case, tmp_path).broken
    assert urls.judge_url(Ended(3, b"", b"...sABC123", 1.0), case, tmp_path).broken
    (tmp_path / "signals" / "live-Sabc123.csv").touch()
    assert "name of a file" in urls.judge_url(WELL, case, tmp_path).broken[0]
    (tmp_path / "signals" / "live-Sabc123.csv").unlink()
    (tmp_path / "run.log").write_text("opened http://h/?t=Sabc123")
    assert "*.log" in urls.judge_url(WELL, case, tmp_path).broken[0]


def test_cases_come_from_the_seed() -> None:
    def of(seed: int) -> list[str]:
        cases = urls.url_cases(seed, ("h:1", "h:2"))
        return [next(cases).url for _ in range(150)]

    assert of(3) == of(3) != of(4)
    for case, _ in zip(urls.url_cases(0, ("h:1",)), range(80), strict=False):
        assert any(secret in case.url for secret in case.secrets), case


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (Ended(2, b"", b"mer-stream: error: a\nb\n", 1.0), "2 lines"),
        (Ended(0, b"", b"", 1.0), "exit code 0"),
        (Ended(2, b"", b"x" * 5000, 1.0), "5000 characters"),
        (Ended(2, b"", b"mer-stream: error: \x1b[31m\n", 1.0), "raw"),
    ],
)
def test_complaints_are_one_short_sentence(ended: Ended, words: str) -> None:
    case = settings.SettingsCase("odd", ("--set", "a=b"), settings.REFUSED)
    assert words in " ".join(settings.judge_settings(ended, case).broken)
    good = Ended(2, b"", b"mer-stream: error: no.\n", 1.0)
    assert settings.judge_settings(good, case).broken == ()


def test_random_settings_come_from_the_seed(tmp_path: Path) -> None:
    def of(seed: int) -> list[str]:
        cases = settings.seeded_cases(seed, tmp_path)
        return [next(cases).name for _ in range(40)]

    assert of(1) == of(1) != of(2)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("e.jsonl", b'{"a": 1}\n{"a":', "malformed"),
        ("e.json", b"{", "malformed"),
        ("e.csv", b"a,b\n=1+1|x,2\n", "formula"),
        ("e.csv", b"a,b\n1\n", "different length"),
        ("e.csv", b"a\n\xff\n", "malformed"),
        ("e.eaf", b"<a><b></a>", "malformed"),
        ("e.vtt", b"00:01", "first line"),
        ("e.xlsx", b"no zip", "malformed"),
        ("e.parquet", b"PAR1", "malformed"),
        ("index.html", b"<td><img src=x onerror=alert(1)>", "markup"),
        ("run.log", b"a\x1b[2J\n", "log: raw"),
    ],
)
def test_malformed_outputs_are_seen(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert words in " ".join(names.malformed(tmp_path))
    (tmp_path / name).unlink()
    (tmp_path / "fine.csv").write_bytes(b'a,b\n-1.5,"x\ny"\n')
    assert list(names.malformed(tmp_path)) == []


def test_files_outside_of_the_output_are_seen(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert list(names._strays(tmp_path, {"out"})) == []
    (tmp_path / "evil.mp4").touch()
    (tmp_path / "out" / "link").symlink_to("/etc")
    assert len(list(names._strays(tmp_path, {"out"}))) == 2


def test_what_a_terminal_was_given_is_kept(tmp_path: Path) -> None:
    script = "import sys; sys.stderr.write('\\x1b[2J'); assert sys.stderr.isatty()"
    ended = names.run_on_terminal((sys.executable, "-c", script), tmp_path, 20.0)
    assert ended.code == 0 and raw_on_terminal(ended.stderr)


def _mutant(tmp_path: Path) -> media.Mutant:
    return media.Mutant(0, "mp4", tmp_path / "x.mp4", 20, True)


@pytest.mark.parametrize(
    ("frames", "truncated", "code", "words"),
    [
        (19, False, 0, "19 of 20 frames with exit code 0"),
        (20, True, 0, "truncated: True, but exit code 0"),
        (20, False, 10, "truncated: False"),
        (5, True, 10, ""),
        (20, False, 0, ""),
    ],
)
def test_frames_lost_silently_are_seen(
    tmp_path: Path, frames: int, truncated: bool, code: int, words: str
) -> None:
    summary, events = tmp_path / "s.json", tmp_path / "e.jsonl"
    summary.write_text(json.dumps({"sources": [{"frames": frames, "truncated": truncated}]}))
    events.touch()
    ended = Ended(code, b"", b"", 1.0)
    found = media.judge_command(ended, _mutant(tmp_path), summary, events, 1000, "again")
    assert (words in " ".join(found.broken)) and bool(found.broken) == bool(words)


def test_a_verdict_of_the_reader_counts(tmp_path: Path) -> None:
    def judged(kind: str) -> Outcome:
        facts = {"kind": kind, "frames": 3, "declared": 20, "sentence": "", "exit_code": 0}
        ended = Ended(0, json.dumps(facts).encode(), b"", 1.0)
        return media.judge_reading(ended, _mutant(tmp_path), 1000, "again")

    assert judged("silent").broken and judged("defect").broken
    assert not judged("whole").broken and not judged("reported").broken
    crashed = media.judge_reading(Ended(-11, b"", b"", 1.0), _mutant(tmp_path), 1000, "")
    assert crashed.broken and crashed.facts["kind"] == "crash"


@pytest.fixture
def few_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two containers; all twenty are read in tests/streamer/sources/test_mutants.py."""

    def make_clips(folder: Path) -> dict[str, Path]:
        return {name: mutants._write(folder / f"clip.{name}", name) for name in ("mp4", "mkv")}

    monkeypatch.setattr(media, "make_clips", make_clips)


def test_mutants_come_from_the_seed(few_clips: None, tmp_path: Path) -> None:
    plan = media.MediaPlan(count=8, command_every=0, processes=1)

    def of(seed: int, name: str) -> list[tuple[str, str]]:
        (tmp_path / name).mkdir()
        found = media.check_media(plan, seed, tmp_path / name)
        assert found.facts["mutants"] == 8 and found.facts["through_mer_stream"] == 0
        return [(o.case, o.facts["kind"]) for o in found.outcomes]

    assert of(5, "a") == of(5, "b")


def sent_frames(until_s: float, missing: tuple[int, ...] = (), split: int = 10**9) -> list[Sent]:
    """All frames on time; `missing` were not sent, from `split` on over a second connection."""
    return [
        Sent(number, 100.0 + number / FPS, 1 + (number >= split), True)
        for number in range(round(until_s * FPS))
        if number not in missing
    ]


def arrival(apex_s: float, emotion: str, late_s: float = 1.1, kind: str = "micro") -> Arrival:
    event = {"kind": kind, "emotion": emotion, "onset_s": apex_s - 0.2, "apex_s": apex_s}
    return Arrival(100.0 + apex_s + late_s, {**event, "emitted_s": apex_s + 1.0})


def test_events_are_matched_lost_and_made_up() -> None:
    expected = expected_events(sent_frames(LOOP_S * 2), LOOP_S * 2, 100.0)
    assert [e.emotion for e in expected] == [t.emotion for t in truths()] * 2
    assert all(e.clean for e in expected)
    arrivals = [arrival(e.apex_s, e.emotion) for e in expected if e is not expected[1]]
    matches, extra = match_events(expected, [*arrivals, arrival(5.0, "surprise")], 100.0)
    assert [m.arrival is None for m in matches] == [False, True, False, False, False, False]
    assert [a.event["apex_s"] for a in extra] == [5.0]
    assert matches[0].latency_s == pytest.approx(1.1, abs=0.02)
    assert away_from_faults(extra, [Window(4.5, 5.5, "lost")], 100.0) == []
    assert away_from_faults(extra, [Window(12.0, 13.0, "lost")], 100.0) == extra


def test_a_movement_that_a_fault_touched_is_not_clean() -> None:
    apex = round(truths()[1].apex_s * FPS)
    for frames in (sent_frames(LOOP_S, missing=(apex - 5,)), sent_frames(LOOP_S, split=apex)):
        clean = [e.clean for e in expected_events(frames, LOOP_S, 100.0)]
        assert clean == [True, False, True]


def watched(**changes: object) -> Watched:
    facts = {
        "ended": Ended(130, b"", b"", 9.0), "summary": {"frames": 3}, "matches": (),
        "made_up": 0, "unexplained": (), "arrivals": (), "zero_wall_s": 0.0, "connections": 1,
    }  # fmt: skip
    return Watched(**(facts | changes))  # type: ignore[arg-type]


def test_a_live_run_is_judged() -> None:
    assert check_run(watched()) == []
    lost, _ = match_events(expected_events(sent_frames(LOOP_S), LOOP_S, 100.0), [], 100.0)
    assert "movements lost" in check_run(watched(matches=tuple(lost)))[0]
    assert "nobody made" in check_run(watched(unexplained=(arrival(3.0, "surprise"),)))[0]
    assert "no summary" in check_run(watched(summary={}))[0]
    assert "exit code 0" in check_run(watched(ended=WELL))[0]


def test_a_run_is_watched_while_it_writes(tmp_path: Path) -> None:
    script = (
        "import json, sys, time\n"
        "with open(sys.argv[3], 'w') as out:\n"
        "    for number in range(3):\n"
        "        out.write(json.dumps({'n': number})); out.flush(); time.sleep(0.2)\n"
        "        out.write('\\n'); out.flush()\n"
        "open(sys.argv[5], 'w').write('{\"sources\": [{\"frames\": 4}]}')\n"
        "time.sleep(0.3); sys.exit(10)"
    )
    with LiveRun("x", tmp_path / "run", (), (sys.executable, "-c", script)) as run:
        time.sleep(0.4)
        usage = run.usage()
        ended = run.finish(20.0)
    assert usage is not None and usage.rss_mb > 1 and usage.threads == 1
    assert ended.code == 10 and run.summary() == {"frames": 4}
    assert [a.event["n"] for a in run.arrivals] == [0, 1, 2]
    assert run.arrivals[-1].wall_s - run.arrivals[0].wall_s > 0.2  # noted as they came


def ask(camera: Camera) -> socket.socket:
    viewer = socket.create_connection(("127.0.0.1", camera.port), timeout=60)
    viewer.sendall(b"GET /live HTTP/1.1\r\n\r\n")
    return viewer


def test_the_camera_plays_in_real_time_and_fails_by_timetable() -> None:
    with Camera([Window(0.6, 1.4, "lost"), Window(1.4, 2.4, "404")], film("mpegts")) as camera:
        viewer, data = ask(camera), b""
        with pytest.raises(ConnectionResetError):
            while True:
                data += viewer.recv(65536)
        assert b"video/mp2t" in data and 0.3 < len(camera.sent) / FPS < 1.2
        while camera.time_s < 0.9:
            time.sleep(0.02)
        with pytest.raises(ConnectionError):
            ask(camera)
        while camera.time_s < 1.5:
            time.sleep(0.02)
        assert b"404" in ask(camera).recv(100)
        while camera.time_s < 2.5:
            time.sleep(0.02)
        again = ask(camera)
        while len({sent.connection for sent in camera.sent}) < 2 and camera.time_s < 20:
            again.recv(65536)
        resumed = next(sent for sent in camera.sent if sent.connection == 2)
        assert resumed.frame / FPS >= 2.3  # the picture went on meanwhile


def test_packets_are_lost_whole_and_the_frame_is_not_clean() -> None:
    camera = Camera(film=film("mpegts"), seed=1)
    with camera:
        data = bytes(188 * 40)
        fewer = camera._damage(data, "loss")
        assert len(fewer) % 188 == 0 and 0.5 < len(fewer) / len(data) < 0.9
        assert camera._damage(data, "") is data


def test_the_film_goes_round_with_rising_times() -> None:
    feed, data = film("mpegts").feed(LOOP_FRAMES - 30), b""
    for number, chunk in feed:
        data += chunk
        if number == LOOP_FRAMES + 30:
            break
    feed.close()
    with av.open(io.BytesIO(data)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert len(times) >= 59 and times == sorted(set(times))


def usages(slope_mb_h: float, count: int = 50) -> list[Usage]:
    chance = random.Random(0)
    return [
        Usage(60.0 * i, 300 + slope_mb_h * i / 60 + chance.uniform(-0.1, 0.1), 10, 8, 12.0 * i)
        for i in range(count)
    ]


def test_slopes_and_growth() -> None:
    assert soak.slope_per_hour(usages(120.0), "rss_mb") == pytest.approx(120.0, rel=0.01)
    assert soak.slope_per_hour(usages(0.0), "threads") == pytest.approx(0.0)
    assert soak.growth(usages(120.0), "rss_mb") > 40
    assert soak._cpu_share(usages(0.0)) == pytest.approx(0.2)


def soak_facts(**changes: object) -> dict[str, object]:
    facts: dict[str, object] = {
        "growth": {"rss_mb": 1.0, "descriptors": 0.0, "threads": 0.0},
        "events": {
            "clean_expected": 60, "clean_found": 60, "expected": 100, "found": 80, "made_up": 3,
            "unexplained": 0,
        },
        "latency_s": {"p95": 1.2},
    }  # fmt: skip
    return facts | changes


def test_the_long_run_can_fail() -> None:
    limits = soak.SoakLimits()
    assert soak.judge_soak(soak_facts(), limits) == []
    leak = {"rss_mb": 1.0, "descriptors": 50.0, "threads": 0.0}
    assert "descriptors grew" in soak.judge_soak(soak_facts(growth=leak), limits)[0]
    events = dict(soak_facts()["events"]) | {"clean_found": 50}  # type: ignore[call-overload]
    assert "10 of 60" in soak.judge_soak(soak_facts(events=events), limits)[0]
    assert soak.judge_soak(soak_facts(latency_s={"p95": 9.0}), limits)
    assert soak.judge_soak(soak_facts(latency_s={}), limits) == []


def test_faults_of_the_long_run_come_from_the_seed() -> None:
    one = soak.random_faults(3600, 4, (8.0, 40.0))
    assert one == soak.random_faults(3600, 4, (8.0, 40.0)) != soak.random_faults(3600, 5, (8, 40))
    assert len(one) > 100 and {w.kind for w in one} >= {"lost", "silent", "404", "garbage"}
    assert all(a.end_s + 8 <= b.start_s + 0.02 for a, b in itertools.pairwise(one))


def test_a_row_that_breaks_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(folder: Path, seed: int) -> Measured:
        raise OSError("no network here")

    rows = [
        Fault("one", "p", fails, live=False),
        Fault("two", "p", lambda folder, seed: Measured((), "fine", 0, 3), live=False),
    ]
    monkeypatch.setattr(faults, "all_faults", lambda: rows)
    found = faults.check_faults(tmp_path / "f", 0)
    assert [bool(o.broken) for o in found.outcomes] == [True, False]
    assert "no network here" in found.outcomes[0].broken[0]
    shown = page.matrix(_result({"faults": found}))
    assert "| one | p | **not held**: could not be tried |" in shown
    assert "| two | p | fine | 0 of 3 |" in shown


def test_rows_have_names_of_their_own_and_tests_that_exist() -> None:
    rows = faults.all_faults()
    assert len({row.name for row in rows}) == len(rows) > 25
    assert PROOFS.keys() <= {row.name for row in rows}
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    there = set(re.findall(r"^\s*def (test_\w+)", "\n".join(texts), re.MULTILINE))
    assert {name for tests in PROOFS.values() for name in tests} <= there


def _result(parts: dict[str, PartResult]) -> dict[str, object]:
    return {
        "command": "c", "date": "2026-01-02", "machine": "m", "seed": 0,
        "parts": {name: part.to_json() for name, part in parts.items()},
    }  # fmt: skip


def test_the_page_is_written_between_its_markers(tmp_path: Path) -> None:
    facts = soak._figures([], {}, usages(0.0), [Window(1.0, 2.0, "lost")], 3600.0)
    facts["events"] |= {"made_up": 0, "unexplained": 0}
    outcomes = (Outcome("soak"),)
    figures = media._figures([], media.MediaPlan())
    parts = {
        "media": PartResult("media", (), figures),
        "soak": PartResult("soak", outcomes, facts, 3.0),
    }
    docs = tmp_path / "reliability.md"
    sections = ("overview", "faults", "media", "soak")
    docs.write_text("".join(f"<!-- {n}:begin -->\nold\n<!-- {n}:end -->\nkept\n" for n in sections))
    assert page.write_page(_result(parts), docs) == ["overview", "media", "soak"]
    text = docs.read_text()
    assert text.count("kept") == 4 and text.count("old") == 1  # the faults are not in the result
    assert "0.00 per hour" in text and (tmp_path / page.PLOT).stat().st_size > 10_000
    assert json.loads(docs.with_suffix(".json").read_text())["parts"]["soak"]["cases"] == 1


def test_the_exit_code_says_whether_all_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def with_outcomes(*outcomes: Outcome) -> int:
        part = PartResult("yaml", outcomes)
        monkeypatch.setattr(command, "run_parts", lambda *_: {"yaml": part})
        return command.main(["--short", "--only", "yaml", "--out", str(tmp_path / "out")])

    assert with_outcomes(Outcome("a")) == 0
    assert with_outcomes(Outcome("a"), Outcome("b", ("leaked",), "try this")) == 1
    assert "leaked" in capsys.readouterr().out
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert result["parts"]["yaml"]["failures"][0]["reproduce"] == "try this"
    assert result["parts"]["yaml"]["broken"] == 1 and result["machine"] and result["date"]
    with pytest.raises(SystemExit, match="nonsense"):
        command.main(["--short", "--only", "nonsense"])
    assert count_by([Outcome("a", facts={"code": 0})] * 2, "code") == {"0": 2}


def test_a_little_of_each_part_holds(few_clips: None, tmp_path: Path) -> None:
    plan = command.Plan(
        media.MediaPlan(2, command_every=1, processes=1), 1, 4, 3, 20.0, (5.0, 6.0), 1.0
    )
    found = command.run_parts(["media", "urls", "yaml"], plan, 0, tmp_path)
    assert {name: len(part.outcomes) for name, part in found.items()} == {
        "media": 4, "urls": 4, "yaml": 3,
    }  # fmt: skip
    assert [o for part in found.values() for o in part.broken] == []


@pytest.mark.slow
def test_a_live_part_and_names_hold(tmp_path: Path) -> None:
    plan = command.Plan(media.MediaPlan(1), 3, 1, 1, 20.0, (5.0, 6.0), 1.0)
    found = command.run_parts(["names", "faults", "soak"], plan, 0, tmp_path, ["kill -9", "full"])
    assert [o for part in found.values() for o in part.broken] == []
    assert found["soak"].facts["events"]["clean_expected"] >= 1


def test_rare_silent_losses_alone_do_not_fail_the_run():
    def part(silent: int, other: int) -> PartResult:
        whole = [Outcome("a", (), "", {"kind": "whole"})] * (200 - silent - other)
        lost = [Outcome("b", ("19 of 20 frames",), "", {"kind": "silent"})] * silent
        crashed = [Outcome("c", ("a crash",), "", {"kind": "crash"})] * other
        return PartResult("media", (*whole, *lost, *crashed), {})

    assert [fails(part(*of)) for of in ((0, 0), (2, 0), (3, 0), (0, 1), (1, 1))] == [
        False, False, True, True, True,
    ]  # fmt: skip
