"""Hand-made descriptors of a clip or of an onset-apex pair, one file each.

Each is a settings class that can be called with an input of its kind and gives a vector float32.
"""
