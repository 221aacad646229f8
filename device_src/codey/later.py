"""Objects whose module is loaded when they are used first: heap is scarce, few programs use all.

(A module's own `__getattr__` would do, but the firmwares of the 1.9 generation have none.)
"""

import gc

from codey import script


class Later:
    """Stands for the object `name` of the module `codey.MODULE`."""

    def __init__(self, module, name):
        self._module = module
        self._name = name
        self._device = None

    def load(self):
        """Return the object itself."""
        if self._device is None:
            # The compiler needs more stack than a handler has.
            script.in_main(self._import)
        return self._device

    def _import(self):
        gc.collect()  # as in codey/__init__.py
        module = __import__("codey." + self._module, None, None, (self._name,))
        self._device = getattr(module, self._name)

    def __getattr__(self, name):
        """Come between each use of the object, so each is a call at which a handler may end."""
        script.point()
        return getattr(self.load(), name)


class LaterSpeaker(Later):
    """The speaker has attributes that are set, for which there is no `__getattr__`."""

    @property
    def volume(self):
        """As of codey.tone.Speaker."""
        return self.load().volume

    @volume.setter
    def volume(self, value):
        self.load().volume = value

    @property
    def tempo(self):
        """As of codey.tone.Speaker."""
        return self.load().tempo

    @tempo.setter
    def tempo(self, value):
        self.load().tempo = value
