"""The comparison tables of the papers, run on whatever data is at hand; what every method is."""
