"""Who is scored on has taught nothing: the bundled weights say whom they have seen."""

import json

from benchmarks.held_out import HELD_OUT
from spotting.micro.learned import BUNDLED


def test_the_learned_spotter_has_seen_no_portrait_that_is_scored_on():
    seen = json.loads(BUNDLED.with_suffix(".json").read_text(encoding="utf-8"))["trained_on"]
    assert seen["portraits"] and seen["people"]
    assert not set(seen["portraits"]) & set(HELD_OUT)
    assert not [video for video in seen["videos"] if video.startswith(HELD_OUT)]
