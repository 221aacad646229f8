"""The tap: order, stamps, its bounded buffer, and every way in which a read can end."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.deadline import Deadline
from harness.errors import LinkError, LinkLost, LinkOpenFailed, LinkTimeout
from harness.link import tap as tap_module
from harness.link.tap import Tap


class QueuePort:
    """A port whose far side is a queue: bytes, an error, or empty bytes that end a read.

    Attributes:
        taken: Released once for each item that the tap's thread has come back from.
    """

    name = "queue"

    def __init__(self) -> None:
        self.items: queue.Queue[bytes | LinkError] = queue.Queue()
        self.written: list[bytes] = []
        self.closed = 0
        self.reads = 0
        self.reading = threading.Semaphore(0)

    def read_some(self) -> bytes:
        """Return the next item, or raise it."""
        self.reading.release()
        item = self.items.get()
        if isinstance(item, LinkError):
            raise item
        return item

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Keep it."""
        self.written.append(data)

    def pulse_reset(self, hold: Deadline) -> None:
        """Note it."""
        self.written.append(b"<reset>")

    def cancel(self) -> None:
        """End a read."""
        self.items.put(b"")

    def close(self) -> None:
        """Count it."""
        self.closed += 1

    def await_reads(self, count: int) -> None:
        """Wait until the tap has begun so many reads: all items before are in its buffer."""
        while self.reads < count:
            assert self.reading.acquire(timeout=5.0)
            self.reads += 1


def soon() -> Deadline:
    """Return a deadline that only a hang misses."""
    return Deadline.after(5.0)


@pytest.fixture
def port() -> QueuePort:
    """The port that the tap reads."""
    return QueuePort()


@pytest.fixture
def heard() -> list[tuple[float, str, bytes]]:
    """What the listener was told."""
    return []


@pytest.fixture
def tap(port: QueuePort, heard: list[tuple[float, str, bytes]]) -> Iterator[Tap]:
    """A tap on the port."""
    tap = Tap(lambda: port, lambda *said: heard.append(said))
    yield tap
    tap.close()


def test_bytes_come_in_order_with_their_stamps(tap: Tap, port: QueuePort) -> None:
    before_s = time.monotonic()
    port.items.put(b"one")
    port.items.put(b"two")
    port.await_reads(3)
    between_s = time.monotonic()
    assert tap.read(100, soon()) == b"one"
    first_s = tap.arrived_s
    assert tap.read(100, soon()) == b"two"
    assert before_s <= first_s <= tap.arrived_s <= between_s
    port.items.put(b"three")
    assert tap.read(100, soon()) == b"three"
    assert tap.arrived_s >= between_s, "the stamp is that of the arrival"


@given(st.lists(st.binary(min_size=1, max_size=9), max_size=9), st.integers(1, 10))
def test_any_size_of_read_gives_all_bytes(chunks: list[bytes], max_bytes: int) -> None:
    port = QueuePort()
    tap = Tap(lambda: port)
    for chunk in chunks:
        port.items.put(chunk)
    sent, came = b"".join(chunks), b""
    while len(came) < len(sent):
        data = tap.read(max_bytes, soon())
        assert 1 <= len(data) <= max_bytes
        came += data
    assert came == sent
    tap.close()


def test_read_of_nothing_ends_by_its_deadline(tap: Tap) -> None:
    began_s = time.monotonic()
    with pytest.raises(LinkTimeout, match=r"nothing came within 0\.05 s"):
        tap.read(1, Deadline.after(0.05))
    assert 0.05 <= time.monotonic() - began_s < 1.0


def test_read_is_woken_by_the_byte(tap: Tap, port: QueuePort) -> None:
    timer = threading.Timer(0.05, port.items.put, [b"late"])
    timer.start()
    deadline = Deadline.after(30.0)
    assert tap.read(9, deadline) == b"late"
    assert deadline.remaining_s > 25
    timer.join()


def test_listener_is_told_both_directions(
    tap: Tap, port: QueuePort, heard: list[tuple[float, str, bytes]]
) -> None:
    tap.write(b"ask", soon())
    port.items.put(b"answer")
    port.await_reads(2)
    assert [(way, data) for _, way, data in heard] == [("tx", b"ask"), ("rx", b"answer")]
    assert port.written == [b"ask"]
    assert heard[0][0] <= heard[1][0] <= time.monotonic()


