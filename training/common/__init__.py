"""What the rooms of training share: records, metrics, losses, files, options, plots."""
