"""The pytest plugin: it loads by itself wherever the package is installed.

A session whose tests use none of its fixtures is left alone: no folder, no board, no output.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from harness.errors import ConfigError
from harness.pytest_plugin.collection import (
    boards_of,
    check_capabilities,
    check_requirements,
    missing_capability,
    uses_rig,
)
from harness.pytest_plugin.ending import Ending
from harness.pytest_plugin.fixture import (
    board,
    boards,
    broker,
    display,
    hil_run,
    inputs,
    led,
    ledger,
    measure,
    mqtt,
    own_broker,
    run,
    scripted,
    timeline,
    tls_broker,
)
from harness.pytest_plugin.option import add_options, read_share
from harness.pytest_plugin.run import DEFERRED, RUN, UNCOLLECTED, HilRun, run_of
from harness.pytest_plugin.terminal import summarise
from harness.pytest_plugin.verdict import judge, shorten
from harness.scenario.verdict import (
    BAD_USAGE,
    INTERNAL_ERROR,
    INTERRUPTED,
    was_interrupted,
)

__all__ = [
    "board",
    "boards",
    "broker",
    "display",
    "hil_run",
    "inputs",
    "led",
    "ledger",
    "measure",
    "mqtt",
    "own_broker",
    "run",
    "scripted",
    "timeline",
    "tls_broker",
]

MARKERS = (
    "requirement(id, ...): what the test shows; ids of the catalogue",
    "needs(capability, ...): skip where board or rig lacks one",
    "evidence(source, ...): believe these alone on display and LED: commanded, device, bench",
    "boards(n, roles=[...]): how many boards the test takes, and what it calls them",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


# Last: what others select, such as the short set of `hil run`, is divided, and not the other way.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not this process's share where a suite runs on several boards."""
    try:
        share = read_share(config)
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from error
    if share == "all":
        return
    gone = [item for item in items if (boards_of(item) > 1) == (share == "one")]
    items[:] = [item for item in items if item not in gone]
    config.stash[DEFERRED] = len(gone)
    config.hook.pytest_deselected(items=gone)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin the run where a test needs a rig; wrong options end it here, with one message."""
    items = [item for item in session.items if uses_rig(item)]
    if not items or session.config.option.collectonly:
        return
    try:
        hil = run_of(session.config)
        check_requirements(items, hil.catalogue)
        check_capabilities(items)
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Write the test's start and end around all that happens in it."""
    hil = item.config.stash.get(RUN, None)
    if hil is None or not uses_rig(item):
        return (yield)
    hil.evidence.begin(item.nodeid)
    hil.endings[item.nodeid] = Ending()
    cited = [str(each) for mark in item.iter_markers("requirement") for each in mark.args]
    hil.requirements[item.nodeid] = cited
    hil.evidence.write("test.start", **_describe(item, hil, cited))
    try:
        return (yield)
    except BaseException as error:
        # Ctrl-C, or pytest.exit(): pytest makes no report of a test that it stops in the middle.
        hil.endings[item.nodeid].interrupt(error)
        raise
    finally:
        hil.end_test(item.nodeid)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose board or rig lacks what it needs."""
    hil = item.config.stash.get(RUN, None)
    if hil is None or not uses_rig(item):
        return
    missing = missing_capability(item, hil.stand)
    if missing:
        hil.endings[item.nodeid].missing = missing
        pytest.skip(f"missing capability: {', '.join(missing)}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn how a phase ended into a verdict."""
    report = yield
    hil = item.config.stash.get(RUN, None)
    if hil is not None and item.nodeid in hil.endings:
        if call.excinfo is not None and was_interrupted(call.excinfo.value):
            raise KeyboardInterrupt from call.excinfo.value
        shorten(item, call, report)
        judge(hil.endings[item.nodeid], call, report, hil.stand.broker_fault)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Take note of a file whose tests cannot be collected: none of them will run."""
    report = yield
    if report.failed:
        collector.config.stash[UNCOLLECTED] = True
    return report


# The innermost wrapper: what pytest itself does here is to end the fixtures of an interrupted test,
# which needs the rig; what comes after is the terminal's summary, which needs the reports.
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(
    session: pytest.Session, exitstatus: int
) -> Generator[None, object, object]:
    """Give the rig back and write the reports, however the session ended."""
    hil = session.config.stash.get(RUN, None)
    if hil is None:
        return (yield)
    try:
        return (yield)
    except Exception as error:  # noqa: BLE001 (the reports must be written all the same)
        hil.note_trouble("the fixtures of an interrupted test could not be ended", error)
        return None
    finally:
        hil.finish(_reasons_of_session(session.config, exitstatus))


def _reasons_of_session(config: pytest.Config, exitstatus: int) -> set[int]:
    if config.stash.get(UNCOLLECTED, False):
        # pytest calls this an interruption; it is a broken file of the user's.
        return {BAD_USAGE}
    return {
        code
        for status, code in (
            (pytest.ExitCode.INTERRUPTED, INTERRUPTED),
            (pytest.ExitCode.INTERNAL_ERROR, INTERNAL_ERROR),
            (pytest.ExitCode.USAGE_ERROR, BAD_USAGE),
        )
        if exitstatus == status
    }


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say the verdicts, the boards and where the report is."""
    hil = terminalreporter.config.stash.get(RUN, None)
    if hil is not None:
        summarise(terminalreporter, hil)


def _describe(item: pytest.Item, hil: HilRun, cited: list[str]) -> dict[str, Any]:
    _, line, _ = item.reportinfo()
    function = getattr(item, "function", None)
    callspec = getattr(item, "callspec", None)
    return {
        "name": item.name,
        "file": item.nodeid.split("::", maxsplit=1)[0],
        "line": (line or 0) + 1,
        "doc": (getattr(function, "__doc__", None) or "").strip(),
        "requirements": cited,
        "boards": [dut.name for dut in hil.stand.asked[: boards_of(item)]],
        "params": {k: str(v) for k, v in callspec.params.items()} if callspec else {},
    }
