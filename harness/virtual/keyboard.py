"""What the client types, on its way to the interpreter; decides what byte 03 means.

A board's UART interrupt sees 03 when it arrives and raises KeyboardInterrupt if the program that
runs permits it; otherwise 03 is data. Here the interpreter must be asked, and input that it has not
read yet comes first: the program that 03 is meant for may still be in it.
"""

from __future__ import annotations

from typing import Protocol

#: What is kept for a program that does not read. Beyond it, bytes are lost as in a UART's overrun
#: while Ctrl-C is on (it must get through); with Ctrl-C off the client has to wait.
LIMIT_BYTES = 1 << 16
#: How long a 03 waits for an interpreter that is busy with what came before it, compiling for one.
HOLD_S = 0.05
_RETRY_S = 0.001
_CTRL_C = 3


class Target(Protocol):
    """What the keyboard needs of the interpreter's process."""

    @property
    def is_waiting(self) -> bool:
        """Whether all input is read and it waits for more, or for anything else."""
        ...

    @property
    def unread_bytes(self) -> int:
        """How much of its input it has not read yet."""
        ...

    def feed(self, data: bytes) -> int:
        """Take some of the data and return how much."""
        ...

    def interrupt(self) -> bool:
        """Raise KeyboardInterrupt if the program permits it now; return whether it was done."""
        ...


class Keyboard:
    """The queue of input.

    Attributes:
        is_binary: Whether the program has switched Ctrl-C off by `kbd_intr(-1)`.
        is_blocked: Whether the interpreter's input is full; `pump` again when it is writable.
        lost_bytes: What was dropped at `LIMIT_BYTES` or for want of room in the buffer.
    """

    def __init__(self, buffer_bytes: int = 0) -> None:
        """Begin empty.

        Args:
            buffer_bytes: What the receive buffer of the board's UART holds; 0 for no limit.
        """
        self._buffer_bytes = buffer_bytes
        self.is_binary = False
        self.is_blocked = False
        self.lost_bytes = 0
        self._queue = bytearray()
        self._held_since_s: float | None = None

    @property
    def has_room(self) -> bool:
        """Whether more should be read from the client."""
        return not self.is_binary or len(self._queue) < LIMIT_BYTES

    @property
    def is_held(self) -> bool:
        """Whether a 03 waits to be decided: `pump` again in a millisecond."""
        return self._held_since_s is not None

    def due_s(self, now_s: float) -> float | None:
        """When to `pump` again without anything having happened; None for not at all."""
        return now_s + _RETRY_S if self.is_held else None

    def clear(self) -> None:
        """Forget all input: the board was reset or has no supply."""
        self._queue.clear()
        self.restart(b"")

    def put(self, data: bytes, target: Target | None) -> None:
        """Take what the client has sent; `target` is None while there is no interpreter."""
        room = LIMIT_BYTES - len(self._queue)
        overruns = False
        if self._buffer_bytes:
            waiting = len(self._queue) + (target.unread_bytes if target is not None else 0)
            room = min(room, max(0, self._buffer_bytes - waiting))
            overruns = len(data) > room
        if overruns or (len(data) > room and not self.is_binary):
            if target is not None and _CTRL_C in data:
                target.interrupt()
            self.lost_bytes += len(data) - room
            data = data[:room]
        self._queue += data

    def restart(self, unread: bytes) -> None:
        """Begin with another run of the interpreter; `unread` is what the last one did not read."""
        self._queue[:0] = unread
        self.is_binary = False
        self.is_blocked = False
        self._held_since_s = None

    def pump(self, target: Target, now_s: float) -> None:
        """Pass on as much as the interpreter takes."""
        self.is_blocked = False
        passes = self.is_binary and not self._interrupts_after_all(target)
        while self._queue and not self.is_blocked:
            place = -1 if passes else self._queue.find(_CTRL_C)
            if place == 0:
                if not self._decide(target, now_s):
                    return
                continue
            wanted = len(self._queue) if place < 0 else place
            self._feed(target, wanted)
        if self.is_blocked and not passes:
            place = self._queue.find(_CTRL_C)
            if place >= 0 and target.interrupt():
                del self._queue[place]

    def _interrupts_after_all(self, target: Target) -> bool:
        # The program that had switched Ctrl-C off has ended and another one permits it again.
        if _CTRL_C in self._queue and target.interrupt():
            self._queue.remove(_CTRL_C)
            self.is_binary = False
        return not self.is_binary

    def _decide(self, target: Target, now_s: float) -> bool:
        """Deal with the 03 in front; False when that must wait."""
        if target.interrupt():
            del self._queue[0]
        elif not target.is_waiting and self._may_hold(now_s):
            return False
        else:
            self._feed(target, 1)
        self._held_since_s = None
        return True

    def _may_hold(self, now_s: float) -> bool:
        if self._held_since_s is None:
            self._held_since_s = now_s
        return now_s < self._held_since_s + HOLD_S

    def _feed(self, target: Target, count: int) -> None:
        taken = target.feed(bytes(self._queue[:count]))
        del self._queue[:taken]
        self.is_blocked = taken < count
