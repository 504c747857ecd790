"""The recordings of a batch as tasks of the executor: one job in, its outcome out.

On Ray, a task works on the disk of its machine and publishes a finished folder at once, so a
recording that was done twice (its machine was thought lost) still has one log: the first that was
published.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from streamer.batch.executor import run_tasks
from streamer.batch.executor_ray import RETRIES
from streamer.batch.job import Job, Progress, failed_record
from streamer.batch.names import without_name
from streamer.batch.tasks import Context, Died, Execution, Finished, Progressed, Work
from streamer.core.errors import MerError, UnexpectedError
from streamer.core.files.paths import expand_home
from streamer.outputs.summary import RunRecord

if TYPE_CHECKING:
    from streamer.batch.pipelines import Pipelines

_SCRATCH = "machine"  # the folder for unfinished work of whichever machine does the recording


def run_recordings(
    jobs: Sequence[Job], execution: Execution, stop: Callable[[], bool]
) -> Generator[tuple[Job, Progress | RunRecord], None, None]:
    """Progress and outcomes of all jobs as they come; see `run_tasks`."""
    if execution.backend == "ray":
        batch = uuid.uuid4().hex
        jobs = [_on_node(job, batch) for job in jobs]
    for event in run_tasks(jobs, make_recording_work, execution, stop):
        job = event.task
        if isinstance(event, Progressed):
            yield job, event.value
        elif isinstance(event, Finished):
            yield job, event.result
        elif isinstance(event, Died):
            yield job, failed_record(job, _death(job, event.how, execution))
        else:
            yield job, RunRecord(job.display_name, job.folder, "interrupted")


def make_recording_work() -> Work[Job, RunRecord]:
    """What one worker does; its models are loaded with the first recording."""
    from streamer.batch.pipelines import Pipelines

    return RecordingWork(Pipelines())


class RecordingWork:
    """Does recordings with the pipelines of this process."""

    def __init__(self, pipelines: Pipelines) -> None:
        self._pipelines = pipelines

    def __call__(self, job: Job, context: Context) -> RunRecord:
        """What nobody expected ends that recording alone, and this process."""
        from streamer.batch.recording import do_recording, unexpected
        from streamer.batch.work_folder import default_scratch

        if job.scratch == _SCRATCH:
            job = replace(job, scratch=str(default_scratch()))
        job = replace(job, anew=job.anew or context.attempt > 0)
        try:
            outcome = do_recording(job, self._pipelines, report=context.report, stop=context.stop)
        except (MerError, BrokenPipeError):
            raise
        except Exception as error:
            self._pipelines.is_spoilt = True
            logging.getLogger(__name__).debug("%s failed", job.display_name, exc_info=error)
            outcome = failed_record(job, unexpected(job, error))
        if self._pipelines.is_spoilt:
            context.retire()
        return outcome

    def close(self) -> None:
        """Free the models."""
        self._pipelines.close()


def _on_node(job: Job, batch: str) -> Job:
    """Unfinished work lies on the machine that does it; paths are made to hold there too."""
    output = job.output if "://" in job.output else str(expand_home(job.output).absolute())
    source = job.source
    if "://" not in source and source != "sample":
        source = str(expand_home(source).absolute())
    scratch = job.scratch or _SCRATCH
    return replace(job, output=output, source=source, scratch=scratch, batch=batch)


def _death(job: Job, how: str, execution: Execution) -> UnexpectedError:
    if execution.backend == "ray":
        reason = without_name(how, job.source, "", job.display_name)
        return UnexpectedError(
            f"{job.display_name}: its machines were lost {RETRIES + 1} times ({reason})."
        )
    limit = "" if execution.memory_mb is None else f"the limit of {execution.memory_mb} MB a worker"
    return UnexpectedError(
        f"{job.display_name}: the worker process died twice on it ({how}): it needs more memory "
        f"than {limit or 'there is'}, or there is a fault in native code. Give a higher "
        "--worker-memory with fewer --workers, or try it alone with mer-stream --verbose."
    )
