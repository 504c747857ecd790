"""`python -m streamer` is `mer-stream`. A signal ends it with 130 from its first moment on."""

from __future__ import annotations

import signal
import sys

from streamer.core.errors import EXIT_INTERRUPTED


def main() -> None:
    """Entry point of `mer-stream`."""
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        from streamer.cli.stream import main as run
    except KeyboardInterrupt:  # while the command line is being imported
        sys.exit(EXIT_INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
