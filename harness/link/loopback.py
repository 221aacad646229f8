r"""A link whose far side is a function: a scripted peer in the place of a board.

What the peer answers is there at once; what nobody answers is waited for until the deadline, as on
any link. So the code above is driven through each answer that a board can give, also through those
that no healthy board gives, and needs no port and no process for it.

    link = Loopback(Script([(b"\r\x03\x03\r\x01", b"raw REPL; CTRL-B to exit\r\n>")]))
    Repl(link).enter(Deadline.after(1.0))
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Protocol

from harness.deadline import Deadline
from harness.errors import LinkLost, LinkTimeout, LocalProtocolError


class Peer(Protocol):
    """The far side of a `Loopback`."""

    def answer(self, data: bytes) -> bytes:
        """Return what it says to bytes that were written to it.

        Raises:
            LinkLost: It unplugs itself; the link is lost from then on.
        """
        ...

    def speak(self) -> bytes:
        """Return what it says unasked, when all that it said before has been read."""
        ...


class Silence:
    """A peer that takes everything and says nothing."""

    def answer(self, data: bytes) -> bytes:  # noqa: ARG002, the form is the protocol's
        """Return nothing."""
        return b""

    def speak(self) -> bytes:
        """Return nothing."""
        return b""


class Echo(Silence):
    """A peer that sends back what it gets: a plug with both lines joined."""

    def answer(self, data: bytes) -> bytes:
        """Return the same bytes."""
        return data


class Flood(Silence):
    """A peer that says the same for ever, whatever it is told."""

    def __init__(self, data: bytes) -> None:
        """Say `data` without an end; must not be empty."""
        self._data = data

    def speak(self) -> bytes:
        """Return the bytes once more."""
        return self._data


class Script(Silence):
    """A peer that expects certain bytes, one after the other, and has an answer to each.

    Attributes:
        heard: All bytes that were written to it.
    """

    def __init__(self, steps: Iterable[tuple[bytes, bytes]]) -> None:
        """Take the script.

        Args:
            steps: What has to come, in any split, and what is said once it is whole. An expectation
                that is empty takes whatever comes.
        """
        self._steps = list(steps)
        self._partial = bytearray()
        self.heard = b""

    @property
    def is_finished(self) -> bool:
        """Whether all that the script expects has come."""
        return not self._steps

    def answer(self, data: bytes) -> bytes:
        """Return the answers to the steps that these bytes complete.

        Raises:
            LocalProtocolError: The near side says something else than the script expects of it.
        """
        self.heard += data
        self._partial += data
        said = b""
        while self._partial:
            if not self._steps:
                raise self._broken(b"")
            expected, reply = self._steps[0]
            size = len(expected) or len(self._partial)
            if bytes(self._partial[:size]) != (expected or self._partial)[: len(self._partial)]:
                raise self._broken(expected)
            if len(self._partial) < size:
                break
            del self._partial[:size]
            del self._steps[0]
            said += reply
        return said

    def _broken(self, expected: bytes) -> LocalProtocolError:
        return LocalProtocolError(
            "the near side does not keep to the script",
            expected=repr(expected) if expected else "nothing more",
            got=repr(bytes(self._partial)),
        )


class Loopback:
    """A `Link` to a peer in the same process; `feed` may be called from another thread."""

    def __init__(self, peer: Peer, *, name: str = "loopback", piece_bytes: int = 4096) -> None:
        """Connect to a peer.

        Args:
            peer: The far side.
            name: What messages call the link.
            piece_bytes: At most so many bytes come in one read: 1 shows every split.
        """
        self._peer = peer
        self._name = name
        self._piece_bytes = piece_bytes
        self._pending = bytearray()
        self._arrived = threading.Condition()
        self._is_lost = False

    @property
    def name(self) -> str:
        """What a message calls it."""
        return self._name

    def read(self, max_bytes: int, deadline: Deadline) -> bytes:
        """Return from 1 to `max_bytes` bytes; see `Link.read`."""
        with self._arrived:
            if not self._pending and not self._is_lost:
                self._pending += self._peer.speak()
            while not self._pending:
                if self._is_lost:
                    raise LinkLost("the peer has gone", on=self._name)
                if not self._arrived.wait(deadline.remaining_s) and deadline.is_expired:
                    raise LinkTimeout(
                        f"nothing came within {deadline.total_s:g} s",
                        on=self._name,
                        expected="at least one byte",
                    )
            size = min(max_bytes, self._piece_bytes)
            data = bytes(self._pending[:size])
            del self._pending[:size]
            return data

    def write(self, data: bytes, deadline: Deadline) -> None:  # noqa: ARG002, never has to wait
        """Hand all of `data` to the peer; see `Link.write`."""
        if self._is_lost:
            raise LinkLost("the peer has gone", on=self._name)
        try:
            self.feed(self._peer.answer(data))
        except LinkLost:
            self.close()
            raise

    def feed(self, data: bytes) -> None:
        """Let bytes arrive that nobody asked for."""
        with self._arrived:
            self._pending += data
            self._arrived.notify_all()

    def close(self) -> None:
        """Unplug the peer: what has arrived can still be read. May be called twice."""
        with self._arrived:
            self._is_lost = True
            self._arrived.notify_all()
