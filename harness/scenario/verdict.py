"""Verdicts, and the exit code that a run's verdicts add up to.

Source: docs/interface.md, "Exit codes" and "Verdicts".
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.errors import (
    ConfigError,
    DeviceException,
    HarnessError,
    IdentityMismatch,
    LeaseBusy,
)

VERDICTS = ("pass", "fail", "blocked", "flaky", "quarantined", "skipped")

PASSED, PRODUCT_FAILED, INTERRUPTED, INTERNAL_ERROR, BAD_USAGE, NOTHING_RAN = range(6)
BLOCKED, BENCH_BUSY, WRONG_BOARD, FLAKY_POLICY, INCOMPLETE = range(10, 15)

#: Several reasons at once: the first of these that holds is the exit code.
PRECEDENCE = (
    INTERNAL_ERROR,
    INTERRUPTED,
    BAD_USAGE,
    WRONG_BOARD,
    BENCH_BUSY,
    PRODUCT_FAILED,
    BLOCKED,
    FLAKY_POLICY,
    INCOMPLETE,
    NOTHING_RAN,
    PASSED,
)


def verdict_of(error: BaseException | None, *, in_test: bool) -> str:
    """Return the verdict for how a test, or the set-up around it, ended.

    Args:
        error: What was raised; None when nothing was.
        in_test: Whether the test itself raised it; otherwise it was a fixture.

    Returns:
        ``blocked`` for an error of the rig and for anything that goes wrong around a test;
        ``fail`` for all that the test itself raises.
    """
    if error is None:
        return "pass"
    if not in_test or isinstance(error, HarnessError):
        return "blocked"
    return "fail"


def was_interrupted(error: BaseException) -> bool:
    """Return whether an error came up while Ctrl-C was on its way through the program.

    It may be all that is left of it: where Ctrl-C meets `threading` between two of its locks, the
    second complains, and that complaint is raised in the place of the interruption.
    """
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        if isinstance(link, KeyboardInterrupt):
            return True
        seen.append(link)
        link = link.__cause__ or link.__context__
    return False


def exit_of(error: BaseException) -> int:
    """Return the exit code that one error of the rig stands for.

    Source: docs/interface.md, "Exit codes"; the commands that talk to one board end with these too.
    """
    if was_interrupted(error):
        return INTERRUPTED
    if isinstance(error, DeviceException):
        return PRODUCT_FAILED
    for kind, code in (
        (ConfigError, BAD_USAGE),
        (IdentityMismatch, WRONG_BOARD),
        (LeaseBusy, BENCH_BUSY),
        (HarnessError, BLOCKED),
        (AssertionError, PRODUCT_FAILED),
    ):
        if isinstance(error, kind):
            return code
    return INTERNAL_ERROR


def exit_code(reasons: Iterable[int]) -> int:
    """Return the exit code for several reasons at once."""
    found = set(reasons)
    return next((code for code in PRECEDENCE if code in found), INTERNAL_ERROR)


def reasons_of(verdicts: dict[str, int]) -> set[int]:
    """Return what the number of tests with each verdict stands for."""
    reasons = set()
    if verdicts["fail"]:
        reasons.add(PRODUCT_FAILED)
    if verdicts["blocked"]:
        reasons.add(BLOCKED)
    if verdicts["flaky"]:
        reasons.add(FLAKY_POLICY)
    ran = sum(verdicts[name] for name in VERDICTS if name != "skipped")
    reasons.add(PASSED if ran else NOTHING_RAN)
    return reasons
