"""Pictures that explain a recognition: motion, keypoints, reconstruction, attention.

`pictures` draws with NumPy and OpenCV alone; `gradcam` and `selfme` need torch.
"""
