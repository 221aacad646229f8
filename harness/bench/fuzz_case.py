"""One fuzzed case as data: what a program calls, and what the broker says meanwhile."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

#: Of each chunk in a text; the rest of a long one is payload.
SHOWN_BYTES = 80


@dataclass(frozen=True)
class Chunk:
    """Bytes that arrive at once.

    Attributes:
        data: The bytes.
        packets: How many fuzzed packets end in it; 0 for one that only leads to the state.
        delay_ms: How long after the bytes before it, in simulated time.
        breaks: Whether one of its packets moves the boundaries of those that follow, so that these
            are no packets any more and do not count.
        what: In words, for whoever reads a failure.
    """

    data: bytes
    packets: int = 0
    delay_ms: int = 0
    breaks: bool = False
    what: str = ""

    @property
    def text(self) -> str:
        """The chunk in one line."""
        size = len(self.data)
        rest = f" ... ({size} bytes)" if size > SHOWN_BYTES else ""
        shown = self.data[:SHOWN_BYTES].hex(" ")
        return f"+{self.delay_ms} ms {self.what or 'right'}: {shown}{rest}"


@dataclass(frozen=True)
class Step:
    """One call of the client.

    Attributes:
        call: Name of the method.
        arguments: By position, as JSON values.
        chunks: What the broker says from the call's beginning on.
        end: How the connection ends when all is said: ``fin``, ``rst``, or empty for silence.
        mode: What else the network does: ``deaf`` (takes nothing), ``narrow`` (takes three bytes at
            a time), ``reset`` (a write fails); of a connection attempt ``refused at once``,
            ``refused``, ``silent``. Empty for nothing.
    """

    call: str
    arguments: tuple[Any, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    end: str = ""
    mode: str = ""


@dataclass(frozen=True)
class Case:
    """A client from its making to its end.

    Attributes:
        index: Its number in the stream of its seed.
        state: In which state the fuzzed packets meet the client.
        is_live: Whether it is connected and subscribed then.
        steps: The calls.
        clean: Whether the session is a clean one.
        present: Whether the broker says at the end that it has kept the session.
        keepalive: Of the client, in seconds.
        first_id: The packet id before the first one.
        now_ms: Where the clock of the board stands.
        callback: What the callback does: nothing, ``raise``, ``publish``, ``acknowledged``,
            ``disconnect``, ``check``, ``wait``.
        login: What CONNECT has besides: nothing, ``user``, ``all`` (password and will too),
            ``random`` (a client id made by the client).
    """

    index: int
    state: str
    is_live: bool
    steps: tuple[Step, ...]
    clean: bool = True
    present: bool = False
    keepalive: int = 0
    first_id: int = 0
    now_ms: int = 0
    callback: str = ""
    login: str = ""

    @property
    def chunks(self) -> list[Chunk]:
        """All chunks, in the order of their numbers."""
        return [chunk for step in self.steps for chunk in step.chunks]

    def line(self) -> bytes:
        """Return the case as the line that the runner reads."""
        steps = [
            [
                step.call,
                step.arguments,
                [[chunk.delay_ms, chunk.data.hex()] for chunk in step.chunks],
                step.end,
                step.mode,
            ]
            for step in self.steps
        ]
        options = {
            "clean": self.clean,
            "present": int(self.present),
            "keepalive": self.keepalive,
            "id": self.first_id,
            "callback": self.callback,
            "login": self.login,
        }
        case = {"index": self.index, "now": self.now_ms, "options": options, "steps": steps}
        return json.dumps(case, separators=(",", ":")).encode() + b"\n"

    def without(self, step: int, chunk: int | None = None, count: int = 1) -> Case:
        """Return the case without a step, or without `count` chunks of one."""
        steps = list(self.steps)
        if chunk is None:
            del steps[step]
        else:
            chunks = steps[step].chunks
            steps[step] = replace(steps[step], chunks=chunks[:chunk] + chunks[chunk + count :])
        return replace(self, steps=tuple(steps))

    def text(self) -> list[str]:
        """Return the case in lines, for whoever is to understand it."""
        lines = [
            f"{self.state}; clean {self.clean}, keepalive {self.keepalive}, id {self.first_id}",
            f"callback {self.callback or 'plain'}, login {self.login or 'none'}",
        ]
        for step in self.steps:
            arguments = ", ".join(repr(each)[:60] for each in step.arguments)
            ends = "".join(f", {each}" for each in (step.end, step.mode) if each)
            lines.append(f"{step.call}({arguments}){ends}")
            lines += [f"  {chunk.text}" for chunk in step.chunks]
        return lines


@dataclass(frozen=True)
class StepSeen:
    """What came of a step.

    Attributes:
        outcome: ``returned``, ``returned N``, ``MQTTException``, ``OSError N``, ``callback``, or
            with ``!`` in front what must not be.
        took_ms: Simulated time that the call took.
        begun: Numbers of the chunks that the client has begun to read.
        is_open: Whether the connection stands afterwards.
        messages: What the callback was called with: topic and message, as bytes.
        wrote: Packets that the client wrote: first byte and packet id.
    """

    outcome: str
    took_ms: int
    begun: tuple[int, ...]
    is_open: bool
    messages: tuple[tuple[bytes, bytes], ...]
    wrote: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class CaseSeen:
    """What came of a case.

    Attributes:
        steps: Of its steps, up to one that ended as it must not.
        after: What did not work when all was right again; empty when all did.
        heap: Heap in use: bytes on MicroPython, blocks on CPython.
    """

    steps: tuple[StepSeen, ...]
    after: str = ""
    heap: int = 0


def case_seen(answer: dict[str, Any]) -> CaseSeen:
    """Return what the runner's answer says."""
    return CaseSeen(
        tuple(
            StepSeen(
                outcome,
                took_ms,
                tuple(begun),
                bool(is_open),
                tuple((bytes.fromhex(topic[1:]), bytes.fromhex(msg[1:])) for topic, msg in heard),
                tuple((first, number) for first, number in wrote),
            )
            for outcome, took_ms, begun, is_open, heard, wrote in answer["steps"]
        ),
        answer["after"],
        answer["heap"],
    )
