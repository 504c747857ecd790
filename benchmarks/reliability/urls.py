"""Odd URLs with known secrets: nothing of a secret is shown, stored, or becomes a file name.

Every URL leads to this machine: to a port where nobody listens, to a server that answers 404, or to
one that holds a recording with an event, so that all outputs are written.
"""

from __future__ import annotations

import base64
import itertools
import os
import random
import string
import urllib.parse
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reliability.camera import Camera
from benchmarks.reliability.film import write_clip
from benchmarks.reliability.forks import ForkPool, Request, fork_pool
from benchmarks.reliability.outcome import Outcome, PartResult, count_by
from benchmarks.reliability.promises import Ended, broken_promises, raw_on_terminal

_QUICK = (
    "--set", "source.read_timeout_s=2", "--set", "source.reconnect_attempts=0",
    "--no-recognition",
)  # fmt: skip
# {h}: host and port; {s}: the secret; {q}: the secret, percent-encoded.
_TEMPLATES = (
    "rtsp://ann:{q}@{h}/live", "rtsp://{q}@{h}/live", "rtsp://ann:{s}@{h}/live",
    "rtsp://ann:a@{s}@{h}/live", "rtsp://ann:{s}/x@{h}/live", "rtsp://ann:{s}#x@{h}/live",
    "rtsp://ann:{s}?x@{h}/live", "rtsp://ann: {s}@{h}/live", "rtsp://:{q}@{h}/live",
    "rtsps://ann:{q}@{h}/live", "RTSP://ann:{q}@{h}/live", "http://ann:{q}@{h}/live.ts",
    "https://ann:{q}@{h}/live.ts", "http://{h}/{q}/live.ts", "http://{h}/live.ts?{q}",
    "http://{h}/live.ts?token={q}", "http://{h}/live.ts?TOKEN={q}", "http://{h}/live.ts?t={q}",
    "http://{h}/live.ts?a=1&b={q}", "http://{h}/live.ts?a=1;b={q}", "http://{h}/live.ts#{q}",
    "http://{h}/live.ts#token={q}", "http://{h}/{q}", "http://{h}/hls/{q}/index.ts",
    "http://{h}/live.ts?x[y]={q}", "http://{h}/live.ts?x=%22{q}%22", "http://{h}/live.ts?x='{s}'",
    "http://{h}/live.ts?x=\"{s}\"", "http://{h}/live.ts?x={s} y", "http://{h}/live.ts;{q}",
    "http://{h}/live.ts?user=ann,{q}", "http://{h}//{q}//live.ts", "http://{h}/a/../{q}/live.ts",
    "http://{h}/live.ts?url=http://{h}/?k={q}", "http://{h}/live.ts?sig={b}",
    "http://ann:{b}@{h}/live.ts", "http://[::1]:9/{q}", "http://ann:{q}@[::1]:9/live.ts",
    "http://127.0.0.1:99999/{q}", "http://127.0.0.1:x/{q}", "http://:{q}/live.ts",
    "http:///{q}", "http://{q}@", "http://@{h}/{q}", "http://{h}:{q}/live.ts",
    "rtsp://ann:{q}@{h}:0/live", "ftp://ann:{q}@{h}/x.mp4", "file:///{q}/x.mp4",
    "udp://ann:{q}@{h}", "concat://{h}/{q}", "srt://{h}?passphrase={q}", "rtmp://{h}/app/{q}",
    "smb://ann:{q}@{h}/share/x.mp4", "s3://{q}@bucket/x.mp4", "data://text/plain,{q}",
    "x://ann:{q}@{h}", "http://ann:{s}\x1b[31m@{h}/", "http://ann:{s}\u202e@{h}/",
    "http://ann:{s}\n@{h}/", "http://ann:{s}\t@{h}/", "http:\\\\ann:{s}@{h}\\live",
    "http://ann%3A{q}@{h}/", "http://ann:%00{q}@{h}/", "http://{h}/%2e%2e/{q}",
    "http://{h}/?{q}=1", "http://{h}/?=%26{q}", "http://é:{s}@{h}/", "http://ann:{s}é@{h}/",
)  # fmt: skip
_FRAMES = 96  # until the first event of the sample is known


