"""Names for modules: those of the 1.9 generation, and the interpreter's own behind the models."""

import sys


class Alias:
    """Stands for a module that is only loaded when it is used, as heap is scarce."""

    def __init__(self, name, model):
        self._name = name
        self._model = model

    def __getattr__(self, name):
        module = __import__(self._model)
        sys.modules[self._name] = module
        return getattr(module, name)


def builtin(name):
    """Return the interpreter's own module of that name, past the model and its alias."""
    alias = sys.modules.pop("u" + name, None)
    # A name with a u in front bypasses the files on sys.path.
    module = __import__("u" + name)
    if alias is not None:
        sys.modules["u" + name] = alias
    return module
