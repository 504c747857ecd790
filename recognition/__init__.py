"""Emotion of an onset-apex pair: a motion front-end, a classifier, and one loader for both.

`recognition.loading.load_recognizer` opens a model; its `recognize` answers for two aligned faces.
"""