def test_flood_that_nobody_reads_keeps_the_newest(
    tap: Tap, port: QueuePort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tap_module, "MAX_PENDING_BYTES", 30)
    for number in range(10):
        port.items.put(b"%09d\n" % number)
    port.await_reads(11)
    came = b"".join(tap.read(100, soon()) for _ in range(3))
    assert came == b"000000007\n000000008\n000000009\n"
    with pytest.raises(LinkTimeout):
        tap.read(1, Deadline.after(0))
    port.items.put(b"x" * 30)
    assert tap.read(100, soon()) == b"x" * 30, "what was read counts no more"


def test_lost_port_gives_what_came_before_and_then_the_error(tap: Tap, port: QueuePort) -> None:
    port.items.put(b"last")
    port.items.put(LinkLost("unplugged", on="queue"))
    assert tap.read(9, soon()) == b"last"
    for _ in range(2):
        with pytest.raises(LinkLost, match="unplugged"):
            tap.read(9, soon())
    with pytest.raises(LinkLost, match="unplugged"):
        tap.write(b"x", soon())
    assert port.written == []


def waiting(tap: Tap) -> tuple[threading.Thread, list[BaseException]]:
    """Start a reader in a thread of its own; return it and what its read raised."""
    raised: list[BaseException] = []

    def read() -> None:
        try:
            tap.read(1, Deadline.after(30.0))
        except LinkError as error:
            raised.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    return reader, raised


@pytest.mark.parametrize("end", ["close", "lose"])
def test_reader_is_woken_by_the_end_of_the_port(tap: Tap, port: QueuePort, end: str) -> None:
    reader, raised = waiting(tap)
    if end == "close":
        tap.close()
    else:
        port.items.put(LinkLost("unplugged"))
    reader.join(5.0)
    assert not reader.is_alive()
    assert isinstance(raised[0], LinkLost)


def test_close_gives_the_port_back_once(tap: Tap, port: QueuePort) -> None:
    tap.close()
    tap.close()
    assert port.closed == 1
    assert not [
        each for each in threading.enumerate() if each.name == "tap queue" and each.is_alive()
    ]


def test_reset_line_is_pulled_through_the_tap(tap: Tap, port: QueuePort) -> None:
    tap.pulse_reset(Deadline.after(0))
    assert port.written == [b"<reset>"]


def lending(*ports: QueuePort | LinkOpenFailed) -> Tap:
    """Return a tap that gets the next of these ports, or fails, each time that it opens one."""
    left = list(ports)

    def open_port() -> QueuePort:
        opened = left.pop(0)
        if isinstance(opened, LinkOpenFailed):
            raise opened
        return opened

    return Tap(open_port)


def test_lent_port_is_closed_meanwhile_and_fresh_afterwards() -> None:
    first, second = QueuePort(), QueuePort()
    tap = lending(first, second)
    first.items.put(b"before")
    first.await_reads(2)
    with tap.lent():
        assert first.closed == 1
    second.items.put(b"after")
    assert tap.read(99, soon()) == b"after", "what came before is not taken for an answer"
    tap.close()
    assert (first.closed, second.closed) == (1, 1)


def test_lent_port_stays_given_back_when_the_borrower_fails() -> None:
    first, second = QueuePort(), QueuePort()
    tap = lending(first, second)
    with pytest.raises(KeyboardInterrupt), tap.lent():
        raise KeyboardInterrupt
    with pytest.raises(LinkLost, match="closed"):
        tap.read(99, soon())
    tap.close()
    assert (first.closed, second.closed) == (1, 0)


def test_lent_port_that_does_not_come_back_is_told() -> None:
    gone = LinkOpenFailed("there is no such port", reason="absent", on="queue")
    tap = lending(QueuePort(), gone)
    with pytest.raises(LinkOpenFailed), tap.lent():
        pass
    with pytest.raises(LinkLost):
        tap.read(1, soon())
    tap.close()
