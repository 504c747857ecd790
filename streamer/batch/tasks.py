"""What the executor is handed and answers: tasks, the work on them, limits, events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

from streamer.core.errors import MerError
from streamer.core.ranges import Megabytes, Workers, check_ranges
from streamer.run.recording import never

T = TypeVar("T")
R = TypeVar("R")
T_in = TypeVar("T_in", contravariant=True)
R_out = TypeVar("R_out", covariant=True)


class Context:
    """What the work is handed beside its task."""

    def __init__(
        self, report: Callable[[Any], None], stop: Callable[[], bool] = never, attempt: int = 0
    ) -> None:
        self.report = report  # progress, as a value that can be pickled
        self.stop = stop  # whether to end soon, asked between two pieces of the work
        self.attempt = attempt  # 1 where a worker died on this task
        self.retires = False

    def retire(self) -> None:
        """Another process takes over after this task: this one may have lost memory, say."""
        self.retires = True


class Work(Protocol[T_in, R_out]):
    """Does one task."""

    def __call__(self, task: T_in, context: Context, /) -> R_out: ...


@dataclass(frozen=True, slots=True)
class Progressed(Generic[T]):
    """What the work reported of a task."""

    task: T
    value: Any


@dataclass(frozen=True, slots=True)
class Finished(Generic[T, R]):
    """What the work returned."""

    task: T
    result: R


@dataclass(frozen=True, slots=True)
class Died(Generic[T]):
    """The workers that had this task died, or took too long: `how`, in words."""

    task: T
    how: str


@dataclass(frozen=True, slots=True)
class Stopped(Generic[T]):
    """The worker was killed on this task after `stop`."""

    task: T


Event = Progressed[T] | Finished[T, R] | Died[T] | Stopped[T]


class WorkerError(MerError):
    """What a worker met that all tasks would meet."""

    def __init__(self, exit_code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Execution:
    """Where and within which limits tasks are run."""

    backend: Literal["processes", "ray", "here"] = "processes"
    workers: Workers = 1
    memory_mb: Megabytes | None = None  # of one worker; None: no limit
    limit_s: float | None = None  # of one task; of processes only
    verbose: bool = False  # let the messages of libraries through
    address: str | None = None  # of a Ray cluster; None: the one that runs here, or this machine
    gpus: int = 0  # that one task takes, of Ray

    def __post_init__(self) -> None:
        check_ranges(self)
