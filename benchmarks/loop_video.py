"""Repeats a recording without encoding it again, so that hours of it are made in seconds.

python -m benchmarks.loop_video CLIP SECONDS OUTPUT.mp4
"""

from __future__ import annotations

import sys
from pathlib import Path

import av


def loop_video(clip: Path, seconds: float, output: Path, skip: int = 0) -> None:
    """Copy the clip's video packets again and again until the output lasts `seconds`.

    skip: packets to leave out at the end of each round, so that outputs differ.
    """
    with av.open(str(clip)) as source:
        video = source.streams.video[0]
        packets = [packet for packet in source.demux(video) if packet.size]
        packets = packets[: len(packets) - skip]
        step = packets[0].duration
        first = min(packet.pts for packet in packets)
        length = max(packet.pts + step for packet in packets) - first
        stamps = [(packet.pts, packet.dts) for packet in packets]
        with av.open(str(output), "w") as target:
            copy = target.add_stream_from_template(video)
            rounds = max(1, round(seconds / float(length * video.time_base)))
            for number in range(rounds):
                for packet, (pts, dts) in zip(packets, stamps, strict=True):
                    packet.pts, packet.dts = pts + number * length, dts + number * length
                    packet.stream = copy
                    target.mux(packet)
                    packet.stream = copy


if __name__ == "__main__":
    loop_video(Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
