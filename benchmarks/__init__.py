"""Measurements behind the figures of the documentation. Run from the root of the repository."""
