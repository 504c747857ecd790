"""Tests under tests/ that prove a row of the fault matrix besides the run itself, by name."""

from __future__ import annotations

PROOFS: dict[str, tuple[str, ...]] = {
    "live start": (
        "test_what_came_while_the_stream_was_opened_is_not_dropped",
        "test_models_are_loaded_before_a_live_source_is_opened",
    ),
    "camera lost and back (flv)": (
        "test_a_camera_that_was_there_is_tried_again_whatever_it_answers",
    ),
    "404 for a while": ("test_a_camera_that_was_there_is_tried_again_whatever_it_answers",),
    "503 for a while": ("test_a_camera_that_was_there_is_tried_again_whatever_it_answers",),
    "accepted and closed for a while": (
        "test_a_camera_that_was_there_is_tried_again_whatever_it_answers",
        "test_connections_that_last_for_one_frame_are_not_tried_for_ever",
    ),
    "503 from the start": ("test_the_first_connection_fails_at_once",),
    "404 from the start": ("test_the_first_connection_fails_at_once",),
    "30 % of the transport packets lost": ("test_frames_that_are_missing_are_reported",),
    "bytes changed": ("test_damage_is_an_error_or_reported",),
    "clock jumps ahead by an hour": ("test_times_that_contradict_the_header",),
    "signal while models load": ("test_a_signal_at_any_moment",),
    "model file replaced during a run": ("test_other_bytes_are_an_error_of_the_model",),
    "camera lost and back (mpegts)": (
        "test_lost_camera_is_reconnected_and_time_goes_on",
        "test_the_gap_is_kept_by_the_clock",
    ),
    "camera lost and back (mpjpeg)": ("test_network_camera_is_live_and_reconnected",),
    "stalled read": (
        "test_a_stalled_read_is_a_loss",
        "test_abandoned_reader_adds_nothing_when_it_wakes",
    ),
    "server killed and restarted": (
        "test_back_off_doubles_up_to_its_cap",
        "test_attempts_count_anew_after_a_success",
    ),
    "refused from the start": ("test_wrong_addresses_are_said",),
    "clock jumps back by 5 s": ("test_after_a_jump_back_the_spacing_stays_true",),
    "slow consumer": ("test_the_oldest_frames_are_dropped_and_counted",),
    "camera lost during a movement": (
        "test_a_movement_that_is_open_at_the_loss_is_recognised_and_marked",
        "test_a_cut_event_is_marked_and_read_back",
    ),
    "SIGTERM": ("test_interrupted_run_flushes_the_open_event_and_closes_the_files",),
    "SIGINT": ("test_interrupted_run_flushes_the_open_event_and_closes_the_files",),
    "disk full": ("test_full_disk_stops_with_a_sentence_and_other_outputs_are_whole",),
    "device full": ("test_a_full_standard_output_is_a_sentence",),
    "output folder removed": (
        "test_the_folder_vanishes",
        "test_results_that_vanish_while_the_batch_runs_are_no_success",
    ),
    "standard streams closed": ("test_a_run_with_closed_streams", "test_closed_and_full_streams"),
    "reader of a pipe gone": ("test_a_closed_pipe_ends_the_run_quietly",),
    "mer-batch: kill -9": (
        "test_killed_and_resumed_is_as_never_killed",
        "test_stopped_and_resumed_is_as_never_stopped",
    ),
    "mer-batch: SIGTERM": (
        "test_killed_and_resumed_is_as_never_killed",
        "test_stopped_and_resumed_is_as_never_stopped",
    ),
    "mer-batch: bad files beside a good one": ("test_a_batch_with_a_bad_file",),
    "mer-batch: a worker is killed": (
        "test_a_worker_that_dies_takes_one_recording_with_it",
        "test_a_worker_that_dies_idle_is_replaced",
    ),
    "mer-batch: memory limit of a worker": (
        "test_a_recording_over_the_limit_is_a_sentence_and_the_rest_goes_on",
    ),
}
