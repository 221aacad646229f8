"""Follow a claim over time, by every source that can see time pass.

`commanded` is told by the probe's records, also of a running program, and `bench` by its observer's
events; these end the waits. `device` is the board's own memory, which can be asked only while no
program runs and knows no past: on an idle board it is asked once, at the end, and has a word only
on claims that say what must be seen then.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

from harness.board.readback import bench_snapshot
from harness.board.snapshot import Snapshot, columns_from_rows, rows_from_columns
from harness.deadline import Deadline
from harness.errors import ExpectationFailed, HarnessError
from harness.link.rig import Bench, BenchEvent, BenchState
from harness.scenario.claim import Changes, Claim, Ruling, explained
from harness.scenario.dut import RESTARTED, BoardUnderTest
from harness.scenario.evidence import Evidence
from harness.scenario.film import Shot
from harness.scenario.observation import DARK_COLUMNS, SETTLE_S, rgb_of
from harness.scenario.running import RunningProgram, Seen

#: What has arrived already is taken within this; a program that floods never ends.
PENDING_S = 0.02

#: Pictures of one film in the journal.
MOST_PICTURES = 24


@dataclass(frozen=True)
class Outcome:
    """How a claim ended with one source."""

    source: str
    ruling: Ruling
    film: tuple[Shot, ...]

    @property
    def ok(self) -> bool:
        """Whether it was met."""
        return self.ruling.holds is True


class Watcher(Protocol):
    """One source that sees time pass."""

    name: str

    def news(self) -> list[Shot]:
        """Return the shots since the last call, the first time with the state at the beginning."""
        ...

    def wait(self, deadline: Deadline) -> None:
        """Return when there may be news, or when the deadline has passed."""
        ...


def watch(dut: BoardUnderTest, claim: Claim, evidence: Evidence) -> None:
    """Follow a claim until each source has met or broken it.

    Args:
        dut: The board; idle or running a program.
        claim: What is claimed.
        evidence: Where the outcomes are noted.

    Raises:
        ExpectationFailed: A source saw otherwise; the message names it and shows what it saw.
        HarnessError: No source can tell: a check that could not run is never a pass.
    """
    started_s = time.monotonic()
    deadline = Deadline.after(claim.within_s)
    program = dut.running
    outcomes = []
    if "commanded" in dut.sources and dut.has_records:
        outcomes.append(_follow(CommandedWatcher(dut, claim), claim, deadline, started_s))
    bench = dut.board.rig.bench
    if bench is not None and "bench" in dut.sources:
        late = max(deadline, Deadline.after(SETTLE_S), key=lambda each: each.at_s)
        outcomes.append(_follow(BenchWatcher(dut, bench, claim), claim, late, started_s))
    if claim.still is not None and "device" in dut.sources and not dut.is_running:
        outcomes += _ask_device(dut, claim)
    if not outcomes:
        raise HarnessError(
            f"nobody can tell of {claim.says}",
            on=dut.name,
            expected="records of the probe, or a rig with an observer",
            got=f"evidence from {', '.join(sorted(dut.sources))}",
            advice='@pytest.mark.needs("bench") skips the test where there is no observer',
        )
    took_s = time.monotonic() - started_s
    for outcome in outcomes:
        _note(outcome, claim, took_s, started_s, dut.name, evidence)
    failed = [outcome for outcome in outcomes if not outcome.ok]
    if failed:
        raise _failure(dut.name, program, claim, outcomes, failed[0])
    for outcome in outcomes:
        dut.taken_s[outcome.source, _aspect(claim)] = outcome.ruling.at_s


def _aspect(claim: Claim) -> str:
    return "led" if claim.is_led else "panel"


def _follow(watcher: Watcher, claim: Claim, deadline: Deadline, started_s: float) -> Outcome:
    judge = claim.judge(started_s)
    film = Changes()
    while True:
        # The time comes first: all that was seen up to it is in the news.
        now_s = time.monotonic()
        for shot in watcher.news():
            film.is_new(shot)
            judge.see(shot)
        ruling = judge.ruling(now_s)
        if ruling.holds is not None or now_s >= deadline.at_s:
            return Outcome(watcher.name, ruling, tuple(film.kept))
        if ruling.due_s is None:
            watcher.wait(deadline)
        else:
            watcher.wait(deadline.at_most(max(0.0, ruling.due_s - now_s)))


class CommandedWatcher:
    """What the device API was told, from the records of the probe."""

    name = "commanded"

    def __init__(self, dut: BoardUnderTest, claim: Claim) -> None:
        """Begin now, or where the last claim was met."""
        self._dut = dut
        self._is_led = claim.is_led
        self._seen = 0
        self._is_first = True
        if claim.from_now:
            self._take_pending()
            self._since_s = time.monotonic()
        else:
            self._since_s = dut.taken_s.get((self.name, _aspect(claim)), 0.0)

    def _take_pending(self) -> None:
        deadline = Deadline.after(PENDING_S)
        while self._dut.is_running and not deadline.is_expired:
            known = len(self._dut.records)
            self._dut.listen(deadline)
            if len(self._dut.records) == known:
                return

    def news(self) -> list[Shot]:
        """Return the shots since the last call."""
        records = self._dut.records[self._seen :]
        self._seen += len(records)
        shots = [shot for seen in records if (shot := self._shot(seen)) is not None]
        if not self._is_first:
            return shots
        self._is_first = False
        before = [shot for shot in shots if shot.at_s <= self._since_s]
        after = shots[len(before) :]
        return [*(before[-1:] or ([] if shots else self._state())), *after]

    def wait(self, deadline: Deadline) -> None:
        """Listen to the board."""
        self._dut.listen(deadline)

    def _state(self) -> list[Shot]:
        """Return what an idle board was told before anybody listened, if it knows."""
        if self._dut.is_running:
            return []
        now_s = time.monotonic()
        return [Shot(now_s, each) for each in self._dut.snapshots() if each.source == self.name]

    def _shot(self, seen: Seen) -> Shot | None:
        record = seen.record
        columns, led, text, how = DARK_COLUMNS, (0, 0, 0), None, "restart"
        if record is not RESTARTED:
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
        return Shot(seen.at_s, snapshot, how)


class BenchWatcher:
    """What the observer saw."""

    name = "bench"

    def __init__(self, dut: BoardUnderTest, bench: Bench, claim: Claim) -> None:
        """Begin now, or where the last claim was met."""
        self._bench = bench
        self._what = _aspect(claim)
        self._seen = 0
        self._is_first = True
        self._since_s = None if claim.from_now else dut.taken_s.get((self.name, self._what), 0.0)

    def news(self) -> list[Shot]:
        """Return the shots since the last call."""
        # All events before this answer are there when it has come. A limit of its own: a panel
        # that keeps changing must not use up the answer's time.
        state = self._bench.state(Deadline.after(SETTLE_S))
        events = self._bench.events()[self._seen :]
        self._seen += len(events)
        shots = [self._shot(event) for event in events if event.what == self._what]
        if not self._is_first:
            return shots
        self._is_first = False
        since_s = self._since_s
        before = [shot for shot in shots if since_s is None or shot.at_s <= since_s]
        after = shots[len(before) :]
        return [*(before[-1:] or ([] if shots else [self._state(state)])), *after]

    def wait(self, deadline: Deadline) -> None:
        """Wait for the next event."""
        self._bench.wait_event(self._seen, deadline)

    def _shot(self, event: BenchEvent) -> Shot:
        return self._state(BenchState(event.at_s, event.columns or DARK_COLUMNS, event.led))

    def _state(self, state: BenchState) -> Shot:
        return Shot(state.at_s, bench_snapshot(state))


def _ask_device(dut: BoardUnderTest, claim: Claim) -> list[Outcome]:
    """Return what the idle board's own memory says at the end."""
    matcher = claim.still
    now_s = time.monotonic()
    outcomes = []
    for found in dut.snapshots():
        if matcher is None or found.source != "device" or (claim.is_led and not found.is_led_known):
            continue
        told = explained(matcher, found, "at the end: ")
        holds = matcher.holds(found)
        ruling = Ruling(holds, now_s, None, "" if holds else told.got, found, told.expected)
        outcomes.append(Outcome("device", ruling, (Shot(now_s, found),)))
    return outcomes


