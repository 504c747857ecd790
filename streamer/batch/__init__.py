"""Many recordings: what to do, done in processes or on machines, resumable."""
