"""`python -m tests.streamer.outputs.slow_run ARGS`: mer-stream on a fake source without an end."""

from __future__ import annotations

import streamer.run.in_turn
from streamer.cli.stream import main
from tests.streamer.outputs.fakes import REGIONS, FakePipeline, FakeSource


def run() -> None:
    streamer.run.in_turn.open_source = lambda spec, config: FakeSource(spec, 10**6, pause_s=0.005)
    streamer.run.in_turn.build_pipeline = lambda config: FakePipeline()
    streamer.run.in_turn.REGION_NAMES = REGIONS
    main()


if __name__ == "__main__":
    run()
