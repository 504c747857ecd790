"""Trains FRL-DGT (Zhai et al., CVPR 2023) end to end, and exports it for streaming."""
