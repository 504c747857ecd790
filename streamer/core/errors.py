"""Errors a user can cause or cure. Each carries the exit code that the command line returns.

A message names the value that was wrong and the cure. Codes are stable: scripts may rely on them.
"""

from __future__ import annotations

from streamer.core.url_text import strip_credentials


class MerError(Exception):
    """Base of all errors that end a run with a sentence instead of a traceback.

    No sentence holds a secret of a URL, whoever wrote it: see `strip_credentials`.
    """

    exit_code = 1

    def __init__(self, *sentences: object) -> None:
        super().__init__(*(strip_credentials(s) if isinstance(s, str) else s for s in sentences))


class UsageError(MerError):
    """An option, a value or a configuration key that cannot be used."""

    exit_code = 2


class SettingError(UsageError, ValueError):
    """A value outside the range of its setting; a ValueError too, as of any other argument."""


class SourceNotFoundError(MerError):
    """The file, folder or pattern is not there or not readable."""

    exit_code = 3


class SourceFormatError(MerError):
    """The source is there but holds no video that can be decoded."""

    exit_code = 4


class SourceRefusedError(MerError):
    """The source was refused for safety (a playlist in disguise, a forbidden protocol)."""

    exit_code = 5


class CameraError(MerError):
    """A camera or network stream is absent, stalled or was lost for good."""

    exit_code = 6


class ModelError(MerError):
    """A model file is missing, damaged, refused or made for other settings."""

    exit_code = 7


class OutputError(MerError):
    """An output exists already, cannot be written, or the disk is full."""

    exit_code = 8


class InstallError(MerError):
    """A package or a system library is missing or broken."""

    exit_code = 9


class UnexpectedError(MerError):
    """A fault of this program or of a library, met while one recording was worked on."""


class MemoryLimitError(MerError):
    """A recording needs more memory than its worker may take."""

    exit_code = 11


class InternalError(MerError):
    """A fault of this program: something that should have been an error of another kind."""

    def __init__(self, error: BaseException) -> None:
        text = " ".join(str(error).split())[:300]
        super().__init__(
            f"internal error ({type(error).__name__}{': ' + text if text else ''}): please "
            "report it; with MER_VERBOSE=1 in the environment the details are printed."
        )
        self.__cause__ = error


# What can go wrong inside a library or this program; a MerError and Ctrl-C are none of them.
FAULTS = (
    ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, ImportError,
    LookupError, MemoryError, NameError, OSError, RuntimeError, StopIteration, TypeError,
    ValueError,
)  # fmt: skip

EXIT_INTERNAL = 1
EXIT_TRUNCATED = 10  # the run ended well, but the source was cut short or damaged
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141  # the reader of standard output went away, as after `| head`
