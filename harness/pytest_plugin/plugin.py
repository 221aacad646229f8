"""The pytest plugin: it loads by itself wherever the package is installed.

A session whose tests use none of its fixtures is left alone: no folder, no board, no output.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from harness.errors import ConfigError
from harness.pytest_plugin.collection import check_requirements, missing_capability, uses_rig
from harness.pytest_plugin.fixture import (
    board,
    boards,
    broker,
    display,
    hil_run,
    inputs,
    led,
    measure,
    mqtt,
    run,
    timeline,
)
from harness.pytest_plugin.option import add_options
from harness.pytest_plugin.run import RUN, Ending, HilRun, run_of
from harness.pytest_plugin.terminal import summarise
from harness.pytest_plugin.verdict import judge, shorten
from harness.scenario.verdict import (
    INTERNAL_ERROR,
    INTERRUPTED,
    exit_code,
    reasons_of,
)

__all__ = [
    "board",
    "boards",
    "broker",
    "display",
    "hil_run",
    "inputs",
    "led",
    "measure",
    "mqtt",
    "run",
    "timeline",
]

MARKERS = (
    "requirement(id, ...): what the test shows; ids of the catalogue",
    "needs(capability, ...): skip where board or rig lacks one",
    "boards(n, roles=[...]): how many boards the test takes, and what it calls them",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin the run where a test needs a rig; wrong options end it here, with one message."""
    items = [item for item in session.items if uses_rig(item)]
    if not items or session.config.option.collectonly:
        return
    try:
        hil = run_of(session.config)
        check_requirements(items, hil.catalogue)
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
    result = yield
    ending = hil.endings[item.nodeid]
    hil.evidence.write(
        "test.end",
        verdict=ending.verdict,
        seconds=round(hil.seconds_of(item.nodeid), 4),
        phase=ending.phase,
        message=ending.message,
        parts=ending.parts,
        missing=ending.missing,
        trace=ending.trace,
    )
    hil.evidence.begin(None)
    return result


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
        shorten(item, call, report)
        judge(hil.endings[item.nodeid], call, report)
    return report


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Give the rig back and write the reports, however the session ended."""
    hil = session.config.stash.get(RUN, None)
    if hil is None:
        return
    reasons = reasons_of(hil.verdicts())
    reasons |= {ending.reason for ending in hil.endings.values() if ending.reason is not None}
    if exitstatus == pytest.ExitCode.INTERRUPTED:
        reasons.add(INTERRUPTED)
    elif exitstatus == pytest.ExitCode.INTERNAL_ERROR:
        reasons.add(INTERNAL_ERROR)
    hil.finish(exit_code(reasons))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say the verdicts, the boards and where the report is."""
    hil = terminalreporter.config.stash.get(RUN, None)
    if hil is not None:
        summarise(terminalreporter, hil)


def _describe(item: pytest.Item, hil: HilRun, cited: list[str]) -> dict[str, Any]:
    path, line, _ = item.reportinfo()
    function = getattr(item, "function", None)
    callspec = getattr(item, "callspec", None)
    marker = item.get_closest_marker("boards")
    count = marker.args[0] if marker else 1
    return {
        "name": item.name,
        "file": str(path),
        "line": (line or 0) + 1,
        "doc": (getattr(function, "__doc__", None) or "").strip(),
        "requirements": cited,
        "boards": [spec.name for spec in hil.stand.specs[:count]],
        "params": {k: str(v) for k, v in callspec.params.items()} if callspec else {},
    }
