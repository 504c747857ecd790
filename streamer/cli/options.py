"""Options that several commands have, each stated once; those of settings speak by their field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from streamer.cli.values import moment, several
from streamer.core.ranges import Range, range_of
from streamer.core.setting_tree import find_setting
from streamer.run.config import StreamConfig

IN, OUT, HOW, RUN, TALK = (
    "What to read", "What to write", "How to look", "How to run", "Talk",
)  # fmt: skip
LAW = (
    "Not for use on people at work or in education (EU AI Act, article 5(1)(f)); not a lie "
    "detector. Figures and limits: see the README."
)
# The options that are settings, by name, with their keys in the tree; the page has some of them.
KEYS = {
    "fps": "source.fps",
    "capture_fps": "source.capture_fps",
    "time_of_day": "source.time_of_day",
    "rotate": "source.rotate",
    "start": "source.start_s",
    "end": "source.end_s",
    "roi": "source.roi",
    "stream": "source.stream",
    "mirror": "source.mirror",
    "levels": "source.levels",
    "deinterlace": "source.deinterlace",
    "sensitivity": "spotter.sensitivity",
    "false_per_minute": "spotter.false_per_minute",
    "low_latency": "spotter.low_latency",
    "baseline": "spotter.baseline_s",
    "spotter": "spotter_model",
    "max_faces": "faces.max_faces",
    "micro_only": "kinds",
    "model": "model",
    "motion": "recognizer.motion",
    "emotions": "recognizer.emotions",
    "offline": "recognizer.offline",
    "explain": "recognizer.keep_motion",
    "no_recognition": "recognise",
}
_MEANT: dict[str, dict[str, Any]] = {
    "spotter": {"rule": None, "learned": "bundled"},
    "rotate": {"90": 90, "180": 180, "270": 270},
}
_READ: dict[str, Callable[[str, str], Any]] = {
    "start": moment, "end": moment, "roi": several, "levels": several,
}  # fmt: skip
_SWITCHES: dict[str, Any] = {"micro_only": ["micro"], "no_recognition": False}


def overrides(**options: Any) -> dict[str, Any]:
    """Settings by key, of options by name; what was not given (None, False) is left out."""
    return {
        KEYS[name]: _value(name, value)
        for name, value in options.items()
        if value is not None and value is not False
    }


def _value(name: str, given: Any) -> Any:
    if name in _MEANT:
        return _MEANT[name][given]
    if name in _READ:
        return _READ[name](name, given)
    return _SWITCHES.get(name, given)


def option(panel: str, text: str, *names: str, within: Any = None, **more: Any) -> Any:
    """An option under the heading `panel` of the help; a number lies `within` a range."""
    if within is not None:
        more |= bounds(within)
    return typer.Option(*names, help=text, rich_help_panel=panel, show_default=False, **more)


def setting(name: str, *names: str, panel: str = HOW) -> Any:
    """The option `name` of KEYS, with the help and the range of its field."""
    one = find_setting(StreamConfig, KEYS[name])
    return option(panel, one.help, *names, within=one.range)


def bounds(within: Any) -> dict[str, Any]:
    """The arguments of `typer.Option` for a number in a Range, or of a type such as `Seed`."""
    span = within if isinstance(within, Range) else range_of(within)
    return {"min": span.low, "max": span.high, "callback": _refuse_nan}


def _refuse_nan(value: float | None) -> float | None:
    if value is not None and value != value:  # NaN is neither below nor above a limit
        raise typer.BadParameter("give a number, not nan.")
    return value


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        try:
            typer.echo(f"mer-stream {metadata.version('mer-stream')}")
        except metadata.PackageNotFoundError:
            typer.echo("mer-stream (not installed)")
        raise typer.Exit


Config = Annotated[
    Path | None, option(HOW, "Settings from a YAML file; see mer-stream --print-config.")
]
Set = Annotated[
    list[str] | None,
    option(HOW, "One setting, as in spotter.sensitivity=2. May be repeated.", "--set"),
]
Fps = Annotated[float | None, setting("fps", panel=IN)]
CaptureFps = Annotated[float | None, setting("capture_fps", panel=IN)]
TimeOfDay = Annotated[str | None, setting("time_of_day", panel=OUT)]
Rotate = Annotated[Literal["90", "180", "270"] | None, setting("rotate", "--rotate", panel=IN)]
Start = Annotated[
    str | None,
    option(IN, "Begin here: 90, 2.5s, 1:30 or 0:01:30.5. Times stay those of the whole."),
]
End = Annotated[str | None, option(IN, "End before this time, written as for --start.")]
Roi = Annotated[
    str | None,
    option(IN, "x,y,width,height: look at this part of the picture; pixels, or shares up to 1."),
]
Stream = Annotated[int | None, setting("stream", "--stream", panel=IN)]
Mirror = Annotated[bool, setting("mirror", "--mirror", panel=IN)]
Levels = Annotated[
    str | None, option(IN, "LOW,HIGH: these levels of the pictures become black and white.")
]
Deinterlace = Annotated[bool, setting("deinterlace", "--deinterlace", panel=IN)]
Sensitivity = Annotated[float | None, setting("sensitivity")]
FalsePerMinute = Annotated[float | None, setting("false_per_minute")]
LowLatency = Annotated[bool, setting("low_latency", "--low-latency")]
Baseline = Annotated[float | None, setting("baseline")]
Spotter = Annotated[
    Literal["rule", "learned"] | None,
    option(HOW, "rule: every verdict has a reason. learned: a network, finds more."),
]
MaxFaces = Annotated[int | None, setting("max_faces")]
MicroOnly = Annotated[bool, option(HOW, "Leave out macro events.", "--micro-only")]
Model = Annotated[str | None, setting("model")]
Motion = Annotated[
    Literal["auto", "dis", "farneback", "tvl1", "selfme", "frl-dgt"] | None, setting("motion")
]
Emotions = Annotated[Literal["classes", "facs"] | None, setting("emotions", "--emotions")]
Offline = Annotated[bool, setting("offline", "--offline")]
NoRecognition = Annotated[
    bool, option(HOW, "Only spot: events without an emotion.", "--no-recognition")
]
Redact = Annotated[
    Literal["off", "blur", "mask"],
    option(OUT, "Hide faces in saved recordings and clips (without sound): blur or mask."),
]
CsvDialect = Annotated[
    Literal["excel-eu"] | None,
    option(OUT, "excel-eu: CSV with semicolons, decimal commas and a BOM.", "--csv-dialect"),
]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Progress = Annotated[
    bool | None, option(TALK, "Progress bar; default: if standard error is a terminal.")
]
Quiet = Annotated[bool, option(TALK, "Errors only: no progress, no summary.", "--quiet", "-q")]
Verbose = Annotated[
    bool,
    option(
        TALK,
        "Say more, with the libraries' own messages; as MER_VERBOSE=1 in the environment.",
        "--verbose",
        "-v",
    ),
]
LogFile = Annotated[Path | None, option(TALK, "Append the log, with times, to a file.")]
Version = Annotated[
    bool,
    option(TALK, "Print the version and end.", "--version", callback=_show_version, is_eager=True),
]
