"""The portraits that nothing is trained or tuned on, by file name without suffix.

The other pictures of the folder are for training. Scripts beside this one score on these.
"""

HELD_OUT = (
    "liveportrait_s3", "liveportrait_s7", "liveportrait_s10", "sadtalker_art_2",
    "sadtalker_art_3", "sadtalker_art_5", "sadtalker_art_6", "sadtalker_art_9", "sadtalker_full3",
)  # fmt: skip
