"""Finished recordings, read back from their folders."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest

from demo.results import DOWNLOADS, Finished, load_finished
from demo.visitors import Visitor
from streamer.core.errors import MerError, UsageError
from streamer.core.records import EmotionEvent
from streamer.outputs.record import event_id, event_to_record
from tests.demo.conftest import Analysed
from tests.streamer.batch.make import run_record
from tests.streamer.outputs.fakes import make_event


def kept(visitor: Visitor, events: list[EmotionEvent], run: dict | None = None) -> Finished:
    name = visitor.new_name("result")
    folder = visitor.folder / name
    folder.mkdir()
    lines = [json.dumps(event_to_record(event)) + "\n" for event in events]
    (folder / "events.jsonl").write_text("".join(lines))
    if run is not None:
        (folder / "run.json").write_text(json.dumps(run))
    visitor.keep(name, 5)
    return load_finished(visitor, name)


def test_events_come_in_the_order_of_their_onsets(visitor: Visitor) -> None:
    first, second, third = (make_event(onset_frame=n) for n in (30, 60, 90))
    found = kept(visitor, [second, third, first], run_record(name="a.mp4"))
    assert [event_id(event) for event in found.events] == [
        event_id(event) for event in (first, second, third)
    ]
    assert found.display_name == "a.mp4" and found.folder == visitor.folder / found.name
    assert found.event(event_id(second)).spot.onset_frame == 60
    with pytest.raises(UsageError, match="not there any more"):
        found.event("no such event")


def test_a_camera_has_no_run(visitor: Visitor) -> None:
    found = kept(visitor, [])
    assert (found.display_name, dict(found.run), found.events) == ("live camera", {}, ())


def test_an_address_holds_the_token_and_is_quoted(visitor: Visitor) -> None:
    found = kept(visitor, [])
    assert found.address(visitor, "report.html") == f"/visit/{visitor.token}/result-1/report.html"
    strange = found.address(visitor, 'a b"?#%.csv')
    assert not set(' "?#') & set(strange) and unquote(strange).endswith('a b"?#%.csv')


def test_only_what_is_there_can_be_downloaded(visitor: Visitor) -> None:
    found = kept(visitor, [], {"name": "a"})
    assert [file for file, _ in found.downloads] == ["events.jsonl", "run.json"]
    (found.folder / "events.csv").touch()
    (found.folder / "secret.txt").touch()
    assert [file for file, _ in found.downloads] == ["events.jsonl", "events.csv", "run.json"]


@pytest.mark.parametrize("name", ["result-9", "", "..", "../..", ".", "/etc", "upload-1"])
def test_only_results_are_read(visitor: Visitor, name: str) -> None:
    kept(visitor, [])
    (visitor.folder / "upload-1").mkdir()
    with pytest.raises(UsageError, match="Analyse it again"):
        load_finished(visitor, name)


def test_nothing_is_read_of_another_or_of_who_has_left(visitor: Visitor) -> None:
    found = kept(visitor, [])
    visitor.leave()
    with pytest.raises(UsageError):
        load_finished(visitor, found.name)


def test_a_log_that_is_being_written_is_no_crash(visitor: Visitor) -> None:
    """The live camera's process may be in the middle of a line."""
    found = kept(visitor, [make_event()])
    with (found.folder / "events.jsonl").open("a") as log:
        log.write('{"schema": "mer-str')
    try:
        again = load_finished(visitor, found.name)
    except MerError:
        return
    assert len(again.events) == 1


def test_a_real_one(analysed: Analysed) -> None:
    found = analysed.result
    assert found.display_name == "sample.mp4"
    assert [event.spot.onset_frame for event in found.events] == [46, 211, 317]
    assert [file for file, _ in found.downloads] == list(DOWNLOADS)
    assert all(found.strip(event).is_file() for event in found.events)
