"""Where something outside the package may listen to what the API was told to do.

`notify` is None until somebody listens: then each effect costs one comparison.
"""

notify = None  # notify(kind, *details), called after the effect; see hilprobe.py
