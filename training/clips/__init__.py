"""What is done to a clip before it is described: magnification, interpolation, fewer frames.

Pure functions on grey clips [T, H, W]. Each has settings of its own that can be called, so that a
YAML file can list them (`training.clips.steps`).
"""
