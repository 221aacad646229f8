"""What one connection of a scripted broker has to say, piece by piece, each in its time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from harness.broker.scripted_pipe import Pipe
from harness.broker.scripted_record import Record, WirePacket
from harness.broker.scripted_step import Ack, End, Send
from harness.wire.mqtt_packet import Packet
from harness.wire.mqtt_session import BrokerSession


@dataclass(frozen=True)
class _Item:
    """A piece of what is to be said, or an end.

    Attributes:
        wait_s: How long after the item before it.
        data: The piece.
        whole: With the last piece: all that it ends, for the record.
        end: What happens instead of saying something.
    """

    wait_s: float
    data: bytes = b""
    whole: Packet | bytes | None = None
    end: End | None = None


class SayQueue:
    """Items are taken in order, and time passes between them; one thread uses it.

    Attributes:
        is_mute: Whether nothing is said any more; ends are still brought about.
    """

    def __init__(
        self,
        number: int,
        pipe: Pipe,
        session: BrokerSession,
        record: Record,
        on_end: Callable[[End], None],
    ) -> None:
        """Begin with nothing to say.

        Args:
            number: Of the connection, for the record.
            pipe: Where bytes go.
            session: What is told of all that is said, when it is said.
            record: What is told of it too.
            on_end: Called when an end has its turn.
        """
        self.is_mute = False
        self._number = number
        self._pipe = pipe
        self._session = session
        self._record = record
        self._on_end = on_end
        self._items: deque[_Item] = deque()
        self._unsent = b""
        self._ready_at_s: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether all was said."""
        return not (self._items or self._unsent)

    @property
    def wants_to_write(self) -> bool:
        """Whether the network has to make room first."""
        return bool(self._unsent)

    @property
    def due_at_s(self) -> float | None:
        """When the next item has its turn; None when that is not a matter of time."""
        return self._ready_at_s

    def say(self, how: Send | Ack, what: Packet | bytes) -> None:
        """Put something at the end, in the pieces and copies that a step asks for."""
        data = what if isinstance(what, bytes) else what.encode()
        for _ in range(how.copies):
            *first, (wait_s, last) = how.pieces(data)
            self._items += [_Item(each_s, piece) for each_s, piece in first]
            self._items.append(_Item(wait_s, last, what))

    def pause(self, duration_s: float) -> None:
        """Put time between what stands in the queue and what comes."""
        self._items.append(_Item(duration_s))

    def end(self, how: End) -> None:
        """Put an end at the end."""
        self._items.append(_Item(0.0, end=how))

    def advance(self) -> bool:
        """Do what has its turn; return whether something else may have it at once."""
        if self._unsent:
            self._write()
            return not self._unsent
        if not self._items:
            return False
        item = self._items[0]
        now_s = time.monotonic()
        if self._ready_at_s is None:
            self._ready_at_s = now_s + item.wait_s
        if now_s < self._ready_at_s:
            return False
        self._ready_at_s = None
        self._items.popleft()
        if item.end is not None:
            self._on_end(item.end)
        elif not self.is_mute:
            # Only now is it said, so that the session judges by what the client can have seen.
            self._session.send(item.data)
            self._unsent = self._session.data_to_send()
            if item.whole is not None:
                self._note(item.whole)
        return True

    def _write(self) -> None:
        try:
            size = self._pipe.write(self._unsent)
        except OSError:
            # The client has closed. What it sent before can still be read, and the end of that
            # tells how it closed.
            self.is_mute = True
            self._unsent = b""
            return
        if size:
            self._record.add_bytes(self._number, self._unsent[:size], is_received=False)
            self._unsent = self._unsent[size:]

    def _note(self, whole: Packet | bytes) -> None:
        packet, data = (None, whole) if isinstance(whole, bytes) else (whole, b"")
        now_s = time.monotonic()
        self._record.add_packet(
            WirePacket(now_s, self._number, is_received=False, packet=packet, data=data)
        )
