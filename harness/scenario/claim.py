"""What is claimed of a panel or an LED over time: that it comes, stays, never comes, settles.

A claim is data; for each source it makes a judge of its own, which sees that source's shots in
order and can say at any moment whether the claim is met, broken, or open, and until when time alone
leaves it open. A judge knows no board, no bench and no clock: all moments that it is told are the
source's, in seconds of the board's time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from harness.board.snapshot import Snapshot
from harness.scenario.film import Shot
from harness.scenario.matcher import Matcher, Rows

#: So many of the last pictures stand in messages and reports.
KEPT_SHOTS = 24

#: The board's time may fall behind the host's, which is late to wake a sleeper: a claim that time
#: alone will meet stays open for so much of its time longer, and then some.
PATIENCE = 1.0
PATIENCE_S = 1.0


@dataclass(frozen=True)
class Ruling:
    """Where a claim stands with one source.

    Attributes:
        holds: None while it is open: with no more time, that is as good as False.
        at_s: When it was met or broken.
        due_s: When an open claim will be met if nothing changes; None for never.
        got: What was seen, in words and pictures, as far as it speaks against the claim.
        found: The picture or colour that does.
        expected: The picture that should have been there instead.
    """

    holds: bool | None
    at_s: float = 0.0
    due_s: float | None = None
    got: str = ""
    found: Snapshot | None = None
    expected: Rows | None = None


class Judge(Protocol):
    """Judges one source by one claim."""

    def see(self, shot: Shot) -> None:
        """Take the next shot."""
        ...

    def ruling(self, now_s: float) -> Ruling:
        """Return where the claim stands, when all shots up to now have been seen."""
        ...


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes:
        says: What is claimed, in words.
        broken: What is to be said when a source saw otherwise; has a place for ``{source}``.
        is_led: Whether it is about the LED; otherwise about the panel.
        within_s: The time that the test gives it: to be met in, or to hold for.
        from_now: Whether only what is seen from now on counts; otherwise all since the last claim
            was met counts, or since the test's start.
        judge: Makes a judge; is given the moment from which on it counts.
        still: What a source can tell that knows the last state only; None for nothing.
        film: The expected pictures, in order.
        is_instant: Whether it is about what is shown now, and has no time in it.
        patience_s: How much longer than `within_s` the host keeps it open.
    """

    says: str
    broken: str
    is_led: bool
    within_s: float
    from_now: bool
    judge: Callable[[float], Judge]
    still: Matcher | None = None
    film: tuple[Rows, ...] = ()
    is_instant: bool = False
    patience_s: float = 0.0

    @property
    def aspect(self) -> str:
        """What it is about: ``panel`` or ``led``."""
        return "led" if self.is_led else "panel"


def shown(matcher: Matcher, within_s: float) -> Claim:
    """It is seen now, or comes within a time."""
    return Claim(
        matcher.says,
        f"{matcher.says} was not seen by {{source}} within {within_s:g} s",
        matcher.is_led,
        within_s,
        from_now=True,
        judge=lambda _: _Shown(matcher),
        is_instant=True,
    )


def eventually(matcher: Matcher, within_s: float) -> Claim:
    """It was seen since the last claim was met, or will be within a time."""
    return Claim(
        f"{matcher.says} at some time",
        f"{matcher.says} was not seen by {{source}} within {within_s:g} s",
        matcher.is_led,
        within_s,
        from_now=False,
        judge=lambda _: _Eventually(matcher),
        film=matcher.panels[:1],
    )


def stays(matcher: Matcher, for_s: float) -> Claim:
    """It is seen now and for a time."""
    return Claim(
        f"{matcher.says} for {for_s:g} s",
        f"{matcher.says} did not stay for {for_s:g} s, says {{source}}",
        matcher.is_led,
        for_s,
        from_now=True,
        judge=lambda start_s: _Stays(matcher, start_s, for_s),
        still=matcher,
        film=matcher.panels[:1],
        patience_s=PATIENCE * for_s + PATIENCE_S,
    )


def never(matcher: Matcher, for_s: float) -> Claim:
    """It is not seen now, nor within a time."""
    other = Matcher(f"no {matcher.says}", lambda seen: not matcher.holds(seen), led=matcher.led)
    return Claim(
        f"{other.says} for {for_s:g} s",
        f"{matcher.says} was seen by {{source}}, which must not be for {for_s:g} s",
        matcher.is_led,
        for_s,
        from_now=True,
        judge=lambda start_s: _Stays(other, start_s, for_s),
        still=other,
        patience_s=PATIENCE * for_s + PATIENCE_S,
    )


def settles(matcher: Matcher, quiet_s: float, within_s: float) -> Claim:
    """After its last change it stays for a time."""
    return Claim(
        f"{matcher.says} settled for {quiet_s:g} s",
        f"{matcher.says} did not settle for {quiet_s:g} s within {within_s:g} s, says {{source}}",
        matcher.is_led,
        within_s,
        from_now=True,
        judge=lambda start_s: _Settles(matcher, start_s, quiet_s),
        still=matcher,
        film=matcher.panels[:1],
    )


