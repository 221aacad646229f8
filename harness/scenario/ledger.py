"""Numbered messages from their sender to their receiver: what was lost, doubled, out of order.

A message is known by its topic, `PREFIX/QOS/NUMBER`, so that a program on a board, a client of the
harness and the broker's log all tell of the same one. Each side tells what it did, in any order
among the sides; a ledger counts. A program on a board tells by printing, a line an event:

    sent PREFIX/1/17
    acknowledged PREFIX/1/17
    delivered PREFIX/1/17
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from harness.broker.message import Delivery
from harness.broker.packet import LoggedPacket
from harness.errors import ExpectationFailed
from harness.scenario.evidence import Evidence, NoEvidence


@dataclass(frozen=True)
class Count:
    """What a ledger knows of the messages of one QoS.

    Attributes:
        sent: Messages that the sender's program gave to its client.
        acknowledged: Of these, those whose publish returned; at QoS 0 it only says that it was
            written.
        delivered: Messages that reached the receiver's program, each counted once.
        doubled: Deliveries of a message that had been delivered before.
        unexplained: Of these, those for which nobody sent the packet again with DUP.
        reordered: Messages whose first delivery came after that of a later number.
        lost: Messages that never were delivered and should have been: at QoS 1 and 2 those that
            were acknowledged, at QoS 0 all that were sent.
        open: Messages that were sent and not acknowledged: their publish raised, or runs.
        undelivered: Messages that were sent and not delivered, whatever their publish did.
        foreign: Deliveries of messages that were never sent.
    """

    sent: int
    acknowledged: int
    delivered: int
    doubled: int
    unexplained: int
    reordered: int
    lost: int
    open: int
    undelivered: int
    foreign: int

    def __str__(self) -> str:
        """Return all counts in one line."""
        return ", ".join(f"{each.name} {getattr(self, each.name)}" for each in fields(self))


@dataclass
class _Messages:
    """What was told of the messages of one QoS, by their numbers."""

    sent: set[int] = field(default_factory=set)
    acknowledged: set[int] = field(default_factory=set)
    deliveries: Counter[int] = field(default_factory=Counter)
    repeats: Counter[int] = field(default_factory=Counter)
    newest: int = -1
    reordered: int = 0

    def deliver(self, number: int) -> None:
        if not self.deliveries[number]:
            self.reordered += number < self.newest
            self.newest = max(self.newest, number)
        self.deliveries[number] += 1

    def lost(self, qos: int) -> set[int]:
        owed = self.acknowledged if qos else self.sent
        return owed - self.deliveries.keys()

    def count(self, qos: int) -> Count:
        extra = {number: times - 1 for number, times in self.deliveries.items()}
        return Count(
            sent=len(self.sent),
            acknowledged=len(self.acknowledged),
            delivered=len(self.deliveries),
            doubled=sum(extra.values()),
            unexplained=sum(max(0, n - self.repeats[number]) for number, n in extra.items()),
            reordered=self.reordered,
            lost=len(self.lost(qos)),
            open=len(self.sent - self.acknowledged) if qos else 0,
            undelivered=len(self.sent - self.deliveries.keys()),
            foreign=sum(self.deliveries[number] for number in self.deliveries.keys() - self.sent),
        )


class Ledger:
    """The messages from one sender to one receiver."""

    def __init__(self, name: str, topic: str, evidence: Evidence | None = None) -> None:
        """Begin with none.

        Args:
            name: Who sends to whom, for reports: ``board to host``.
            topic: What the topics begin with, without the slash.
            evidence: Where what is expected is noted; nowhere without.
        """
        self.name = name
        self.topic = topic
        self._evidence = evidence or NoEvidence()
        self._flows: dict[int, _Messages] = {}

    def topic_of(self, qos: int, number: int) -> str:
        """Return the topic of a message."""
        return f"{self.topic}/{qos}/{number}"

    def number_of(self, topic: str) -> int | None:
        """Return the number of a message; None when it is none of this ledger's."""
        flow = self._flow(topic)
        return None if flow is None else flow[1]

    # What the sides tell.

    def sent(self, topic: str) -> None:
        """Take note that the sender's program has given a message to its client."""
        if flow := self._flow(topic):
            flow[0].sent.add(flow[1])

    def acknowledged(self, topic: str) -> None:
        """Take note that the sender's program got its publish back without an exception."""
        if flow := self._flow(topic):
            flow[0].acknowledged.add(flow[1])

    def delivered(self, topic: str) -> None:
        """Take note that the receiver's program got a message."""
        if flow := self._flow(topic):
            flow[0].deliver(flow[1])

    def repeated(self, topic: str) -> None:
        """Take note that the packet of a message was sent again, with DUP, on either leg."""
        if flow := self._flow(topic):
            flow[0].repeats[flow[1]] += 1

    def read_text(self, text: str) -> None:
        """Take note of all events that a program on a board has printed; other lines do not count.

        Args:
            text: What it printed, from its beginning, or from behind what was read before.
        """
        take = {"sent": self.sent, "acknowledged": self.acknowledged, "delivered": self.delivered}
        for line in text.splitlines():
            event, _, topic = line.strip().partition(" ")
            if event in take:
                take[event](topic)

    def read_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        """Take note of what a client of the harness has received."""
        for each in deliveries:
            self.delivered(each.topic)

    def read_repeats(self, packets: Iterable[LoggedPacket]) -> None:
        """Take note of each PUBLISH with DUP in the broker's log, whichever way it went."""
        for packet in packets:
            if packet.kind == "PUBLISH" and packet.dup:
                self.repeated(packet.topic)

    # What comes of it.

    def count(self, qos: int) -> Count:
        """Return the counts of one QoS."""
        return self._flows.get(qos, _Messages()).count(qos)

    def lost(self, qos: int) -> list[int]:
        """Return the numbers of the messages that are lost."""
        return sorted(self._flows.get(qos, _Messages()).lost(qos))

    def last_acknowledged(self, qos: int) -> int:
        """Return the highest number that was acknowledged so far, -1 when there is none."""
        return max(self._flows.get(qos, _Messages()).acknowledged, default=-1)

    def expect(self, qos: int, **most: int | None) -> Count:
        """Check the counts of one QoS, and note them as evidence.

        Without `most` all that was sent has to be delivered, in order, nothing that was not sent,
        and nothing twice but, at QoS 1, what was sent again with DUP.

        Args:
            qos: Which one.
            **most: Name of a count, and the most that it may be; None for any.

        Raises:
            ExpectationFailed: A count is above its limit, or nothing was sent at all.
        """
        count = self.count(qos)
        limits: dict[str, int | None] = {
            "undelivered": 0,
            "lost": 0,
            "doubled": None if qos == 1 else 0,
            "unexplained": 0,
            "reordered": 0,
            "foreign": 0,
            **most,
        }
        says = ", ".join(
            f"{name} <= {limit}" for name, limit in limits.items() if limit is not None
        )
        broken = [
            name
            for name, limit in limits.items()
            if limit is not None and getattr(count, name) > limit
        ]
        ok = bool(count.sent) and not broken
        self._evidence.write(
            "expect",
            what=f"ledger {self.name}, QoS {qos}",
            source="broker",
            expected=says,
            found=str(count),
            ok=ok,
            within_s=0,
            took_s=0,
        )
        if not ok:
            raise ExpectationFailed(
                f"the ledger does not add up: {', '.join(broken) or 'nothing was sent'}",
                on=f"{self.name}, QoS {qos}",
                expected=says,
                got=f"{count}; lost are {self.lost(qos)[:10]}",
            )
        return count

    def _flow(self, topic: str) -> tuple[_Messages, int] | None:
        """Return where a message is kept, and its number; None when it is none of ours."""
        prefix, _, number = topic.rpartition("/")
        prefix, _, qos = prefix.rpartition("/")
        if prefix != self.topic or not (qos.isdecimal() and number.isdecimal()):
            return None
        flow = self._flows.get(int(qos))
        if flow is None:
            flow = self._flows[int(qos)] = _Messages()
        return flow, int(number)
