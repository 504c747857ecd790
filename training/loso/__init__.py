"""Leave-one-subject-out benchmarks: folds, protocols, run folders, scores, tables."""
