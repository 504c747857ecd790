"""Faces of a data set's clips, aligned and turned into motion maps once, by the streaming code."""