class Changes:
    """Keeps the last changes: what a judge sees may repeat itself.

    Attributes:
        last: The newest shot that differs from the one before it.
        kept: The newest ones, oldest first.
        count: How many there were.
    """

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.last: Shot | None = None
        self.kept: deque[Shot] = deque(maxlen=KEPT_SHOTS)
        self.count = 0

    def is_new(self, shot: Shot) -> bool:
        """Take a shot; return whether it differs from the one before."""
        last = self.last
        if last is not None and (last.seen.pixels, last.seen.led) == (
            shot.seen.pixels,
            shot.seen.led,
        ):
            return False
        self.last = shot
        self.kept.append(shot)
        self.count += 1
        return True


def met(at_s: float, seen: Snapshot) -> Ruling:
    """Return the ruling that a claim was met then, by what was seen."""
    return Ruling(holds=True, at_s=at_s, found=seen)


def explained(matcher: Matcher, seen: Snapshot | None, before: str = "") -> Ruling:
    """Return an open ruling that tells what was seen where something else was expected."""
    if seen is None:
        return Ruling(None, got="nothing was seen at all")
    expected = matcher.panels[0] if matcher.panels else None
    return Ruling(None, got=f"{before}{matcher.explain(seen)}", found=seen, expected=expected)


def rule_on(matcher: Matcher, seen: Snapshot, now_s: float) -> Ruling:
    """Return whether what is seen now is what is expected; open while it is not."""
    told = explained(matcher, seen)
    return replace(told, holds=matcher.holds(seen) or None, at_s=now_s)


class _Shown:
    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._changes = Changes()

    def see(self, shot: Shot) -> None:
        self._changes.is_new(shot)

    def ruling(self, now_s: float) -> Ruling:
        last = self._changes.last
        if last is None:
            return Ruling(None, got="nothing was seen at all")
        return rule_on(self._matcher, last.seen, now_s)


class _Eventually:
    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._changes = Changes()
        self._met: Shot | None = None

    def see(self, shot: Shot) -> None:
        if self._changes.is_new(shot) and self._met is None and self._matcher.holds(shot.seen):
            self._met = shot

    def ruling(self, now_s: float) -> Ruling:  # noqa: ARG002, the form is the protocol's
        if self._met is not None:
            return met(self._met.at_s, self._met.seen)
        last = self._changes.last
        count = self._changes.count
        before = f"the last of {count} states: " if count > 1 else ""
        return explained(self._matcher, None if last is None else last.seen, before)


class _Stays:
    def __init__(self, matcher: Matcher, start_s: float, for_s: float) -> None:
        self._matcher = matcher
        self._start_s = start_s
        self._end_s = start_s + for_s
        self._changes = Changes()
        self._broken: Shot | None = None

    def see(self, shot: Shot) -> None:
        if (
            self._changes.is_new(shot)
            and self._broken is None
            and shot.at_s < self._end_s
            and not self._matcher.holds(shot.seen)
        ):
            self._broken = shot

    def ruling(self, now_s: float) -> Ruling:
        broken = self._broken
        if broken is not None:
            after_s = max(0.0, broken.at_s - self._start_s)
            told = explained(self._matcher, broken.seen, f"after {after_s:.3f} s: ")
            return replace(told, holds=False, at_s=broken.at_s)
        if self._changes.last is None:
            return Ruling(None, got="nothing was seen at all")
        if now_s < self._end_s:
            return Ruling(None, due_s=self._end_s, got="it was not watched long enough")
        return met(self._end_s, self._changes.last.seen)


class _Settles:
    def __init__(self, matcher: Matcher, start_s: float, quiet_s: float) -> None:
        self._matcher = matcher
        self._start_s = start_s
        self._quiet_s = quiet_s
        self._changes = Changes()
        self._met: Ruling | None = None

    def see(self, shot: Shot) -> None:
        last = self._changes.last
        if self._changes.is_new(shot) and last is not None:
            # Quiet enough before this change, of which the host may have been told late.
            self._look(last, shot.at_s)

    def _look(self, last: Shot, now_s: float) -> None:
        due_s = max(self._start_s, last.at_s + self._quiet_s)
        if self._met is None and due_s <= now_s and self._matcher.holds(last.seen):
            self._met = met(due_s, last.seen)

    def ruling(self, now_s: float) -> Ruling:
        last = self._changes.last
        if last is None:
            return Ruling(None, got="nothing was seen at all")
        self._look(last, now_s)
        if self._met is not None:
            return self._met
        if not self._matcher.holds(last.seen):
            return explained(self._matcher, last.seen)
        told = explained(
            self._matcher,
            last.seen,
            f"{self._changes.count} changes, the last {max(0.0, now_s - last.at_s):.3f} s ago: ",
        )
        return replace(told, due_s=last.at_s + self._quiet_s)