@dataclass(frozen=True, slots=True)
class UrlCase:
    """A URL, and the texts that must not be found anywhere."""

    url: str
    secrets: tuple[str, ...]


def check_urls(count: int, seed: int, folder: Path, processes: int = 2) -> PartResult:
    """`count` URLs through mer-stream with all outputs."""
    recording = write_clip(folder / "clip.mkv", _FRAMES).read_bytes()
    with (
        Camera() as nothing,
        Camera(recording=recording) as something,
        fork_pool(processes) as pool,
    ):
        hosts = (something.host, nothing.host, "127.0.0.1:9")  # nobody listens on port 9
        cases = list(itertools.islice(url_cases(seed, hosts), count))
        with ThreadPoolExecutor(processes) as threads:
            numbered = list(enumerate(cases))
            found = tuple(threads.map(lambda pair: _check(pool, *pair, folder), numbered))
    return PartResult("urls", found, {"exit_codes": count_by(found, "code")})


def url_cases(seed: int, hosts: Sequence[str]) -> Iterator[UrlCase]:
    """Every template once, then again with other hosts and secrets; without an end."""
    chance = random.Random(seed)
    for round_ in itertools.count():
        for place, template in enumerate(_TEMPLATES):
            yield _case(template, hosts[(place + round_) % len(hosts)], chance)


def _case(template: str, host: str, chance: random.Random) -> UrlCase:
    core = "".join(chance.choice(string.ascii_letters + string.digits) for _ in range(12))
    secret = f"S{core}" + chance.choice(("", "!", "$&", "+", "==", "%", "~."))
    quoted = urllib.parse.quote(secret, safe="")
    encoded = base64.b64encode(secret.encode()).decode()
    url = template.format(h=host, s=secret, q=quoted, b=encoded)
    return UrlCase(url, (f"S{core}", encoded) if "{b}" in template else (f"S{core}",))


def _check(pool: ForkPool, number: int, case: UrlCase, folder: Path) -> Outcome:
    room = folder / f"url-{number}"
    for name in ("signals", "videos"):
        (room / name).mkdir(parents=True)
    arguments = (
        case.url, "-o", "e.jsonl", "--summary", "s.json", "--log-file", "run.log", "--verbose",
        "--signals", "signals", "--save-video", "videos", *_QUICK,
    )  # fmt: skip
    ended = pool.run(Request(arguments, str(room), timeout_s=30.0))
    return judge_url(ended, case, room)


def judge_url(ended: Ended, case: UrlCase, room: Path) -> Outcome:
    """Look for the secret in all that was shown or is left behind."""
    broken = list(broken_promises(ended))
    broken += [f"the secret is {where}" for where in find_secrets(ended, case.secrets, room)]
    broken += raw_on_terminal(ended.stderr)
    if ended.code == 0 and not (room / "e.jsonl").exists():
        broken.append("exit code 0, and no events file")
    again = f"mer-stream {case.url!a} -o e.jsonl --summary s.json --log-file run.log"
    return Outcome(ascii(case.url), tuple(broken), again, {"code": ended.code})


def find_secrets(ended: Ended, secrets: tuple[str, ...], room: Path) -> list[str]:
    """Places that hold a secret, in whatever case: streams, names of files, contents."""
    places = {"on standard output": ended.stdout, "on standard error": ended.stderr}
    for path in sorted(room.rglob("*")):
        name = path.relative_to(room)
        places[f"the name of a file ({name.parent}/...)"] = os.fsencode(name)
        if path.is_file():
            places[f"in {name.parent / ('*' + name.suffix)}"] = path.read_bytes()
    wanted = [secret.lower().encode() for secret in secrets]
    return [
        where for where, text in places.items() if any(secret in text.lower() for secret in wanted)
    ]
