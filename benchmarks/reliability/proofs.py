"""Tests under tests/ that prove a row of the fault matrix besides the run itself."""

from __future__ import annotations

_LIVE = "streamer/sources/test_live.py::"
_NETWORK = "streamer/sources/test_network.py::"
_PROCESS = "streamer/test_cli_process.py::"
_FAULTS = "streamer/sources/test_live_faults.py::"
_TRIED = f"{_FAULTS}test_a_camera_that_was_there_is_tried_again_whatever_it_answers"
_FIRST = f"{_FAULTS}test_the_first_connection_fails_at_once"
_MUTANTS = "streamer/sources/test_mutants.py::"
_SIGNALS = "streamer/test_signals.py::"
_LOST = f"{_LIVE}test_lost_camera_is_reconnected_and_time_goes_on"
_AGAIN = f"{_NETWORK}test_network_camera_is_live_and_reconnected"
_STOPPED = f"{_PROCESS}test_interrupted_run_flushes_the_open_event_and_closes_the_files"
_RESUMED = (
    "streamer/batch/test_run.py::test_killed_and_resumed_is_as_never_killed",
    "streamer/batch/test_recording.py::test_stopped_and_resumed_is_as_never_stopped",
)

PROOFS: dict[str, tuple[str, ...]] = {
    "live start": (
        f"{_FAULTS}test_what_came_while_the_stream_was_opened_is_not_dropped",
        "streamer/test_cli.py::test_models_are_loaded_before_a_live_source_is_opened",
    ),
    "camera lost and back (flv)": (_TRIED,),
    "404 for a while": (_TRIED,),
    "503 for a while": (_TRIED,),
    "accepted and closed for a while": (
        _TRIED,
        f"{_FAULTS}test_connections_that_last_for_one_frame_are_not_tried_for_ever",
    ),
    "503 from the start": (_FIRST,),
    "404 from the start": (_FIRST,),
    "30 % of the transport packets lost": (f"{_MUTANTS}test_frames_that_are_missing_are_reported",),
    "bytes changed": (f"{_MUTANTS}test_damage_is_an_error_or_reported",),
    "clock jumps ahead by an hour": (f"{_MUTANTS}test_times_that_contradict_the_header",),
    "signal while models load": (f"{_SIGNALS}test_a_signal_at_any_moment",),
    "model file replaced during a run": (
        "streamer/batch/test_models.py::test_other_bytes_are_an_error_of_the_model",
    ),
    "camera lost and back (mpegts)": (_LOST, f"{_LIVE}test_the_gap_is_kept_by_the_clock"),
    "camera lost and back (mpjpeg)": (_AGAIN,),
    "stalled read": (
        f"{_FAULTS}test_a_stalled_read_is_a_loss",
        f"{_LIVE}test_abandoned_reader_adds_nothing_when_it_wakes",
    ),
    "server killed and restarted": (
        f"{_LIVE}test_back_off_doubles_up_to_its_cap",
        f"{_LIVE}test_attempts_count_anew_after_a_success",
    ),
    "refused from the start": (f"{_NETWORK}test_wrong_addresses_are_said",),
    "clock jumps back by 5 s": (
        "streamer/sources/test_timing.py::test_after_a_jump_back_the_spacing_stays_true",
    ),
    "slow consumer": (f"{_LIVE}test_the_oldest_frames_are_dropped_and_counted",),
    "camera lost during a movement": (
        "streamer/test_live_real.py::"
        "test_a_movement_that_is_open_at_the_loss_is_recognised_and_marked",
        "streamer/outputs/test_events.py::test_a_cut_event_is_marked_and_read_back",
    ),
    "SIGTERM": (_STOPPED,),
    "SIGINT": (_STOPPED,),
    "disk full": (
        "streamer/test_cli.py::test_full_disk_stops_with_a_sentence_and_other_outputs_are_whole",
    ),
    "device full": (f"{_PROCESS}test_a_full_standard_output_is_a_sentence",),
    "output folder removed": (
        "streamer/test_lost_outputs.py::test_the_folder_vanishes",
        "streamer/batch/test_hostile.py::test_results_that_vanish_while_the_batch_runs_are_no_success",
    ),
    "standard streams closed": (
        "streamer/test_standard_streams.py::test_a_run_with_closed_streams",
        "streamer/test_standard_streams.py::test_closed_and_full_streams",
    ),
    "reader of a pipe gone": (f"{_PROCESS}test_a_closed_pipe_ends_the_run_quietly",),
    "mer-batch: kill -9": _RESUMED,
    "mer-batch: SIGTERM": _RESUMED,
    "mer-batch: bad files beside a good one": (
        "streamer/batch/test_run.py::test_a_batch_with_a_bad_file",
    ),
    "mer-batch: a worker is killed": (
        "streamer/batch/test_run.py::test_a_worker_that_dies_takes_one_recording_with_it",
        "streamer/batch/test_engine.py::test_a_worker_that_dies_idle_is_replaced",
    ),
    "mer-batch: memory limit of a worker": (
        "streamer/batch/test_worker_memory.py::"
        "test_a_recording_over_the_limit_is_a_sentence_and_the_rest_goes_on",
    ),
}
