"""Ablations and sweeps: one YAML file each, every row a leave-one-subject-out run."""
