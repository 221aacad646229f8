"""Protocol cores: bytes in, events out; no operating system."""
