"""One recording through the streaming tracker, aligner and any number of spotters, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import numpy as np

from streamer.core.records import Frame, FrameResult, Spot, TrackedFaces, gates_to_text
from streamer.run.build import make_spotter
from streamer.run.pipeline import Pipeline
from streamer.run.recording import run_recording
from training.spotting.observation import Found, Observation, SpotterRun
from training.spotting.sets import Recording
from training.spotting.spotters import SPOTTERS

if TYPE_CHECKING:
    from streamer.run.config import StreamConfig

_CURVE_POINTS = 1500  # kept of the motion curve of one recording


def observe(recording: Recording, spotters: Sequence[str], config: StreamConfig) -> Observation:
    """Runs a recording frame by frame, as a stream does; the tracker works once for all spotters.

    Spotters that stream name emotions too if the settings ask for it.

    Raises:
        SourceNotFoundError, SourceFormatError: the recording cannot be read.
    """
    with closing(_Bench(recording, spotters, config)) as bench:
        watch = _Watch()
        # All in one thread, or the times of the parts would say nothing.
        for result in run_recording(recording.source(), bench, threads=1):
            watch.see(result)
    return Observation(
        recording.name,
        recording.fps,
        watch.first_frame,
        watch.frames,
        round(watch.last_s + 1.0 / recording.fps, 4) if watch.frames else 0.0,
        watch.face_frames,
        round(bench.track_s, 4),
        {n: SpotterRun(tuple(bench.found[n]), round(bench.wall_s[n], 4)) for n in spotters},
        watch.curve(),
        tuple(watch.gated),
    )


class _Bench:
    """Spotters that share one tracker and one aligner; to the loop they look like one pipeline.

    Those that stream are pipelines. The others get the same faces and are asked at the end. There
    is always one pipeline, as it measures the motions of the result.
    """

    def __init__(self, recording: Recording, spotters: Sequence[str], config: StreamConfig) -> None:
        from streamer.faces.alignment import Aligner
        from streamer.faces.backends import open_finder
        from streamer.faces.tracker import FaceTracker

        tracker = FaceTracker(open_finder(config.faces), config.faces)
        aligner = Aligner(config.faces)
        made = {name: SPOTTERS[name] for name in spotters}
        streams = {name: one.stream(config) for name, one in made.items() if one.stream is not None}
        recognizer = None
        if config.recognise and streams:
            from recognition.loading import load_recognizer

            recognizer = load_recognizer(config.model, config.recognizer)
        self._pipelines = {
            name: Pipeline(tracker, aligner, spotter, recognizer)
            for name, spotter in streams.items()
        }
        self._offline = {
            name: one.offline(recording.fps)
            for name, one in made.items()
            if one.offline is not None
        }
        self._first = next(iter(self._pipelines.values()), None) or Pipeline(
            tracker, aligner, make_spotter(config), None
        )
        self.found: dict[str, list[Found]] = {name: [] for name in spotters}
        self.wall_s = dict.fromkeys(spotters, 0.0)
        self.track_s = 0.0
        self._now_s = 0.0

    def track(self, frame: Frame) -> TrackedFaces:
        start = time.perf_counter()
        tracked = self._first.track(frame)
        self.track_s += time.perf_counter() - start
        return tracked

    def lose(self) -> None:
        self._first.lose()

    def advance(self, frame: Frame, tracked: TrackedFaces) -> FrameResult:
        self._now_s = frame.time_s
        for name, spotter in self._offline.items():
            with self._timed(name):
                spotter.push(tracked.faces)
        return self._of_all(lambda pipeline: pipeline.advance(frame, tracked))

    def flush(self) -> FrameResult:
        for name, spotter in self._offline.items():
            with self._timed(name):
                spots = spotter.flush()
            self.found[name] += [_found(spot, self._now_s) for spot in spots]
        return self._of_all(Pipeline.flush)

    def _of_all(self, action: Callable[[Pipeline], FrameResult]) -> FrameResult:
        """Do it with each pipeline, timed; the result is that of the first."""
        results = []
        for name, pipeline in self._pipelines.items():
            with self._timed(name):
                results.append(action(pipeline))
            self.found[name] += [
                _found(e.spot, e.emitted_s, e.recognition.emotion if e.recognition else "")
                for e in results[-1].events
            ]
        return results[0] if results else action(self._first)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.wall_s[name] += time.perf_counter() - start

    def close(self) -> None:
        self._first.close()


class _Watch:
    """Counts frames and keeps the motion curve and the gates of the first spotter."""

    def __init__(self) -> None:
        self.first_frame = self.frames = self.face_frames = 0
        self.last_s = 0.0
        self.gated: list[tuple[float, str]] = []
        self._curve: list[tuple[float, float]] = []

    def see(self, result: FrameResult) -> None:
        frame, motions = result.frame, result.motions
        if frame is None:
            return
        if self.frames == 0:
            self.first_frame = frame.index
        self.frames += 1
        self.last_s = frame.time_s
        self.face_frames += bool(result.faces)
        if motions:
            moved = max(float(np.hypot(*m.displacement_iod.T).max()) for m in motions)
            self._curve.append((frame.time_s, moved))
        self.gated += [(round(frame.time_s, 3), gates_to_text(m.gates)) for m in motions if m.gates]

    def curve(self) -> tuple[tuple[float, float], ...]:
        """The curve, the highest of each stretch where it is longer than `_CURVE_POINTS`."""
        step = -(-len(self._curve) // _CURVE_POINTS) or 1
        parts = (self._curve[i : i + step] for i in range(0, len(self._curve), step))
        highest = (max(part, key=lambda point: point[1]) for part in parts)
        return tuple((round(t, 3), round(v, 5)) for t, v in highest)


def _found(spot: Spot, emitted_s: float, emotion: str = "") -> Found:
    return Found(
        spot.kind,
        spot.onset_frame,
        spot.apex_frame,
        spot.offset_frame,
        round(spot.onset_s, 5),
        round(spot.apex_s, 5),
        round(spot.offset_s, 5),
        round(emitted_s, 5),
        spot.score,
        emotion,
        spot.face_id,
        spot.regions,
    )
