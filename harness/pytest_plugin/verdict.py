"""From how a phase of a test ended to the test's verdict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import ExpectationFailed, HarnessError
from harness.pytest_plugin.ending import Ending
from harness.scenario.verdict import BLOCKED, PRODUCT_FAILED, exit_of, verdict_of

#: Of two verdicts of one test the one further left stands: a failing test stays failed even if
#: the clean-up after it is blocked.
WEIGHT = ("fail", "blocked", "skipped", "pass")


def judge(
    ending: Ending,
    call: pytest.CallInfo[None],
    report: pytest.TestReport,
    broker_fault: Callable[[], HarnessError | None],
) -> None:
    """Take one phase into account.

    Args:
        ending: How the test has gone so far; is changed.
        call: What the phase raised.
        report: What pytest makes of it.
        broker_fault: Returns what is wrong with the broker; asked before the product is accused.
    """
    error = call.excinfo.value if call.excinfo is not None else None
    said = _message(error, report)
    if report.skipped:
        verdict = "skipped"
    elif report.passed:
        verdict = "pass"
    else:
        # A broken expectation in a fixture is the product's too: it says so by its type.
        in_test = call.when == "call" or isinstance(error, ExpectationFailed)
        # A failure without an error is a test that was to fail and did not.
        verdict = "fail" if error is None else verdict_of(error, in_test=in_test)
        fault = broker_fault() if verdict == "fail" else None
        if fault is not None:
            said = f"{fault}\nmeanwhile the test said: {said}"
            verdict, error = "blocked", fault
    if WEIGHT.index(verdict) >= WEIGHT.index(ending.verdict):
        return
    ending.verdict = verdict
    ending.phase = call.when
    ending.message = said
    if isinstance(error, (HarnessError, ExpectationFailed)):
        ending.parts = error.parts()
    if verdict == "fail":
        ending.reason = PRODUCT_FAILED
    elif verdict == "blocked" and isinstance(error, HarnessError):
        # What the board raised outside of all expectations accuses nobody.
        code = exit_of(error)
        ending.reason = BLOCKED if code == PRODUCT_FAILED else code
    if verdict in ("fail", "blocked"):
        ending.trace = report.longreprtext


def shorten(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Show of an error of ours the five parts and the test's own lines, not ours.

    Args:
        item: The test.
        call: What the phase raised.
        report: What pytest makes of it; its long text is replaced.
    """
    if call.excinfo is None or report.skipped:
        return
    error = call.excinfo.value
    if not isinstance(error, (HarnessError, ExpectationFailed)):
        return
    own = [
        entry
        for entry in call.excinfo.traceback
        if Path(entry.path) == item.path or Path(entry.path).name == "conftest.py"
    ]
    if own:
        report.longrepr = call.excinfo.getrepr(
            style="short",
            chain=False,
            tbfilter=lambda info: info.traceback.filter(lambda each: each in own),
        )


def _message(error: BaseException | None, report: pytest.TestReport) -> str:
    if report.skipped and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    if isinstance(error, (HarnessError, ExpectationFailed)):
        return str(error)
    if error is not None and report.longrepr is not None:
        crash = getattr(report.longrepr, "reprcrash", None)
        return str(crash.message) if crash is not None else f"{type(error).__name__}: {error}"
    return ""
