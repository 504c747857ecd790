"""The demo page of mer-stream; not built yet."""
