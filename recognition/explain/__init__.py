"""Pictures that explain a recognition: motion, keypoints, reconstruction, attention.

`pictures` draws with NumPy and OpenCV alone; `gradcam` and `selfme` need torch, which
`load_explainers` imports when it is called.
"""

from recognition.explain.bundled import Explainers, load_explainers

__all__ = ["Explainers", "load_explainers"]
