"""How much of an injected movement is measured, and how well anybody who knew it could find it.

    python -m benchmarks.known_movement --root SET [--root SET ...] --cache DIR [--write]

SETs are those of `mer-train spot-set --bases`, with a control of every recording in one of them;
DIR is where `mer-train spotter` keeps their signals (they are measured where they are missing). For
each visible movement its field, side, onset, apex and offset are taken from the truth, and

    a(s) = B(s) . m / (m . m)      B(s) = r(s) - what lies between r(s - rise) and r(s + fall)

says how much of its region motion m there is at a moment s. *Measured* is a at the apex less a at
the same moment of the untouched recording, over the strength. *Found* is the movement if, in the
untouched recording of that person, no other moment (at most four a minute) reaches its a. No
detector knows as much: it must try every movement, place and length at once. So this bounds what
linear detectors of this motion can do, whatever they have learned. Nothing here is a result of the
product; of the people of the train split only. `--write`: into demo/figures/known_movement.json and
the section "known-movement" of docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.page_section import BENCHMARKS_PAGE, ROOT, made_on, write_section
from spotting.micro.learned_ticks import BLINK, REGIONS
from training.common.markdown import grid, short
from training.spotting.learning.examples import Example
from training.spotting.learning.injection import region_motion
from training.spotting.learning.run import gather
from training.synthetic.action_units import Activation
from training.synthetic.scene import Injection

Units = Mapping[str, Sequence[tuple[str, str]]]  # video -> (units, side) of each event
RESULTS = ROOT / "demo" / "figures" / "known_movement.json"
FEW_PER_MINUTE = 4.0
_STEP_S, _AWAY_S, _APART_S = 0.02, 0.5, 0.3  # of moments; from the event; of two moments
_BLINKS, _BLINK_S = 0.3, 0.22  # change of the lids' picture, and so far around it
_APEX_S = (-0.02, 0.0, 0.02)  # the apex is a mean


@dataclass(frozen=True, slots=True)
class Known:
    """One visible movement."""

    upper: bool
    strength_iod: float
    measured: float  # share of it
    higher_per_minute: float  # moments of the untouched recording
    higher_no_blink: float  # the same, away from blinks
    blinked: bool  # itself


def main() -> None:
    """Measures, prints."""
    args = _options()
    sets = [(gather([root], args.cache, 1), read_units(root)) for root in args.root]
    facts = {**made_on(), **figures(known_movements(sets))}
    text = section(facts)
    print(text)
    if args.write:
        RESULTS.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        write_section(BENCHMARKS_PAGE, "known-movement", text)


def read_units(root: Path) -> Units:
    """Action units and side of the events of each video."""
    units: dict[str, list[tuple[str, str]]] = {}
    with (root / "truth.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            units.setdefault(row["video"], []).append((row["aus"], row["side"]))
    return units


def known_movements(sets: Sequence[tuple[Sequence[Example], Units]]) -> list[Known]:
    """Of all injected recordings that have an untouched twin in any of the sets."""
    twins = {e.base: e for examples, _ in sets for e in examples if e.control and e.native}
    return [
        _known(example, number, movement(*of), twins[example.base])
        for examples, units in sets
        for example in examples
        if not example.control and example.native and example.base in twins
        for number, of in enumerate(units.get(example.video, ()))
        if not example.hidden[number]
    ]


def movement(aus: str, side: str) -> NDArray[np.float64]:
    """Region motion [2 R] of units ("1+2") on a side, at strength 1."""
    left, right = float(side != "right"), float(side != "left")
    parts = tuple(Activation(au, left, right) for au in aus.split("+"))
    event = Injection("micro", "", parts, 1.0, 0.0, 0.1, 0.2)
    return region_motion(event).ravel()


def _known(example: Example, number: int, m: NDArray[np.float64], twin: Example) -> Known:
    onset_s, apex_s, offset_s = example.truth_s[number].tolist()
    sides_s = (apex_s - onset_s, offset_s - apex_s)
    apex = np.array([apex_s])
    own = float(_amount(example, m, apex, sides_s)[0])
    before = float(_amount(twin, m, apex, sides_s)[0])
    time_s = twin.signals.time_s
    moments = np.arange(time_s[0] + sides_s[0], time_s[-1] - sides_s[1], _STEP_S)
    moments = moments[np.abs(moments - apex_s) > _AWAY_S]
    higher = moments[_amount(twin, m, moments, sides_s) >= own]
    strength = float(example.strength_iod[number])
    return Known(
        bool(example.upper[number]),
        strength,
        (own - before) / strength,
        _separate(higher) / twin.minutes,
        _separate(higher[~_blinks(twin, higher)]) / twin.minutes,
        bool(_blinks(twin, apex)[0]),
    )


def _amount(
    example: Example,
    m: NDArray[np.float64],
    moments_s: NDArray[np.float64],
    sides_s: tuple[float, float],
) -> NDArray[np.float64]:
    """How much of a movement m [2 R] there is at moments [N]: a(s)."""
    along = example.signals.rows[:, REGIONS].astype(np.float64) @ m / (m @ m)

    def at(times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.interp(times_s, example.signals.time_s, along))

    rise_s, fall_s = sides_s
    top = np.mean([at(moments_s + shift_s) for shift_s in _APEX_S], axis=0)
    rest = fall_s * at(moments_s - rise_s) + rise_s * at(moments_s + fall_s)
    return np.asarray(top - rest / (rise_s + fall_s))


def _blinks(example: Example, moments_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a blink is near each of the moments [N]."""
    signals = example.signals
    shut = signals.time_s[signals.rows[:, BLINK] > _BLINKS]
    if not len(shut):
        return np.zeros(len(moments_s), dtype=bool)
    return np.asarray(np.abs(moments_s[:, None] - shut).min(axis=1) <= _BLINK_S)


