"""The sources that see time pass: the probe's records, and the bench's events."""

from __future__ import annotations

from typing import Protocol

from harness.board.readback import bench_snapshot
from harness.board.snapshot import Snapshot, rows_from_columns
from harness.deadline import Deadline
from harness.link.rig import Bench, BenchEvent, BenchState
from harness.scenario.claim import Claim
from harness.scenario.commanded import DARK_COLUMNS, rgb_of
from harness.scenario.dut import RESTARTED, BoardUnderTest
from harness.scenario.film import Shot
from harness.scenario.running import Seen

#: After the probe's record the panel is being written: an ESP32 needs at most 20 ms for a frame.
SETTLE_S = 1.0

#: What has arrived already is taken within this; a program that floods never ends.
PENDING_S = 0.02


class Watcher(Protocol):
    """One source that sees time pass."""

    name: str

    @property
    def now_s(self) -> float:
        """Up to when `news` has told all, on the source's clock; at first since when it watches."""
        ...

    def news(self) -> list[Shot]:
        """Return the shots since the last call, the first time with the state at the beginning."""
        ...

    def wait(self, deadline: Deadline) -> None:
        """Return when there may be news, or when the deadline has passed."""
        ...


def watchers_of(dut: BoardUnderTest, claim: Claim) -> list[Watcher]:
    """Return those that a test takes evidence from, as far as they are there.

    All begin now, though they may be followed one after the other: each keeps what it has not told.
    """
    found: list[Watcher] = []
    if "commanded" in dut.sources and dut.has_records:
        found.append(CommandedWatcher(dut, claim))
    bench = dut.board.rig.bench
    if bench is not None and "bench" in dut.sources:
        found.append(BenchWatcher(dut, bench, claim))
    return found


def _beginning(dut: BoardUnderTest, claim: Claim, source: str, shots: list[Shot]) -> list[Shot]:
    """Return the shots that count: the state at the beginning, where it is known, and all after."""
    past = len(shots)
    if not claim.from_now:
        since_s = dut.taken_s.get((source, claim.aspect), 0.0)
        past = sum(shot.at_s <= since_s for shot in shots)
    return shots[max(0, past - 1) :]


class CommandedWatcher:
    """What the device API was told, from the records of the probe."""

    name = "commanded"

    def __init__(self, dut: BoardUnderTest, claim: Claim) -> None:
        """Begin now, or where the last claim was met."""
        self._dut = dut
        self._clock = dut.clock
        self._is_led = claim.is_led
        self._seen = 0
        self.now_s = self._clock.now_s()
        if claim.from_now:
            self._take_pending()
        #: What `news` returns first.
        self._pending = _beginning(dut, claim, self.name, self._later()) or self._state()

    def news(self) -> list[Shot]:
        """Return the shots since the last call."""
        # The time comes first: all that was seen up to it is in the news.
        self.now_s = self._clock.now_s()
        found = [*self._pending, *self._later()]
        self._pending = []
        return found

    def _take_pending(self) -> None:
        deadline = Deadline.after(PENDING_S)
        while self._dut.running is not None and not deadline.is_expired:
            known = len(self._dut.records)
            self._dut.listen(deadline)
            if len(self._dut.records) == known:
                return

    def _later(self) -> list[Shot]:
        records = self._dut.records[self._seen :]
        self._seen += len(records)
        return [shot for seen in records if (shot := self._shot(seen)) is not None]

    def wait(self, deadline: Deadline) -> None:
        """Listen to the board."""
        self._dut.listen(deadline)

    def _state(self) -> list[Shot]:
        """Return what an idle board was told before anybody listened, if it knows."""
        if self._dut.is_running:
            return []
        return [
            Shot(self.now_s, each) for each in self._dut.snapshots() if each.source == self.name
        ]

    def _shot(self, seen: Seen) -> Shot | None:
        record = seen.record
        columns, led, text, how = DARK_COLUMNS, (0, 0, 0), None, "restart"
        if record.kind != RESTARTED:
            if record.kind != ("led" if self._is_led else "display"):
                return None
            how = str(record.fields.get("how", ""))
            told = record.fields.get("text")
            text = told if isinstance(told, str) else None
            if self._is_led:
                led = rgb_of(record)
            else:
                columns = bytes.fromhex(str(record.fields.get("px", "")))
        snapshot = Snapshot(
            self.name, rows_from_columns(columns), text, led, record.ticks_ms, self._is_led
        )
        return Shot(seen.made_s, snapshot, how)


class BenchWatcher:
    """What the observer saw."""

    name = "bench"

    def __init__(self, dut: BoardUnderTest, bench: Bench, claim: Claim) -> None:
        """Begin now, or where the last claim was met."""
        self._bench = bench
        self._what = claim.aspect
        self._seen = 0
        shots = self._later()
        if dut.first_seen is not None:
            # What was told while the test began is in this already.
            first = self._shot(dut.first_seen)
            shots = [first, *(shot for shot in shots if shot.at_s >= first.at_s)]
        #: What `news` returns first.
        self._pending = _beginning(dut, claim, self.name, shots) or [self._shot(self._now)]

    def news(self) -> list[Shot]:
        """Return the shots since the last call."""
        found = [*self._pending, *self._later()]
        self._pending = []
        return found

    def _later(self) -> list[Shot]:
        # All events before this answer are there when it has come. A limit of its own: a panel
        # that keeps changing must not use up the answer's time.
        self._now = self._bench.state(Deadline.after(SETTLE_S))
        events = self._bench.events()[self._seen :]
        self._seen += len(events)
        return [self._changed(event) for event in events if event.what == self._what]

    @property
    def now_s(self) -> float:
        """When the observer was asked last, in the board's time."""
        return self._now.board_us / 1e6

    def wait(self, deadline: Deadline) -> None:
        """Wait for the next event."""
        self._bench.wait_event(self._seen, deadline)

    def _changed(self, event: BenchEvent) -> Shot:
        columns = event.columns or DARK_COLUMNS
        return self._shot(BenchState(event.at_s, columns, event.led, board_us=event.board_us))

    def _shot(self, state: BenchState) -> Shot:
        return Shot(state.board_us / 1e6, bench_snapshot(state))
