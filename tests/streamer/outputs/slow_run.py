"""`python -m tests.streamer.outputs.slow_run ARGS`: mer-stream on a fake source without an end."""

from __future__ import annotations

import streamer.batch
from streamer.cli import main
from tests.streamer.outputs.fakes import REGIONS, FakePipeline, FakeSource


def run() -> None:
    streamer.batch.open_source = lambda spec, config: FakeSource(spec, 10**6, pause_s=0.005)
    streamer.batch.build_pipeline = lambda config, on_signals: FakePipeline(on_signals)
    streamer.batch.REGION_NAMES = REGIONS
    main()


if __name__ == "__main__":
    run()
