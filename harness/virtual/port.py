"""The board's port and the control socket beside it; the two go away and come back together."""

from __future__ import annotations

from harness.virtual.control import ControlServer, Handler
from harness.virtual.terminal import Terminal


class Port:
    """The connectors of a virtual board.

    Attributes:
        terminal: The serial port.
        control: The control socket.
    """

    def __init__(self, handler: Handler) -> None:
        """Make both.

        Args:
            handler: Does what a verb of the control socket says.
        """
        self.terminal = Terminal()
        self.control = ControlServer(self.terminal.path, handler)
        self._is_away = False
        self._returns_at_s: float | None = None

    @property
    def path(self) -> str:
        """What a client opens; empty while the port is away."""
        return "" if self._returns_at_s is not None else self.terminal.path

    @property
    def due_s(self) -> float | None:
        """When `advance` has something to do; None for not at all."""
        return self._returns_at_s

    def vanish(self, until_s: float) -> None:
        """Go away: who has the port open sees a hang-up. Connections to the control socket stay.

        Args:
            until_s: When to come back, under another name.
        """
        self._returns_at_s = until_s

    def advance(self, now_s: float) -> None:
        """Go away, or come back, when it is time."""
        if self._returns_at_s is None:
            return
        if not self._is_away:
            # The loop still had its descriptor in hand when it was to vanish. The new one is made
            # first: the system would give the old one's number away again.
            gone, self.terminal = self.terminal, Terminal()
            gone.close()
            self.control.hide()
            self._is_away = True
        if now_s >= self._returns_at_s:
            self._is_away = False
            self._returns_at_s = None
            self.control.listen(self.terminal.path)

    def close(self) -> None:
        """Give both up."""
        self.control.close()
        self.terminal.close()
