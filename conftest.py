"""What all of the project's tests share.

With ``HIL_REQUIRE_TOOLS=1`` a test that is skipped because a tool is missing fails instead: on a
machine that is to run everything, such a skip would hide a broken set-up.

The programs that the tests start keep their bytecode in a folder of the session.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Generator
from pathlib import Path

import pytest

# A shell's background job ignores Ctrl-C, and so would all that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: How the reason of such a skip begins.
MISSING_TOOL = "missing tool:"

#: Where Python keeps the bytecode of what it imports.
BYTECODE = "PYTHONPYCACHEPREFIX"


def pytest_configure(config: pytest.Config) -> None:
    """Let the Pythons that the tests start share their bytecode, and leave none beside the sources.

    Containers are often told to write none. Then each of some 500 processes compiles the harness
    anew, and one that runs pytest rewrites the plugins' assertions besides: 0.3 s each.
    """
    if hasattr(config, "workerinput"):  # the environment is the controller's
        return
    folder = tempfile.mkdtemp(prefix="hil-bytecode-")
    patch = pytest.MonkeyPatch()
    patch.setenv(BYTECODE, folder)
    patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    config.add_cleanup(lambda: _remove(folder))
    config.add_cleanup(patch.undo)


def _remove(folder: str) -> None:
    """Remove a folder into which a process that is ending may still write."""
    for _ in range(10):
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)
        if not Path(folder).exists():
            return
    warnings.warn(f"left behind, since something goes on writing to it: {folder}", stacklevel=1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test for want of a tool into a failure where tools are required."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = str(report.longrepr[2])
        wanted = MISSING_TOOL in reason or "could not import" in reason
        if wanted and os.environ.get("HIL_REQUIRE_TOOLS") == "1":
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: {reason} (HIL_REQUIRE_TOOLS=1)"
    return report
