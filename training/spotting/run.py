"""`mer-train spot`: spotters over every recording of a set, resumable recording by recording.

The run folder holds `settings.json`, `videos/<recording>.json` (the result of each spotter),
`predictions_<spotter>.csv` (as `score-spots` reads it), `results.json`, `table.md` and
`plots/<recording>.png`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from streamer.batch.tasks import Execution
from streamer.core.errors import SourceFormatError, SourceNotFoundError, UsageError
from streamer.core.files.inside import read_json
from streamer.core.ranges import Workers, check_ranges
from streamer.outputs.cells import safe_cell
from training.common.files import plain_name, write_json, write_text
from training.common.tasks import do_all
from training.spotting.observation import Observation
from training.spotting.observe import observe
from training.spotting.results import set_size, spotter_facts
from training.spotting.sets import Recording, SpotSet, load_set
from training.spotting.spotters import check_spotters
from training.spotting.table import make_table

if TYPE_CHECKING:
    from streamer.run.config import StreamConfig

SETTINGS, RESULTS, TABLE = "settings.json", "results.json", "table.md"
PREDICTION_FIELDS = (
    "video", "onset", "apex", "offset", "kind", "emotion", "onset_s", "apex_s", "offset_s",
    "emitted_s", "score", "face_id", "fps",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SpotRequest:
    """The options of the command."""

    dataset: str
    root: Path
    output: Path
    spotters: str = "rule"
    jobs: Workers = 1
    plots: bool = True
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_ranges(self)


def run_spot(request: SpotRequest, config: StreamConfig) -> dict[str, Any]:
    """Runs what an earlier run has left over, scores the whole set, writes tables and plots.

    A recording that cannot be read is listed under `failed` and its movements count as missed.

    Raises:
        UsageError: an unknown spotter or set, or a run folder of other settings.
        SourceNotFoundError, SourceFormatError: the set cannot be loaded.
        OutputError: the folder cannot be written.
    """
    spotters = check_spotters(request.spotters)
    spot_set = load_set(request.dataset, request.root)
    _check_settings(request, _settings(request, spotters, config))
    done, failed = observe_all(spot_set.recordings, spotters, config, request.output, request.jobs)
    results = {
        "dataset": spot_set.name,
        **set_size(spot_set, done),
        "failed": failed,
        "rejected": [{"source": r.source, "reason": r.reason} for r in spot_set.rejected],
        "spotters": {name: spotter_facts(name, spot_set, done) for name in spotters},
    }
    write_json(request.output / RESULTS, results)
    write_text(request.output / TABLE, make_table(results))
    for name in spotters:
        write_text(request.output / f"predictions_{name}.csv", _predictions(name, done))
    if request.plots:
        _draw(spot_set, done, request.output)
    return results


def _settings(
    request: SpotRequest, spotters: Sequence[str], config: StreamConfig
) -> dict[str, Any]:
    from streamer.core.settings import to_mapping

    mapping = dict(to_mapping(config))
    for name in ("source", "kinds"):
        mapping.pop(name, None)
    return {"dataset": request.dataset, "spotters": list(spotters), "config": mapping}


def _check_settings(request: SpotRequest, settings: Mapping[str, Any]) -> None:
    """A run folder is of one set, one list of spotters and one configuration."""
    path = request.output / SETTINGS
    text = json.dumps(settings, indent=1, default=str)
    if path.is_file() and not request.overwrite:
        before = path.read_text(encoding="utf-8", errors="replace")
        if before.strip() != text:
            raise UsageError(
                f"{request.output} holds a run with other settings (see {path}): choose another "
                "--output, or --overwrite"
            )
        return
    if request.overwrite:
        for old in (request.output / "videos").glob("*.json"):
            old.unlink()
    write_text(path, text + "\n")


def observe_all(
    recordings: Sequence[Recording],
    spotters: Sequence[str],
    config: StreamConfig,
    output: Path,
    jobs: int = 1,
) -> tuple[list[Observation], list[dict[str, str]]]:
    """Observations of all recordings, those in `output` from an earlier run taken over.

    The second list names the recordings that could not be read, with the reason.
    """
    kept = {r.name: _load(_video_path(output, r.name), spotters) for r in recordings}
    todo = [recording for recording in recordings if kept[recording.name] is None]
    failed = []
    work = partial(_attempt, spotters=spotters, config=config)
    made = do_all(work, todo, Execution(workers=jobs))
    for recording, made_now in tqdm(made, total=len(todo), desc="spot", unit="video", disable=None):
        if isinstance(made_now, str):
            failed.append({"video": recording.name, "reason": made_now})
            continue
        write_json(_video_path(output, recording.name), made_now.to_json())
        kept[recording.name] = made_now
    done = [kept[recording.name] for recording in recordings]
    return [observation for observation in done if observation is not None], failed


def _attempt(
    recording: Recording, spotters: Sequence[str], config: StreamConfig
) -> Observation | str:
    """One damaged recording does not end the run."""
    try:
        return observe(recording, spotters, config)
    except (SourceFormatError, SourceNotFoundError) as error:
        return str(error)


def _video_path(output: Path, video: str) -> Path:
    return output / "videos" / f"{plain_name(video)}.json"


def _load(path: Path, spotters: Sequence[str]) -> Observation | None:
    """A finished recording, or None where it is not there or damaged."""
    try:
        observation = Observation.from_json(read_json(path, dict))
    except (OSError, ValueError):
        return None
    return observation if set(spotters) <= set(observation.runs) else None


def _predictions(name: str, observations: Sequence[Observation]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, PREDICTION_FIELDS, lineterminator="\n")
    table.writeheader()
    for observation in observations:
        for found in observation.runs[name].found:
            facts = {n: getattr(found, n) for n in PREDICTION_FIELDS if n not in ("video", "fps")}
            table.writerow(
                {**facts, "video": safe_cell(observation.video), "fps": f"{observation.fps:g}"}
            )
    return text.getvalue()


def _draw(spot_set: SpotSet, observations: Sequence[Observation], output: Path) -> None:
    from training.spotting.plots import draw_timeline

    for observation in observations:
        truth = [row for row in spot_set.truth if row.video == observation.video]
        path = _video_path(output, observation.video)
        draw_timeline(observation, truth, output / "plots" / f"{path.stem}.png")
