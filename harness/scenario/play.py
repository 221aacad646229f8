"""Play one user program: run it against a broker, and keep all that it shows, says and sends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from harness.board.readback import bench_snapshot
from harness.board.snapshot import Snapshot, rows_from_columns
from harness.broker.inbox import Inbox
from harness.broker.log import LogLine
from harness.broker.message import Delivery
from harness.broker.packet import packets
from harness.broker.session import is_topic_matched
from harness.deadline import Deadline
from harness.errors import ConfigError, LinkError
from harness.link.rig import Bench
from harness.scenario.commanded import latest_commanded, rgb_of
from harness.scenario.dut import BoardUnderTest
from harness.scenario.matcher import Matcher, led_is, shows
from harness.scenario.running import RunningProgram

#: How long the bench's watcher waits at a time; it only decides how soon its thread ends.
WATCH_S = 0.1

#: How long a program that floods is listened to before the rest is looked at.
PUMP_S = 0.05

LED_PARTS = 3


@dataclass(frozen=True)
class Until:
    """When to stop before the time is over.

    Attributes:
        says: How it was typed.
        matcher: What the board has to show; None when it is about a message.
        topic_filter: Which message ends it; empty when it is about the board.
    """

    says: str
    matcher: Matcher | None = None
    topic_filter: str = ""


def parse_until(text: str) -> Until:
    """Return what ``panel:38``, ``led:0,0,255`` or ``topic:FILTER`` means.

    Raises:
        ConfigError: It is none of these.
    """
    kind, _, value = text.partition(":")
    try:
        if kind == "panel" and value:
            return Until(text, shows(value))
        if kind == "led":
            parts = [int(part) for part in value.split(",")]
            if len(parts) == LED_PARTS:
                return Until(text, led_is(*parts))
        if kind == "topic" and value:
            return Until(text, topic_filter=value)
    except ValueError as error:
        raise ConfigError("this cannot be waited for", on=text, got=str(error)) from error
    raise ConfigError(
        "this cannot be waited for",
        on=text,
        expected="panel:TEXT, led:R,G,B or topic:FILTER",
        advice="--until panel:38",
    )


@dataclass(frozen=True)
class Shown:
    """The panel or the LED changed, as one source saw it; `at_s` counts from the start."""

    at_s: float
    source: str
    columns: bytes | None = None
    led: tuple[int, int, int] | None = None


@dataclass
class Played:
    """What came of it.

    Attributes:
        output: What the program printed.
        shown: All changes of panel and LED, by source, oldest first.
        messages: All messages at the broker, with the time from the start.
        snapshots: What the board showed when it was stopped.
        ended: ``time``, ``until``, ``exit``, ``exception`` or, by Ctrl-C, ``interrupted``.
    """

    output: str = ""
    shown: list[Shown] = field(default_factory=list)
    messages: list[tuple[float, Delivery]] = field(default_factory=list)
    snapshots: tuple[Snapshot, ...] = ()
    ended: str = "time"

    def as_json(self) -> dict[str, object]:
        """Return the JSON shape of ``hil play --json``; docs/interface.md, "JSON"."""
        return {
            "snapshots": [each.as_json() for each in self.snapshots],
            "messages": [
                {
                    "topic": each.topic,
                    "payload": each.text,
                    "qos": each.qos,
                    "retain": each.retain,
                    "t": round(at_s, 4),
                }
                for at_s, each in self.messages
            ],
            "output": self.output,
            "frames": [
                {"t": round(each.at_s, 4), "source": each.source, "pixels": list(rows)}
                for each in self.shown
                if each.columns is not None
                for rows in [rows_from_columns(each.columns)]
            ],
            "leds": [
                {"t": round(each.at_s, 4), "source": each.source, "led": list(each.led)}
                for each in self.shown
                if each.led is not None
            ],
            "ended": self.ended,
        }


class Player:
    """Plays programs on one board.

    Something that happens wakes the player: a byte on the line (call `wake`), a message (`wake`
    again), an event of the bench (a thread of its own waits for these).
    """

    def __init__(self, dut: BoardUnderTest, inbox: Inbox) -> None:
        """Use a deployed board and the inbox of a client that is subscribed to everything."""
        self._dut = dut
        self._inbox = inbox
        self._woken = threading.Event()

    def wake(self) -> None:
        """Something happened: look."""
        self._woken.set()

    def play(
        self,
        source: str,
        for_s: float,
        until: Until | None,
        on_change: Callable[[Played], None] = lambda _: None,
    ) -> Played:
        """Run a program until the time is over, a condition holds, or it ends by itself.

        Args:
            source: The program, not one character changed.
            for_s: How long at most.
            until: When to stop before; None for never.
            on_change: Is told whenever something new was seen.

        Returns:
            What it did. The board is idle afterwards and still shows the program's last picture.
        """
        bench = self._dut.board.rig.bench
        played = Played()
        program = self._dut.start(source)
        deadline = Deadline.after(for_s)
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(bench, done), name="bench watch")
        watcher.start()
        try:
            while True:
                self._woken.clear()
                # A program that floods always has something to take: look up now and then.
                slice_ = Deadline.after(PUMP_S)
                while program.pump(Deadline.after(0.005)) and not slice_.is_expired:
                    pass
                self._collect(played, program, bench)
                on_change(played)
                if until is not None and self._holds(until, program, bench):
                    played.ended = "until"
                    break
                if not program.is_running:
                    played.ended = "exit" if program.error is None else "exception"
                    break
                if deadline.is_expired:
                    break
                if not slice_.is_expired:
                    self._woken.wait(deadline.remaining_s)
        except KeyboardInterrupt:
            # The user has seen enough; what was seen is the result all the same.
            played.ended = "interrupted"
        finally:
            done.set()
            watcher.join()
            self._dut.stop()
        self._collect(played, program, bench)
        played.snapshots = self._dut.snapshots()
        return played

    def _watch(self, bench: Bench | None, done: threading.Event) -> None:
        """Wake the player for each event of the bench; ends with it, or when the bench is lost."""
        seen = 0
        while bench is not None and not done.is_set():
            try:
                now = bench.wait_event(seen, Deadline.after(WATCH_S))
            except LinkError:
                # The player meets the same loss in its own thread, and tells of it.
                self.wake()
                return
            if now != seen:
                seen = now
                self.wake()

    def _holds(self, until: Until, program: RunningProgram, bench: Bench | None) -> bool:
        if until.matcher is None:
            return any(
                is_topic_matched(each.topic, until.topic_filter) for each in self._inbox.all()
            )
        if bench is None:
            return until.matcher.holds(latest_commanded(program.records))
        return until.matcher.holds(bench_snapshot(bench.state(Deadline.after(5.0))))

    def _collect(self, played: Played, program: RunningProgram, bench: Bench | None) -> None:
        started_s = program.started_s
        played.output = program.text
        played.messages = [(each.at_s - started_s, each) for each in self._inbox.all()]
        shown = []
        for seen in program.records:
            fields = seen.record.fields
            if seen.record.kind == "display":
                columns = bytes.fromhex(str(fields["px"]))
                shown.append(Shown(seen.at_s - started_s, "commanded", columns=columns))
            elif seen.record.kind == "led":
                led = rgb_of(seen.record)
                shown.append(Shown(seen.at_s - started_s, "commanded", led=led))
        for event in bench.events() if bench is not None else ():
            at_s = event.at_s - started_s
            if at_s < 0:
                continue
            if event.what == "panel":
                shown.append(Shown(at_s, "bench", columns=event.columns))
            elif event.what == "led":
                shown.append(Shown(at_s, "bench", led=event.led))
        played.shown = sorted(shown, key=lambda each: each.at_s)


def as_published(
    messages: list[tuple[float, Delivery]], log: tuple[LogLine, ...]
) -> list[tuple[float, Delivery]]:
    """Give messages the QoS and the retain flag that their publisher used.

    A broker hands a message to those who are subscribed already without its retain flag; its log
    has what the publisher said. Both are in order for each topic.

    Args:
        messages: As they were delivered.
        log: The broker's log from before the first of them.
    """
    said: dict[tuple[str, int], list[tuple[int, bool]]] = {}
    for packet in packets(log):
        if packet.kind == "PUBLISH" and packet.is_received:
            key = (packet.topic, packet.size_bytes)
            said.setdefault(key, []).append((packet.qos, packet.retain))
    result = []
    for at_s, delivery in messages:
        queue = said.get((delivery.topic, len(delivery.payload)), [])
        if queue:
            qos, retain = queue.pop(0)
            delivery = replace(delivery, qos=qos, retain=retain)  # noqa: PLW2901 - the same message
        result.append((at_s, delivery))
    return result
