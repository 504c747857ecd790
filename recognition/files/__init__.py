"""Files of models, which may come from strangers: read once, hashed once, checked before use."""
