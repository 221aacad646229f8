"""Sessions of pytest with the plugin, inside a test, on one virtual board for all of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# A session inside a test forgets what it imported itself: what is loaded here is loaded once.
import harness.report.allure
import harness.report.evidence
import harness.report.junit
import harness.report.page
import harness.report.run_json
import harness.report.traceability  # noqa: F401
from harness.broker.program import find_mosquitto
from harness.deadline import Deadline
from harness.errors import BrokerError
from harness.link.virtual import VirtualSettings, start_virtual


@dataclass(frozen=True)
class Session:
    """A session that has ended.

    Attributes:
        result: What pytest gave.
        folders: The run folders that it left.
    """

    result: pytest.RunResult
    folders: list[Path]

    @property
    def stdout(self) -> str:
        """What it printed."""
        return self.result.stdout.str()

    @property
    def folder(self) -> Path:
        """The one run folder."""
        (folder,) = self.folders
        return folder

    @property
    def run(self) -> dict[str, Any]:
        """The run's ``run.json``."""
        found: dict[str, Any] = json.loads((self.folder / "run.json").read_text())
        return found

    def journal(self, kind: str) -> list[dict[str, Any]]:
        """Return the journal's entries of a kind."""
        lines = (self.folder / "journal.jsonl").read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry["kind"] == kind]

    @property
    def exit(self) -> int:
        """The run's exit code, which is not pytest's."""
        (end,) = self.journal("run.end")
        return int(end["exit"])

    def verdict(self, name: str) -> str:
        """Return the verdict of the test with this name."""
        return str(self.end(name)["verdict"])

    def end(self, name: str) -> dict[str, Any]:
        """Return the journal's entry on the end of the test with this name."""
        (end,) = [
            entry for entry in self.journal("test.end") if entry["test"].endswith(f"::{name}")
        ]
        return end


@pytest.fixture
def with_mosquitto() -> None:
    """Skip where there is no Mosquitto: code on a board needs a broker that its names stand for."""
    try:
        find_mosquitto(os.environ.get("HIL_MOSQUITTO"))
    except BrokerError:
        pytest.skip("missing tool: mosquitto")


RunSession = Callable[..., Session]


@pytest.fixture(scope="session")
def port() -> Iterator[str]:
    """A virtual board's port, as a specification."""
    process = start_virtual(VirtualSettings(), Deadline.after(20.0))
    yield f"port:{process.port}"
    process.close()


@pytest.fixture
def run_session(
    pytester: pytest.Pytester, port: str, monkeypatch: pytest.MonkeyPatch
) -> RunSession:
    """Return a function that runs a test file's text in a session of its own."""
    for name in os.environ:
        if name.startswith("HIL_") and name != "HIL_MOSQUITTO":
            monkeypatch.delenv(name)
    head = (
        "import pytest\nfrom harness import errors\n"
        "from harness.errors import ExpectationFailed, HarnessError\n"
    )

    def run(
        text: str, *arguments: str, board: str | None = port, in_process: bool = True
    ) -> Session:
        pytester.makepyfile(test_it=head + text)
        # Half a second each: a session inside a test imports hypothesis anew.
        arguments = ("-p", "no:hypothesispytest", *arguments)
        if board is not None:
            arguments = ("--hil-board", board, *arguments)
        start = pytester.runpytest_inprocess if in_process else pytester.runpytest_subprocess
        result = start(*arguments)
        folders = [
            path
            for path in sorted((pytester.path / "reports").glob("2*"))
            if (path / "journal.jsonl").is_file()
        ]
        return Session(result, folders)

    return run
