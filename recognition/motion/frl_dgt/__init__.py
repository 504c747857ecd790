"""FRL-DGT's displacement generation module (Zhai et al., CVPR 2023), a reconstruction."""