def _separate(moments_s: NDArray[np.float64]) -> int:
    """How many there are if those close together count once."""
    count, last_s = 0, -np.inf
    for moment_s in moments_s.tolist():
        if moment_s - last_s > _APART_S:
            count, last_s = count + 1, moment_s
    return count


def figures(known: Sequence[Known]) -> dict[str, Any]:
    """Counts by half of the face and strength, and the shares that were measured."""
    measured = [one.measured for one in known]
    rows: dict[str, dict[str, Any]] = {}
    for half, upper in (("upper", True), ("lower", False)):
        for strength in sorted({one.strength_iod for one in known}):
            some = [k for k in known if k.upper == upper and k.strength_iod == strength]
            rows[f"{half} {strength:g} IOD"] = _counts(some)
    rows["all"] = _counts(known)
    quartiles = [round(float(q), 3) for q in np.quantile(measured, (0.25, 0.5, 0.75))]
    return {"measured": quartiles, "rows": {name: row for name, row in rows.items() if row["n"]}}


def _counts(some: Sequence[Known]) -> dict[str, Any]:
    return {
        "n": len(some),
        "measured": round(float(np.median([k.measured for k in some])), 3) if some else None,
        "none": sum(k.higher_per_minute == 0.0 for k in some),
        "few": sum(k.higher_per_minute <= FEW_PER_MINUTE for k in some),
        "none_no_blink": sum(k.higher_no_blink == 0.0 and not k.blinked for k in some),
        "few_no_blink": sum(k.higher_no_blink <= FEW_PER_MINUTE and not k.blinked for k in some),
    }


def section(facts: Mapping[str, Any]) -> str:
    """The Markdown between the markers."""
    few = f"at most {FEW_PER_MINUTE:g} a minute"
    head = ["movement", "n", "share measured", "no other moment as high", few]
    head += ["no other away from blinks", f"{few} away from blinks"]
    names = ("none", "few", "none_no_blink", "few_no_blink")
    rows = [
        [name, str(row["n"]), short(row["measured"], 2), *(str(row[one]) for one in names)]
        for name, row in facts["rows"].items()
    ]
    low, middle, high = facts["measured"]
    intro = (
        "Made by `python -m benchmarks.known_movement --root SET ... --cache DIR --write` on "
        f"{facts['date']} ({facts['machine']}): visible movements injected into people of the "
        f"train split. Of an injected movement {middle:.2f} is measured (quartiles {low:.2f} and "
        f"{high:.2f}). Right: how many could be found by somebody who knew unit, side and times."
    )
    return "\n".join([intro, "", *grid(head, rows)])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=Path, action="append", required=True, help="a spot-set")
    parser.add_argument("--cache", type=Path, required=True, help="`signals` of mer-train spotter")
    parser.add_argument("--write", action="store_true", help="into docs and demo/figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
