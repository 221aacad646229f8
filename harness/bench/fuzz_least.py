"""The least case that still fails."""

from __future__ import annotations

from collections.abc import Callable

from harness.bench.fuzz_case import Case

#: How many smaller cases are tried; one takes a millisecond.
ATTEMPTS = 400


def least(case: Case, shows: Callable[[Case], str]) -> Case:
    """Leave out chunks and calls as long as the case shows the same.

    Args:
        case: One that fails.
        shows: Returns what a case shows of its fault; empty when it does not have it.
    """
    attempts = 0
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for smaller in _smaller(case):
            if attempts == ATTEMPTS:
                return case
            attempts += 1
            if shows(smaller):
                case = smaller
                is_smaller = True
                break
    return case


def _smaller(case: Case) -> list[Case]:
    # The last things first: what leads to the state is needed as a rule. Halves before single ones.
    found = [case.without(step) for step in reversed(range(1, len(case.steps)))]
    for number in reversed(range(len(case.steps))):
        size = total = len(case.steps[number].chunks)
        while size > 0:
            found += [
                case.without(number, start, size) for start in reversed(range(0, total, size))
            ]
            size //= 2
    return found
