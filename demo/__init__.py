"""The page of mer-stream: see a micro-expression happen, on this machine."""
