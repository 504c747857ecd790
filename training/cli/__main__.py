"""`python -m training.cli` is `mer-train`."""

from training.cli.app import main

main()
