"""The claim that states of a panel or an LED are seen in a certain order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.scenario.claim import Changes, Claim, Ruling, met
from harness.scenario.film import Shot, strip_of_pictures
from harness.scenario.matcher import Matcher, Rows

#: A shot may last so much longer or shorter than it should: the board's timer, and on a virtual
#: board the host's load.
TOLERANCE_S = 0.1


@dataclass(frozen=True)
class Part:
    """One state of a sequence.

    Attributes:
        matcher: What is to be seen.
        for_s: How long; None for any time. The last part of a sequence: at least so long.
    """

    matcher: Matcher
    for_s: float | None = None


def sequence(
    parts: Sequence[Part],
    within_s: float,
    *,
    is_strict: bool = False,
    tolerance_s: float = TOLERANCE_S,
) -> Claim:
    """States are seen in this order.

    Args:
        parts: The states; all of them about the panel, or all about the LED.
        within_s: How long the whole may take from now; what was seen before counts too, since the
            last claim was met.
        is_strict: Whether nothing else may be seen between the first and the last of them.
        tolerance_s: How far the time of a part may be off.

    Raises:
        ValueError: There is no part, or some are about the panel and some about the LED.
    """
    if not parts or len({part.matcher.is_led for part in parts}) > 1:
        raise ValueError("a sequence has states of the panel, or of the LED, and at least one")
    names = ", ".join(_words(part) for part in parts)
    says = f"{names} in this order" + (" and nothing else between" if is_strict else "")
    return Claim(
        says,
        f"the sequence was not seen by {{source}} within {within_s:g} s",
        parts[0].matcher.is_led,
        within_s,
        from_now=False,
        judge=lambda _: _Sequence(parts, is_strict, tolerance_s),
        film=tuple(part.matcher.panels[0] for part in parts if part.matcher.panels),
    )


def _words(part: Part) -> str:
    return part.matcher.says + ("" if part.for_s is None else f" for {part.for_s:g} s")


class _Sequence:
    """Follows all ways in which what was seen may be read as the sequence, at once."""

    def __init__(self, parts: Sequence[Part], is_strict: bool, tolerance_s: float) -> None:
        self._parts = parts
        self._is_strict = is_strict
        self._tolerance_s = tolerance_s
        self._changes = Changes()
        #: How many parts were over before the one that is seen now, for each way to read it.
        self._showing: set[int] = set()
        #: How many parts were over; what is seen now does not belong to the sequence.
        self._passed: set[int] = {0}
        self._best = 0
        self._met: Shot | None = None
        self._missed = ""

    def see(self, shot: Shot) -> None:
        before = self._changes.last
        if not self._changes.is_new(shot) or self._met is not None:
            return
        over = set() if before is None else self._over(before, shot)
        if len(self._parts) in over:
            self._met = before
            return
        self._passed = {0} | over | (set() if self._is_strict else self._passed)
        parts = self._parts
        self._showing = {
            number
            for number in self._passed
            if number < len(parts) and parts[number].matcher.holds(shot.seen)
        }
        self._best = max([self._best, *(number + 1 for number in self._showing)])
        if len(parts) - 1 in self._showing and parts[-1].for_s is None:
            self._met = shot

    def _over(self, shot: Shot, later: Shot) -> set[int]:
        """Return how many parts are over with a shot's end, for each way to read it."""
        lasted_s = shot.until(later)
        over = set()
        for number in self._showing:
            for_s = self._parts[number].for_s
            is_last = number + 1 == len(self._parts)
            if for_s is not None and (
                lasted_s < for_s - self._tolerance_s
                or (lasted_s > for_s + self._tolerance_s and not is_last)
            ):
                self._missed = (
                    f"{_words(self._parts[number])} was seen for {lasted_s:.3f} s "
                    f"(within {self._tolerance_s:g} s)\n"
                )
            else:
                over.add(number + 1)
        return over

    def ruling(self, now_s: float) -> Ruling:
        last = self._changes.last
        if self._met is not None:
            return met(self._met.at_s, self._met.seen)
        if last is None:
            return Ruling(None, got="nothing was seen at all")
        due_s = None
        final = self._parts[-1]
        if final.for_s is not None and len(self._parts) - 1 in self._showing:
            due_s = last.at_s + final.for_s
            if now_s >= due_s:
                return met(last.at_s, last.seen)
        return Ruling(
            None,
            due_s=due_s,
            got=self._told(),
            found=last.seen,
            expected=self._next_picture(),
        )

    def _next_picture(self) -> Rows | None:
        panels = self._parts[min(self._best, len(self._parts) - 1)].matcher.panels
        return panels[0] if panels else None

    def _told(self) -> str:
        parts, best = self._parts, self._best
        what = f"{best} of {len(parts)} in order"
        if best < len(parts):
            what += f", and then no {_words(parts[best])}"
        kept = self._changes.kept
        first_s = kept[0].at_s
        more = f" (the last {len(kept)} of {self._changes.count})"
        told = f"{what}\n{self._missed}found:{more if self._changes.count > len(kept) else ''}\n"
        if parts[0].matcher.is_led:
            return told + "\n".join(
                f"{shot.at_s - first_s:9.3f} s  LED {shot.seen.led}" for shot in kept
            )
        marks = [
            (f"{number + 1} {'' if number < best else 'NOT '}seen", part.matcher.panels[0])
            for number, part in enumerate(parts)
            if part.matcher.panels
        ]
        expected = f"expected:\n{strip_of_pictures(marks)}\n" if marks else ""
        found = [(f"{shot.at_s - first_s:.3f} s", shot.seen.pixels) for shot in kept]
        head, _, tail = told.partition("found:")
        return f"{head}{expected}found:{tail}{strip_of_pictures(found)}"
