"""The line of a `hil run` on one of several boards to the process that started it."""

from __future__ import annotations

import json
import os
import signal
import threading

#: The option by which a process knows that it is one of ours; see `ParentLine`.
FOR_PARENT = "--for-parent"


class ParentLine:
    """A process's line to the one that started it: what it says, and whether that one lives."""

    def __init__(self) -> None:
        """Keep standard output for what is said here, and watch standard input for its end."""
        # pytest puts something else in the place of both.
        self._out = os.dup(1)
        self._in = os.dup(0)
        threading.Thread(target=self._watch, name="parent", daemon=True).start()

    def say(self, message: dict[str, object]) -> None:
        """Send one message."""
        os.write(self._out, json.dumps(message).encode() + b"\n")

    def _watch(self) -> None:
        while os.read(self._in, 1):
            pass
        # Its end is the parent's: this run ends as by Ctrl-C, so that its board is given back.
        os.kill(os.getpid(), signal.SIGTERM)
