"""SelfME (CVPR 2023): the motion learner of section 3.2 and the classifier of its motion."""
