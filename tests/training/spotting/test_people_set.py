"""A set made from a short "recording" of a portrait that sways: the whole way, and its scoring."""

import csv

import numpy as np
import pytest

from streamer.core.errors import UsageError
from streamer.core.records import Frame
from training.people.bases import read_bases
from training.people.events import EventConfig
from training.spotting.make_set import FromBases, FromPortraits, choose_source
from training.spotting.observation import Found, Observation, SpotterRun
from training.spotting.people_facts import PersonVideo
from training.spotting.people_score import bootstrap, outcomes_of, people_facts
from training.spotting.people_set import PeopleSetConfig, people_takes, write_people_set
from training.spotting.sets import Recording, SpotSet, load_set
from training.spotting.table import make_table
from training.spotting.tables import SpotRow
from training.synthetic.video import read_portrait, write_video

CONFIG = PeopleSetConfig(EventConfig((0.05,), seed=2, every_s=1.3), ("native", "dropped"), 1)


@pytest.fixture(scope="module")
def folder(portraits, tmp_path_factory):
    root = tmp_path_factory.mktemp("people")
    picture = read_portrait(portraits / "someone.png", 200).image
    frames = [Frame(n, n / 25, np.roll(picture, n // 20, axis=1)) for n in range(75)]
    write_video(frames, root / "Asixa_a.mp4", 25.0)
    write_video(frames, root / "b.mp4", 25.0)
    (root / "index.csv").write_text(
        "file,person,train,motion\nAsixa_a.mp4,P1,no,calm\nb.mp4,P2,yes,talking\n"
    )
    return root


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    root = tmp_path_factory.mktemp("set")
    assert write_people_set(read_bases(folder), CONFIG, root / "set", root / "meshes") == 8
    return root


def rows(path):
    return list(csv.DictReader(path.open()))


def test_a_set_and_its_tables(made):
    videos = rows(made / "set" / "videos.csv")
    assert [(v["person"], v["variant"], v["content"]) for v in videos] == [
        ("P1", "native", "injected"), ("P1", "native", "own"),
        ("P1", "dropped", "injected"), ("P1", "dropped", "own"),
        ("P2", "native", "injected"), ("P2", "native", "untouched"),
        ("P2", "dropped", "injected"), ("P2", "dropped", "untouched"),
    ]  # fmt: skip
    truth = rows(made / "set" / "truth.csv")
    assert truth and all("injected" in row["video"] for row in truth)
    assert all(int(r["onset"]) <= int(r["apex"]) <= int(r["offset"]) for r in truth)
    assert all(float(r["own_range_iod"]) < 0.03 for r in truth)  # a still portrait
    # the same events in every variant
    by_variant = {
        variant: [r["aus"] for r in truth if f"P2-1_25fps_{variant}_" in r["video"]]
        for variant in ("native", "dropped")
    }
    assert by_variant["native"] == by_variant["dropped"] != []


def test_the_set_is_read_as_any_other(made):
    loaded = load_set("synthetic", made / "set")
    assert loaded.name == "people" and len(loaded.recordings) == 8
    assert loaded.people["P2-1_25fps_native_untouched.mp4"] == PersonVideo(
        "untouched", "P2", "b.mp4", "talking", "native", False
    )
    assert loaded.truth[0].aus and loaded.truth[0].strength_iod == 0.05
    frames = {r.name: [f.time_s for f in r.frames()] for r in loaded.recordings}
    assert len(frames["P2-1_25fps_native_injected.mp4"]) == 75
    jittered = np.diff(frames["P2-1_25fps_dropped_injected.mp4"])
    assert len(jittered) < 74 and jittered.std() > 0.004


def test_the_injection_is_there_and_only_there(made):
    loaded = load_set("people", made / "set")
    pictures = {r.name: [f.image.astype(int) for f in r.frames()] for r in loaded.recordings}
    injected = pictures["P2-1_25fps_native_injected.mp4"]
    untouched = pictures["P2-1_25fps_native_untouched.mp4"]
    changed = np.array(
        [np.abs(a - b).max() for a, b in zip(injected, untouched, strict=True)], dtype=float
    )
    own = [row for row in loaded.truth if row.video == "P2-1_25fps_native_injected.mp4"]
    for row in own:
        assert changed[int(row.apex or 0)] > 25
    first = int(own[0].onset)
    assert changed[:first].max() <= 12  # nothing but the coder, which looks ahead


def test_a_stopped_run_goes_on(made, folder):
    before = {p.name: p.read_bytes() for p in (made / "set").glob("*.csv")}
    (made / "set" / "rows" / "P2-1_dropped_injected.csv").unlink()
    video = made / "set" / "P2-1_25fps_dropped_injected.mp4"
    old = video.read_bytes()
    assert write_people_set(read_bases(folder), CONFIG, made / "set", made / "meshes") == 1
    assert {p.name: p.read_bytes() for p in (made / "set").glob("*.csv")} == before
    assert video.read_bytes() == old
    with pytest.raises(UsageError, match="another events"):
        write_people_set(
            read_bases(folder), PeopleSetConfig(variants=CONFIG.variants, controls=1),
            made / "set", made / "meshes",
        )  # fmt: skip


def test_every_second_base_has_a_control(folder):
    bases = [b for b in read_bases(folder) if b.negative] * 4
    contents = [take.content for take in people_takes(bases, PeopleSetConfig())]
    assert contents.count("untouched") == 2 and contents.count("injected") == 4
    none = people_takes(bases, PeopleSetConfig(controls=0))
    assert {take.content for take in none} == {"injected"}


def test_options_of_the_other_kind_of_set(tmp_path):
    portraits, bases = FromPortraits(tmp_path), FromBases(tmp_path)
    assert choose_source(portraits, FromBases()) is portraits
    assert choose_source(FromPortraits(), bases) is bases
    for pair in ((FromPortraits(), FromBases()), (portraits, bases)):
        with pytest.raises(UsageError, match="one of them"):
            choose_source(*pair)
    with pytest.raises(UsageError, match="--size has no effect without --portraits"):
        choose_source(FromPortraits(size=300), bases)
    with pytest.raises(UsageError, match="--controls has no effect without --bases"):
        choose_source(portraits, FromBases(controls=0))


# The scoring, by hand: three people of ten seconds, one spotter.
PEOPLE = {
    "a": PersonVideo("injected", "P1", "1.mp4", "calm", "native", False),
    "a0": PersonVideo("own", "P1", "1.mp4", "calm", "native", False),
    "b": PersonVideo("injected", "P2", "2.mp4", "talking", "native", False),
    "b0": PersonVideo("untouched", "P2", "2.mp4", "talking", "native", False),
    "c": PersonVideo("injected", "P3", "3.mp4", "talking", "native", True),
}


def event(video, onset, aus="1+2", strength=0.05, hidden=""):
    return SpotRow(
        video, onset, onset + 10, onset + 5, "micro", apex_s=(onset + 5) / 25,
        strength_iod=strength, aus=aus, hidden=hidden,
    )  # fmt: skip


def spot(onset, region="brow_inner_left", kind="micro"):
    return Found(
        kind, onset, onset + 5, onset + 10, onset / 25, (onset + 6) / 25, (onset + 10) / 25,
        1.0, 1.0, "", 0, (region,),
    )  # fmt: skip


def seen(video, *found):
    return Observation(video, 25.0, 0, 250, 10.0, 250, 0.1, {"rule": SpotterRun(found, 0.1)})


TRUTH = (
    event("a", 20), event("a", 60, "12"), event("b", 20, "4", 0.03),
    event("b", 60, hidden="hidden by speech"), event("b", 100, hidden="hidden by a turn"),
    event("c", 20),
)  # fmt: skip
SEEN = [
    # hit, the twin's own movement, a false one of the mouth, a macro event that counts for nothing
    seen("a", spot(20), spot(120), spot(160, "mouth_left"), spot(200, kind="macro")),
    seen("a0", spot(121)),
    # missed one, found a hidden one, a false brow
    seen("b", spot(61), spot(180)),
    seen("b0", spot(30), spot(90, "chin")),
    seen("c", spot(20)),
]
SET = SpotSet("people", tuple(Recording(v, None, 25.0) for v in PEOPLE), TRUTH, people=PEOPLE)


def test_the_score_by_hand():
    facts = people_facts("rule", SET, SEEN)
    everybody = facts["groups"]["all"]
    assert everybody["persons"] == 2  # the converted recording is told apart
    assert everybody["visible"] | {"f1_95": None} == {
        "n": 3, "tp": 1, "fp": 2, "f1": 0.3333, "recall": 0.3333, "f1_95": None,
    }  # fmt: skip
    upper = everybody["upper_strong"]
    assert (upper["n"], upper["tp"], upper["fp"]) == (1, 1, 1)
    assert everybody["apex_median_frames"] == 1.0 and everybody["apex_median_ms"] == 40.0
    assert everybody["false_untouched"] == 2
    assert everybody["false_per_minute"] == pytest.approx(12.0)
    assert facts["groups"]["calm"]["false_per_minute"] is None
    assert facts["groups"]["calm"]["visible"]["fp"] == 1
    assert facts["groups"]["converted frame rate"]["visible"]["f1"] == 1.0
    assert facts["hidden"] == {
        "hidden by a turn": {"n": 1, "found": 0},
        "hidden by speech": {"n": 1, "found": 1},
    }
    assert facts["recall"]["upper 0.05"] == {"n": 1, "recall": 1.0}
    assert facts["recall"]["lower 0.05"] == {"n": 1, "recall": 0.0}
    assert facts["recall"]["upper 0.03"] == {"n": 1, "recall": 0.0}


def test_intervals_come_from_people():
    outcomes = outcomes_of("rule", SET, SEEN)
    assert bootstrap(outcomes, lambda some: float(len(some) > 0)) == (1.0, 1.0)
    low, high = bootstrap(outcomes, lambda some: float(np.mean([len(o.hits) for o in some])))
    assert 0.0 <= low < high <= 1.0
    assert bootstrap(outcomes[:1], lambda some: 1.0) is None


def test_the_table_of_people():
    facts = people_facts("rule", SET, SEEN)
    text = make_table({
        "dataset": "people", "recordings": 5, "recordings_without_truth": 1, "minutes": 0.8,
        "true_micro": 6, "true_macro": 0,
        "spotters": {"rule": {"people": facts}},
    })  # fmt: skip
    assert "| rule | all | 2 | 3 | .33 | - | .33 | 2 |" in text
    assert "12.0 (2 in 0.2 min)" in text
