"""Objects whose module is loaded when they are used first: heap is scarce, few programs use all.

(A module's own `__getattr__` would do, but the firmwares of the 1.9 generation have none.)
"""

import gc

from codey.script import point


class Later:
    """Stands for the object `device` of the module `codey.NAME`."""

    def __init__(self, name):
        self._name = name
        self._device = None

    def load(self):
        """Return the object itself."""
        if self._device is None:
            gc.collect()  # as in codey/__init__.py
            self._device = __import__("codey." + self._name, None, None, ("device",)).device
        return self._device

    def __getattr__(self, name):
        """Come between each use of the object, so each is a call at which a handler may end."""
        point()
        return getattr(self.load(), name)
