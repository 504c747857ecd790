"""SelfME's motion learner (Fan et al., CVPR 2023, section 3.2): keypoints, dense motion, splines."""
