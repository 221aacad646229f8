"""From how a phase of a test ended to the test's verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExpectationFailed, HarnessError
from harness.pytest_plugin.run import Ending
from harness.scenario.verdict import PRODUCT_FAILED, exit_of, verdict_of

#: Of two verdicts of one test the one further left stands: a failing test stays failed even if
#: the clean-up after it is blocked.
WEIGHT = ("fail", "blocked", "skipped", "pass")


def judge(ending: Ending, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Take one phase into account.

    Args:
        ending: How the test has gone so far; is changed.
        call: What the phase raised.
        report: What pytest makes of it.
    """
    error = call.excinfo.value if call.excinfo is not None else None
    if report.skipped:
        verdict = "skipped"
    elif report.passed:
        verdict = "pass"
    else:
        # A broken expectation in a fixture is the product's too: it says so by its type.
        in_test = call.when == "call" or isinstance(error, ExpectationFailed)
        verdict = verdict_of(error, in_test=in_test)
    if WEIGHT.index(verdict) >= WEIGHT.index(ending.verdict):
        return
    ending.verdict = verdict
    ending.phase = call.when
    ending.message = _message(error, report)
    if isinstance(error, (HarnessError, ExpectationFailed)):
        ending.parts = error.parts()
    if verdict == "fail":
        ending.reason = PRODUCT_FAILED
    elif verdict == "blocked" and isinstance(error, HarnessError):
        ending.reason = exit_of(error)
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
    lines = []
    for entry in call.excinfo.traceback:
        if Path(entry.path) == item.path or Path(entry.path).name == "conftest.py":
            lines.append(f"{entry.path}:{entry.lineno + 1}: in {entry.name}")
            lines.append(f">   {str(entry.statement).strip()}")
    report.longrepr = "\n".join([*lines, "", str(error)])


def _message(error: BaseException | None, report: pytest.TestReport) -> str:
    if report.skipped and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    if isinstance(error, (HarnessError, ExpectationFailed)):
        return str(error)
    if error is not None and report.longrepr is not None:
        crash = getattr(report.longrepr, "reprcrash", None)
        return str(crash.message) if crash is not None else f"{type(error).__name__}: {error}"
    return ""
