"""The one reader of a port: a thread that takes bytes as they arrive and stamps them.

The thread only moves bytes; whoever owns the link pumps the protocols in its own thread. So serial
logs are whole even while nobody waits for the board, and a board that floods cannot block its UART.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from harness.deadline import Deadline
from harness.errors import LinkError, LinkLost, LinkOpenFailed, LinkTimeout

#: Called with the host's monotonic time in seconds, ``rx`` or ``tx``, and the bytes.
Listener = Callable[[float, str, bytes], None]

#: A board that floods at 115200 baud fills this in six minutes; a virtual one in about a second.
MAX_PENDING_BYTES = 4 * 1024 * 1024

#: How often a port that has gone is looked for.
REOPEN_LOOK_S = 0.1


class Port(Protocol):
    """What the tap reads: a port whose blocking read another thread can end."""

    @property
    def name(self) -> str:
        """What a message calls it."""
        ...

    def read_some(self) -> bytes:
        """Return what is there, waiting for it; empty after `cancel` or now and then.

        Raises:
            LinkLost: The port went away.
        """
        ...

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Send all of `data`; see `Link.write`."""
        ...

    def pulse_reset(self, hold: Deadline) -> None:
        """Pull the board's reset line until `hold`."""
        ...

    def cancel(self) -> None:
        """End a `read_some` that waits in another thread."""
        ...

    def close(self) -> None:
        """Give the port back."""
        ...


class Tap:
    """A `Link` over a port whose reading a thread of its own owns."""

    def __init__(self, open_port: Callable[[], Port], listener: Listener | None = None) -> None:
        """Open the port and start reading.

        Args:
            open_port: Opens the port; the tap closes it.
            listener: Is told of all bytes in both directions as they pass; must be quick.
        """
        self._open_port = open_port
        self._port = open_port()
        self.listener = listener
        self._chunks: deque[tuple[float, bytes]] = deque()
        self._pending_bytes = 0
        self._arrived = threading.Condition()
        self._lost: LinkError | None = None
        self._closed = False
        #: When the bytes that `read` returned last arrived, on the host's monotonic clock.
        self.arrived_s = time.monotonic()
        self._start()

    @property
    def name(self) -> str:
        """What a message calls the port."""
        return self._port.name

    def read(self, max_bytes: int, deadline: Deadline) -> bytes:
        """Return from 1 to `max_bytes` bytes; see `Link.read`."""
        with self._arrived:
            while not self._chunks:
                self._check_lost()
                if self._closed:
                    raise LinkLost("the port was closed while it was read", on=self.name)
                if not self._arrived.wait(deadline.remaining_s) and deadline.is_expired:
                    raise LinkTimeout(
                        f"nothing came within {deadline.total_s:g} s",
                        on=self.name,
                        expected="at least one byte",
                    )
            self.arrived_s, data = self._chunks.popleft()
            if len(data) > max_bytes:
                self._chunks.appendleft((self.arrived_s, data[max_bytes:]))
                data = data[:max_bytes]
            self._pending_bytes -= len(data)
            return data

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Send all of `data`; see `Link.write`."""
        self._check_lost()
        if self._closed:
            raise LinkLost("the port was closed before it was written to", on=self.name)
        if self.listener is not None:
            self.listener(time.monotonic(), "tx", data)
        self._port.write(data, deadline)

    def _check_lost(self) -> None:
        if self._lost is not None:
            # Whoever asks now met it at another place than those who asked before.
            raise self._lost.with_traceback(None)

    def pulse_reset(self, hold: Deadline) -> None:
        """Pull the board's reset line until `hold` and let it go."""
        self._port.pulse_reset(hold)

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Give the port to another program for a while, then take it back.

        Raises:
            LinkOpenFailed: The other program still holds it afterwards, or it has gone.
        """
        self.close()
        yield
        self._take_back()

    def reopen(self, deadline: Deadline) -> None:
        """Open the port anew after it was lost, once it is there again.

        Raises:
            LinkOpenFailed: It did not come back in time.
        """
        self.close()
        while True:
            try:
                self._take_back()
            except LinkOpenFailed:
                # A port that comes back announces itself to nobody here: it is looked for.
                if deadline.is_expired:
                    raise
                threading.Event().wait(min(REOPEN_LOOK_S, deadline.remaining_s))
            else:
                return

    def _take_back(self) -> None:
        self._port = self._open_port()
        self._chunks.clear()
        self._pending_bytes = 0
        self._lost = None
        self._closed = False
        self._start()

    def _start(self) -> None:
        name = f"tap {self._port.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread and give the port back. May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._port.cancel()
        self._thread.join(timeout=2.0)
        self._port.close()
        with self._arrived:
            self._arrived.notify_all()

    def _run(self) -> None:
        while not self._closed:
            try:
                data = self._port.read_some()
            except LinkError as error:
                with self._arrived:
                    self._lost = error
                    self._arrived.notify_all()
                return
            if not data:
                continue
            now_s = time.monotonic()
            with self._arrived:
                self._chunks.append((now_s, data))
                self._pending_bytes += len(data)
                while self._pending_bytes > MAX_PENDING_BYTES:
                    # Nobody reads: keep the newest, which hold the prompt that ends a flood.
                    self._pending_bytes -= len(self._chunks.popleft()[1])
                self._arrived.notify_all()
            if self.listener is not None:
                self.listener(now_s, "rx", data)
