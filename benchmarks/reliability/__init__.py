"""What the product promises under attack and under failure, measured through its command lines.

    python -m benchmarks.reliability --short            all parts, under four minutes
    python -m benchmarks.reliability --long --out DIR   10,000 mutants, an hour of live input
    python -m benchmarks.reliability --short --only yaml,urls --seed 3
    python -m benchmarks.reliability --write DIR/result.json    docs/reliability.md from a result

The exit code is 1 when a promise is broken.
"""