def _note(
    outcome: Outcome,
    claim: Claim,
    took_s: float,
    started_s: float,
    board: str,
    evidence: Evidence,
) -> None:
    ruling = outcome.ruling
    fields: dict[str, Any] = {}
    if not claim.is_led and ruling.expected is not None and ruling.found is not None:
        fields["expected_px"] = columns_from_rows(ruling.expected).hex()
        fields["found_px"] = columns_from_rows(ruling.found.pixels).hex()
    if not claim.is_led and not outcome.ok:
        fields["expected_film"] = [
            columns_from_rows(rows).hex() for rows in claim.film[:MOST_PICTURES]
        ]
        fields["found_film"] = [
            [round(shot.at_s - started_s, 4), columns_from_rows(shot.seen.pixels).hex()]
            for shot in outcome.film[-MOST_PICTURES:]
        ]
        fields["message"] = claim.broken.format(source=outcome.source)
        fields["diff"] = ruling.got
    evidence.write(
        "expect",
        board=board,
        what=claim.says,
        source=outcome.source,
        expected=claim.says,
        found="as claimed" if outcome.ok else ruling.got.partition("\n")[0],
        ok=outcome.ok,
        within_s=claim.within_s,
        took_s=round(took_s, 4),
        **fields,
    )


def _failure(
    board: str,
    program: RunningProgram | None,
    claim: Claim,
    outcomes: list[Outcome],
    failed: Outcome,
) -> ExpectationFailed:
    agree = [outcome.source for outcome in outcomes if outcome.ok]
    advice = f"{', '.join(agree)} did see it: look below it" if agree else ""
    error = None if program is None else program.error
    if error is not None:
        advice = f"the program had raised {error.type_name}: {error.message}"
    return ExpectationFailed(
        claim.broken.format(source=failed.source),
        on=board,
        expected=claim.says,
        got=failed.ruling.got,
        advice=advice,
    )
