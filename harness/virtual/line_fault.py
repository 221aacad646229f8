"""Bytes that a bad line loses or changes, by chance and always the same with one seed."""

from __future__ import annotations

import random
from collections.abc import Callable

from harness.virtual.fault import Fault

BITS = 8


class LineFault:
    """One direction of a line, as bad as a `Fault` says.

    Attributes:
        dropped_bytes: How many were lost.
        flipped_bytes: How many were changed.
    """

    def __init__(self, direction: str, deliver: Callable[[bytes], None]) -> None:
        """Begin with a line that is right.

        Args:
            direction: ``down`` or ``up``: what happens one way depends on nothing of the other.
            deliver: Takes what comes through.
        """
        self.dropped_bytes = 0
        self.flipped_bytes = 0
        self._direction = direction
        self._deliver = deliver
        self.set(Fault())

    def set(self, fault: Fault) -> None:
        """Be as bad as that from now on."""
        self._drop = fault.drop
        self._flip = fault.flip
        self._chance = random.Random(f"{fault.seed} {self._direction}")  # noqa: S311, no secret

    def carry(self, data: bytes) -> None:
        """Take what arrives, and hand on what is left of it."""
        if self._drop or self._flip:
            data = b"".join(map(self._carry_byte, data))
        if data:
            self._deliver(data)

    def _carry_byte(self, byte: int) -> bytes:
        if self._chance.random() < self._drop:
            self.dropped_bytes += 1
            return b""
        if self._chance.random() < self._flip:
            self.flipped_bytes += 1
            byte ^= 1 << self._chance.randrange(BITS)
        return bytes((byte,))
