"""Spotters of the literature, run on the streaming aligner's faces, to compare ours with."""
