"""What the benchmark compares: one file for each method, named like it (`off_apexnet.py` is
`off-apexnet`), with a `METHOD` that says what it is. Files with a leading underscore are parts.
"""
