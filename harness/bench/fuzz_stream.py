"""The stream of fuzzed cases that belongs to a seed.

Each case leads the client into a state by right packets, and says right and wrong ones there. Case
N of a seed is always the same one, whatever was run before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from harness.bench.fuzz_case import Case, Chunk, Step
from harness.bench.fuzz_packet import PacketMaker, Said
from harness.wire.mqtt_packet import (
    ConnAck,
    PingResp,
    PubAck,
    PubComp,
    Publish,
    PubRec,
    PubRel,
    SubAck,
    UnsubAck,
)

#: Where the clock of a board wraps, and where it just does not.
_CLOCKS = (0, 1, (1 << 30) - 1, (1 << 30) - 5000, 123456)
_FIRST_IDS = (0, 0, 1, 254, 255, 65533, 65534, 65535)
_CALLBACKS = ("raise", "publish", "acknowledged", "disconnect", "check", "wait")
IDS = 65535
#: Of packets in one case; a leak of a few bytes for each packet shows in the long ones.
_LONG = 150

#: Name of a state -> how often, and whether the client is connected and subscribed there.
_STATES: dict[str, tuple[int, bool]] = {
    "greeting": (8, False),
    "subscribing": (8, False),
    "waiting": (20, True),
    "looking": (8, True),
    "pinging": (8, True),
    "keeping alive": (4, True),
    "publishing QoS 1": (12, True),
    "publishing QoS 2": (10, True),
    "releasing QoS 2": (10, True),
    "holding QoS 2": (8, True),
    "unsubscribing": (5, True),
    "subscribing again": (5, True),
    "resuming": (12, True),
    "reconnecting": (6, True),
    "long": (2, True),
}


def case_of(seed: int, index: int, tables: Sequence[tuple[str, bytes]] = ()) -> Case:
    """Return a case.

    Args:
        seed: Of the stream.
        index: Its number, from 0.
        tables: Packets to draw from besides: name and bytes.
    """
    random = Random(f"{seed}:{index}")  # noqa: S311 - to be the same again is what it is for
    return _Maker(random, tables).case(index)


class _Maker:
    """Makes one case."""

    def __init__(self, random: Random, tables: Sequence[tuple[str, bytes]]) -> None:
        self._random = random
        self._packets = PacketMaker(random, tables)
        self._clean = random.random() < 0.5  # noqa: PLR2004 - a chance
        self._first_id = random.choice(_FIRST_IDS)
        self._last_id = self._first_id

    def case(self, index: int) -> Case:
        """Draw a state, and what is said in it."""
        random = self._random
        names = list(_STATES)
        state = random.choices(names, [_STATES[name][0] for name in names])[0]
        lead, fuzzed = self._state(state)
        steps = [*lead, *fuzzed, *self._rest()]
        return Case(
            index,
            state,
            _STATES[state][1],
            tuple(steps),
            self._clean,
            not self._clean and self._chance(0.7),
            random.choice((20, 60)) if state == "keeping alive" or self._chance(0.1) else 0,
            self._first_id,
            random.choice(_CLOCKS),
            random.choice(_CALLBACKS) if self._chance(0.2) else "",
            random.choice(("user", "all", "random")[: 2 + self._clean])
            if self._chance(0.2)
            else "",
        )

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _id(self) -> int:
        """Return the id that the client's next exchange takes."""
        self._last_id = self._last_id % IDS + 1
        self._packets.ids = [self._last_id, *self._packets.ids][:4]
        return self._last_id

    # The states.

    def _state(self, state: str) -> tuple[list[Step], list[Step]]:
        if state == "greeting":
            return [], [self._greeting("connect", self._clean)]
        connect = Step("connect", (self._clean,), (_right(ConnAck()),))
        if state == "subscribing":
            return [connect], [self._subscribing()]
        subscribe = Step("subscribe", ("fuzz/#", 1), (_right(SubAck(self._id(), (1,))),))
        lead = [connect, subscribe]
        do: dict[str, Callable[[], list[Step]]] = {
            "waiting": lambda: [self._step("wait_msg")],
            "looking": lambda: [self._step("check_msg")],
            "pinging": lambda: [self._step("ping", reply=(PingResp(),))],
            "keeping alive": self._keeping_alive,
            "publishing QoS 1": lambda: [self._publishing(1)],
            "publishing QoS 2": lambda: [self._publishing(2)],
            "releasing QoS 2": self._releasing,
            "holding QoS 2": self._holding,
            "unsubscribing": self._unsubscribing,
            "subscribing again": lambda: [self._subscribing()],
            "resuming": self._resuming,
            "reconnecting": self._reconnecting,
            "long": lambda: [self._long()],
        }
        return lead, do[state]()

    def _greeting(self, call: str, *arguments: Any) -> Step:
        """Answer CONNECT with what a broker may, and must not, say."""
        random = self._random
        said = Said(
            ConnAck(self._chance(0.3), random.choice((0, 0, 1, 2, 3, 4, 5, 6, 255))).encode(),
            "CONNACK",
        )
        if self._chance(0.6):
            said = self._packets.wrong(said)
        saids = [said, *self._saids(2)]
        if self._chance(0.2):
            random.shuffle(saids)
        mode = random.choice(("deaf", "narrow", "reset", "refused", "refused at once", "silent"))
        step = Step(call, arguments, self._chunks(saids), self._end())
        return replace(step, mode=mode) if self._chance(0.1) else step

    def _subscribing(self) -> Step:
        code = self._random.choice((0, 1, 2, 128))
        topic = "fuzz/" + "b" * self._random.choice((1, 1, 200))
        return self._step("subscribe", topic, 1, reply=(SubAck(self._id(), (code,)),))

    def _unsubscribing(self) -> list[Step]:
        return [self._step("unsubscribe", "fuzz/#", reply=(UnsubAck(self._id()),))]

    def _publishing(self, qos: int) -> Step:
        number = self._id()
        reply = (PubAck(number),) if qos == 1 else (PubRec(number), PubComp(number))
        message = "x" * self._random.choice((0, 1, 16, 200, 2000))
        return self._step("publish", "fuzz/a", message, False, qos, reply=reply)  # noqa: FBT003

    def _releasing(self) -> list[Step]:
        number = self._id()
        step = self._step("publish", "fuzz/a", "x", False, 2, reply=(PubComp(number),))  # noqa: FBT003
        return [replace(step, chunks=(_right(PubRec(number)), *step.chunks))]

    def _holding(self) -> list[Step]:
        number = self._packets.id()
        self._packets.ids.append(number)
        step = self._step("wait_msg", reply=(PubRel(number),))
        return [
            replace(
                step, chunks=(_right(Publish("fuzz/a", b"held", 2, packet_id=number)), *step.chunks)
            )
        ]

    def _keeping_alive(self) -> list[Step]:
        step = self._step("wait_msg", reply=(PingResp(),))
        chunks = tuple(
            replace(each, delay_ms=self._random.choice((0, 5000, 10000, 30000, 90000)))
            for each in step.chunks
        )
        return [replace(step, chunks=chunks, end="")]

    def _resuming(self) -> list[Step]:
        """Lose the connection in the middle of exchanges, and go on with them."""
        steps: list[Step] = []
        replies: list[Any] = []
        for _ in range(self._random.randint(1, 3)):
            number = self._id()
            qos = self._random.choice((1, 2))
            begun = qos == 2 and self._chance(0.5)  # noqa: PLR2004 - QoS 2
            said = (_right(PubRec(number)),) if begun else ()
            steps.append(Step("publish", ("fuzz/a", "x", False, qos), said, "fin"))
            replies += [PubAck(number)] if qos == 1 else [PubRec(number), PubComp(number)][begun:]
            if self._clean or len(replies) > 1:
                break
            steps.append(Step("reconnect", (), (_right(ConnAck(session_present=True)),)))
        present = not self._clean
        steps += [
            Step(
                "reconnect",
                (),
                (_right(ConnAck(session_present=present)), *self._resubscribed(present)),
            ),
            self._step("wait_msg", reply=tuple(replies)),
        ]
        return steps

    def _resubscribed(self, present: bool) -> tuple[Chunk, ...]:
        return () if present else (_right(SubAck(self._id(), (1,))),)

    def _reconnecting(self) -> list[Step]:
        """Fuzz the second greeting, in which subscriptions are made again."""
        step = self._greeting("reconnect")
        if not step.mode:
            number = self._id()
            good = self._reply((SubAck(number, (1,)),))
            step = replace(
                step, chunks=(_right(ConnAck()), *self._chunks([*self._saids(2), *good]))
            )
        return [step]

    def _long(self) -> Step:
        """Say many right packets; nothing but the last may be wrong."""
        saids: list[Said] = []
        while len(saids) < _LONG:
            said = self._packets.right()
            if not said.breaks and "out of place" not in said.what and len(said.data) < 600:  # noqa: PLR2004
                saids.append(said)
        chunks = self._chunks([*saids, self._packets.wrong()])
        # Nothing is late: the first packet that is ends the connection.
        chunks = tuple(replace(chunk, delay_ms=0) for chunk in chunks)
        return Step("wait_msg", (), chunks, self._end())

    # What they have in common.

    def _step(self, call: str, *arguments: Any, reply: tuple[Any, ...] = ()) -> Step:
        """Return a call during which packets come, the right reply among them or not."""
        saids = self._saids(9)
        at = self._random.randint(0, len(saids))
        saids[at:at] = self._reply(reply)
        if self._chance(0.05):
            self._random.shuffle(saids)
        mode = (
            self._random.choice(("deaf", "narrow", "narrow", "reset")) if self._chance(0.06) else ""
        )
        return Step(call, arguments, self._chunks(saids), self._end(), mode)

    def _reply(self, packets: tuple[Any, ...]) -> list[Said]:
        """Return the reply that is due: right, spoiled, doubled, or none at all."""
        saids = [Said(each.encode(), f"reply {each.kind}") for each in packets]
        chance = self._random.random()
        if chance < 0.55:  # noqa: PLR2004 - a chance
            return saids
        if chance < 0.65:  # noqa: PLR2004
            return [each for each in saids for _ in range(2)]
        if chance < 0.75:  # noqa: PLR2004
            return saids[::-1]
        if chance < 0.9:  # noqa: PLR2004
            return [*saids[:-1], self._packets.wrong(saids[-1])] if saids else []
        return []

    def _saids(self, most: int) -> list[Said]:
        """Return right packets and, as a rule last of all, a wrong one."""
        random = self._random
        saids = [self._packets.right() for _ in range(random.randint(0, most))]
        if saids and self._chance(0.15):
            saids.append(random.choice(saids))
        if self._chance(0.6):
            saids.insert(
                len(saids) if self._chance(0.8) else random.randint(0, len(saids)),
                self._packets.wrong(),
            )
        return saids

    def _chunks(self, saids: list[Said]) -> tuple[Chunk, ...]:
        """Return packets as they arrive: one by one, joined, split, at once or delayed."""
        random = self._random
        chunks: list[Chunk] = []
        for said in saids:
            chunk = Chunk(said.data, 1, 0, said.breaks, said.what)
            if chunks and self._chance(0.12):
                last = chunks.pop()
                chunk = Chunk(
                    last.data + chunk.data,
                    last.packets + 1,
                    last.delay_ms,
                    last.breaks or chunk.breaks,
                    f"{last.what} + {chunk.what}",
                )
            elif self._chance(0.08):
                chunk = replace(chunk, delay_ms=random.choice((1, 100, 9999, 10001, 40000)))
            chunks.append(chunk)
            if len(chunk.data) > 1 and self._chance(0.12):
                chunks.pop()
                at = random.randrange(1, len(chunk.data))
                delay_ms = random.choice((0, 0, 0, 5, 6000, 11000))
                chunks.append(replace(chunk, data=chunk.data[:at], packets=0, breaks=False))
                chunks.append(
                    replace(chunk, data=chunk.data[at:], delay_ms=delay_ms, what="its rest")
                )
        return tuple(chunks)

    def _end(self) -> str:
        return self._random.choice(("", "fin", "fin", "rst"))

    def _rest(self) -> list[Step]:
        """Return what the program does afterwards; the last call looks at what is left."""
        calls = (
            Step("wait_msg", end="fin"),
            Step("ping"),
            Step("publish", ("fuzz/a", "more")),
            Step("publish", ("fuzz/a", "more", False, 1)),
            Step("check_msg"),
        )
        return [
            *self._random.choices(calls, k=self._random.randint(0, 1)),
            Step("check_msg"),
            Step("check_msg"),
        ]


def _right(packet: Any) -> Chunk:
    return Chunk(packet.encode(), what=f"right {packet.kind}")
