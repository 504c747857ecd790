"""The command line `mer-train`: options in, exit code out."""

from training.cli.app import app, main

__all__ = ["app", "main"]
