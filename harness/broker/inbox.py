"""Messages that have come for one subscription, and waiting for them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from harness.broker.message import Delivery, Match
from harness.deadline import Deadline


class Inbox:
    """The deliveries of one subscription, in the order in which they came.

    Every delivery stays in `all`. `next`, `wait` and `drain` also take what they return, so that no
    delivery is taken twice. The client's network thread puts; any thread may wait. A wait that ends
    without the message returns None: whether that is a failure is for the scenario to say.
    """

    def __init__(self, topic_filter: str, check_open: Callable[[], None]) -> None:
        """Begin an empty inbox.

        Args:
            topic_filter: What was subscribed to.
            check_open: Raises `BrokerError` when no more can come; asked only when a wait has
                nothing to return, so that what came before the end can still be read.
        """
        self.topic_filter = topic_filter
        self._check_open = check_open
        self._all: list[Delivery] = []
        self._fresh: list[Delivery] = []
        self._changed = threading.Condition()

    def put(self, delivery: Delivery) -> None:
        """Add a delivery and wake those who wait."""
        with self._changed:
            self._all.append(delivery)
            self._fresh.append(delivery)
            self._changed.notify_all()

    def wake(self) -> None:
        """Make those who wait look at the connection again."""
        with self._changed:
            self._changed.notify_all()

    def all(self) -> tuple[Delivery, ...]:
        """Return everything that has come, taken or not."""
        with self._changed:
            return tuple(self._all)

    def drain(self) -> tuple[Delivery, ...]:
        """Take everything that has not been taken yet."""
        with self._changed:
            taken = tuple(self._fresh)
            self._fresh.clear()
            return taken

    def next(self, deadline: Deadline) -> Delivery | None:
        """Wait for a delivery and take the oldest; see `wait`."""
        return self.wait(lambda _: True, deadline)

    def wait(self, match: Match, deadline: Deadline) -> Delivery | None:
        """Wait for a delivery that matches and take it; others stay for later.

        Args:
            match: Which one, often from `matching`.
            deadline: How long to wait.

        Returns:
            The oldest that matches and was not taken yet; None when the deadline passed.

        Raises:
            BrokerError: The connection was lost, so that it cannot come any more.
        """
        with self._changed:
            while True:
                for place, delivery in enumerate(self._fresh):
                    if match(delivery):
                        return self._fresh.pop(place)
                if deadline.is_expired:
                    return None
                self._check_open()
                self._changed.wait(deadline.remaining_s)

    def none_within(self, duration_s: float, match: Match = lambda _: True) -> Delivery | None:
        """Watch for `duration_s` seconds that nothing matching comes.

        Returns:
            None when nothing came, else the delivery that should not have come, taken.

        Raises:
            BrokerError: The connection was lost, so that its silence proves nothing.
        """
        return self.wait(match, Deadline.after(duration_s))
