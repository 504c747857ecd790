"""`python -m streamer` is `mer-stream`."""

from streamer.cli import main

if __name__ == "__main__":
    main()
