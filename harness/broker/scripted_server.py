"""The thread of a scripted broker: one selector, one listener, any number of connections."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from harness.broker.scripted_connection import Connection
from harness.broker.scripted_pipe import Pipe, PlainPipe

#: Connections that wait to be accepted.
BACKLOG = 16


class Server:
    """Owns the sockets; `call` is the only way in from another thread."""

    def __init__(
        self,
        address: tuple[str, int],
        make_connection: Callable[[Pipe], Connection],
        on_over: Callable[[BaseException | None], None],
        *,
        receive_buffer_bytes: int | None,
    ) -> None:
        """Listen, and start the thread.

        Args:
            address: Host and port.
            make_connection: Called for each accepted connection.
            on_over: Called when the thread ends, with the error that ended it, if any.
            receive_buffer_bytes: Size of the sockets' receive buffers, None for the system's.

        Raises:
            OSError: The address cannot be listened on.
        """
        self._address = address
        self._make_connection = make_connection
        self._on_over = on_over
        self._receive_buffer_bytes = receive_buffer_bytes
        self._selector = selectors.DefaultSelector()
        self._calls: deque[tuple[Callable[[], None], threading.Event]] = deque()
        self._lock = threading.Lock()
        self._is_stopping = False
        self._is_over = False
        self._connections: list[Connection] = []
        self._listener: socket.socket | None = None
        self._error: BaseException | None = None
        self._ear, self._bell = socket.socketpair()
        try:
            self._ear.setblocking(False)  # noqa: FBT003 - the socket's own signature
            self._selector.register(self._ear, selectors.EVENT_READ)
            self.listen()
        except BaseException:
            self._release()
            raise
        self._thread = threading.Thread(target=self._run, name="scripted broker", daemon=True)
        self._thread.start()

    # Any thread.

    def call(self, function: Callable[[], None]) -> bool:
        """Run a function in the broker's thread, and wait until it has run.

        The thread never blocks, so this needs no deadline.

        Returns:
            False when the thread has ended instead.
        """
        done = threading.Event()
        with self._lock:
            if self._is_over:
                return False
            self._calls.append((function, done))
            self._bell.send(b"\0")
        done.wait()
        if self._error is None:
            return True
        self._thread.join()
        return False

    def stop(self) -> None:
        """End the thread and close everything. May be called twice."""
        self.call(self._stop)
        self._thread.join()

    # The broker's thread, or before it runs.

    def _stop(self) -> None:
        self._is_stopping = True

    def listen(self) -> None:
        """Take connections, from now on or again."""
        if self._listener is not None:
            return
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self._receive_buffer_bytes is not None:
                # Accepted sockets take it over; set later it would not shrink the window.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer_bytes)
            listener.bind(self._address)
            listener.listen(BACKLOG)
            listener.setblocking(False)  # noqa: FBT003 - the socket's own signature
        except OSError:
            listener.close()
            raise
        self._listener = listener
        self._selector.register(listener, selectors.EVENT_READ)

    def shut(self) -> None:
        """Refuse connections, as a broker does that is not running."""
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None

    def _run(self) -> None:
        try:
            while not self._is_stopping:
                self._turn()
        except BaseException as error:  # noqa: BLE001 - whoever waits for the broker raises it
            self._error = error
        finally:
            self._release()

    def _turn(self) -> None:
        """Wait for one thing to happen, and handle it."""
        dues = [each.due_at_s for each in self._connections]
        first = min((each for each in dues if each is not None), default=None)
        timeout_s = None if first is None else max(0.0, first - time.monotonic())
        for key, _ in self._selector.select(timeout_s):
            if key.fileobj is self._ear:
                self._ear.recv(4096)
            elif key.fileobj is self._listener:
                self._accept()
            elif isinstance(key.data, Connection) and key.data.wants_to_read:
                key.data.read()
        while self._calls:
            function, done = self._calls.popleft()
            try:
                function()
            except BaseException as error:
                self._error = error
                raise
            finally:
                done.set()
        # A packet on one connection may have something said on another.
        for connection in tuple(self._connections):
            connection.advance()
            self._watch(connection)

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            accepted, _ = self._listener.accept()
        except OSError:
            # The client was gone before it was accepted: there is no connection to tell of.
            return
        self._connections.append(self._make_connection(PlainPipe(accepted)))

    def _watch(self, connection: Connection) -> None:
        """Let the selector wait for what a connection waits for."""
        known = self._registered(connection)
        events = 0
        if not connection.is_closed:
            events |= selectors.EVENT_READ if connection.wants_to_read else 0
            events |= selectors.EVENT_WRITE if connection.wants_to_write else 0
        if known is not None and known.events != events:
            self._selector.unregister(known.fileobj)
            known = None
        if events and known is None:
            self._selector.register(connection.pipe.fileno(), events, connection)
        if connection.is_closed:
            self._connections.remove(connection)

    def _registered(self, connection: Connection) -> selectors.SelectorKey | None:
        keys = self._selector.get_map().values()
        return next((key for key in keys if key.data is connection), None)

    def _release(self) -> None:
        """Close everything, and let nobody wait."""
        for connection in self._connections:
            connection.abandon()
        self._connections.clear()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._selector.close()
        with self._lock:
            self._on_over(self._error)
            self._is_over = True
            for _, done in self._calls:
                done.set()
            self._calls.clear()
            self._ear.close()
            self._bell.close()
