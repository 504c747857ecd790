"""Recognition models of the benchmark: motion maps in, class probabilities out, one file each."""
