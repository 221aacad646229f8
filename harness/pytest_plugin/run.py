"""One run: its folder and journal, the stand, and the verdicts that were given."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from harness import shipped
from harness.board.manifest import load_manifest
from harness.errors import ExpectationFailed, HarnessError
from harness.lab.admission import Admission
from harness.lab.inventory import find_inventory, load_inventory
from harness.lab.lease import LeaseTerms, job_name
from harness.lab.probed import ProbedFile
from harness.lab.selection import select_or_default
from harness.link.virtual import VirtualSettings
from harness.pytest_plugin.ending import Ending
from harness.pytest_plugin.evidence import RunEvidence
from harness.pytest_plugin.option import Settings, read_settings
from harness.pytest_plugin.provenance import git_state, host, versions
from harness.pytest_plugin.stand import Stand
from harness.report.journal import SCHEMA, Journal
from harness.report.traceability import Share, coverage, shares
from harness.report.write import ReportOutcome, write_reports
from harness.scenario.requirement import Catalogue, load_catalogue
from harness.scenario.verdict import (
    BLOCKED,
    INCOMPLETE,
    VERDICTS,
    exit_code,
    reasons_of,
)

RUN = pytest.StashKey["HilRun"]()

#: Whether the run becomes a part of another, which writes the reports.
IS_PART = pytest.StashKey[bool]()

#: How many tests were left to another process's share.
DEFERRED = pytest.StashKey[int]()

#: Whether a file with tests could not be collected.
UNCOLLECTED = pytest.StashKey[bool]()


class HilRun:
    """The run of one pytest session.

    Attributes:
        settings: The options in force.
        folder: The run's folder.
        evidence: Where everything is written.
        stand: The rig.
        catalogue: The requirements.
        endings: How each test ended, by node id.
        outcome: What became of the reports; None before the end.
    """

    def __init__(self, config: pytest.Config) -> None:
        """Begin the run: make its folder and journal; no board is opened yet.

        Raises:
            ConfigError: An option, the board specification, the manifest or the catalogue is wrong.
        """
        self.settings: Settings = read_settings(config)
        self._is_part = config.stash.get(IS_PART, False)
        plugin = config.pluginmanager.getplugin
        self._reporter: pytest.TerminalReporter = plugin("terminalreporter")
        self._capture: Any = plugin("capturemanager")
        self.catalogue: Catalogue = load_catalogue(
            self.settings.requirements or shipped.fixtures() / "requirements"
        )
        # All that a user may have got wrong is read first: bad usage leaves no folder.
        inventory = load_inventory(self.settings.inventory or find_inventory(Path.cwd()))
        duts = select_or_default(self.settings.board, inventory)
        admission = Admission(
            probed=ProbedFile(inventory.path),
            terms=LeaseTerms(
                job=job_name(dict(os.environ)), wait_s=self.settings.lock_wait_s, tell=self._tell
            ),
            virtual=VirtualSettings(
                micropython=self.settings.micropython or "", time_scale=self.settings.time_scale
            ),
            esptool=self.settings.esptool,
        )
        manifest = load_manifest(self.settings.device_src or shipped.device_src())
        stamp = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
        self.id = f"{stamp}-{secrets.token_hex(3)}"
        self.folder = (self.settings.report_dir / self.id).absolute()
        self.journal = Journal(self.folder / "journal.jsonl", secrets=self.settings.secrets())
        self.evidence = RunEvidence(self.journal)
        self.stand = Stand(self.settings, duts, manifest, self.evidence, admission)
        self.endings: dict[str, Ending] = {}
        #: The requirements that each test cites, by node id.
        self.requirements: dict[str, list[str]] = {}
        self.outcome: ReportOutcome | None = None
        self.exit: int | None = None
        #: What went wrong around the tests, a sentence each.
        self.troubles: list[str] = []
        self._started_s = time.monotonic()
        self._write_start(config)

    def _tell(self, text: str) -> None:
        """Say on the terminal what the run waits for."""
        self.evidence.write("step", name=text, ok=True, seconds=0)
        # A board is opened in a fixture, where pytest keeps what is printed for itself.
        with self._capture.global_and_fixture_disabled():
            self._reporter.write_line(f"waiting   {text}")
            self._reporter.flush()

    def verdicts(self) -> dict[str, int]:
        """Return how many tests have each verdict."""
        counts = dict.fromkeys(VERDICTS, 0)
        for ending in self.endings.values():
            counts[ending.verdict] += 1
        return counts

    def seconds_of(self, test: str) -> float:
        """Return how long a test has taken so far, set-up and clean-up included."""
        return time.monotonic() - self.endings[test].started_s

    def has_failed(self, test: str) -> bool:
        """Return whether a test has failed so far."""
        return test in self.endings and self.endings[test].verdict not in ("pass", "skipped")

    def measure(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        most: float | None = None,
        least: float | None = None,
    ) -> None:
        """Note a number with its limits.

        Raises:
            ExpectationFailed: It breaks a limit.
        """
        ok = (most is None or value <= most) and (least is None or value >= least)
        limits = [
            text
            for text, limit in ((f"<= {most}", most), (f">= {least}", least))
            if limit is not None
        ]
        limit = " and ".join(limits) or None
        self.evidence.write("measure", name=name, value=value, unit=unit, limit=limit, ok=ok)
        if not ok:
            raise ExpectationFailed(
                f"the measured {name} breaks its limit",
                expected=f"{limit} {unit}",
                got=f"{value:g} {unit}",
            )

    def end_test(self, test: str) -> None:
        """Write the end of a test into the journal."""
        ending = self.endings[test]
        self.evidence.write(
            "test.end",
            verdict=ending.verdict,
            seconds=round(self.seconds_of(test), 4),
            phase=ending.phase,
            message=ending.message,
            parts=ending.parts,
            missing=ending.missing,
            trace=ending.trace,
        )
        self.evidence.begin(None)

    def note_trouble(self, what: str, error: BaseException) -> None:
        """Take note of what went wrong around the tests; the run counts as blocked by it."""
        self.troubles.append(f"{what}: {error}")
        self.evidence.write("step", name=self.troubles[-1], ok=False, seconds=0)

    def finish(self, reasons: set[int]) -> None:
        """Give the rig back, close the journal and write the reports.

        Args:
            reasons: Exit codes that speak for how the session ended; those of the tests are added.
        """
        reasons = reasons | reasons_of(self.verdicts())
        reasons |= {each.reason for each in self.endings.values() if each.reason is not None}
        try:
            self._give_back()
        finally:
            self.exit = exit_code(reasons | self._reasons_around())
            self.evidence.begin(None)
            self.evidence.write(
                "run.end",
                verdicts=self.verdicts(),
                exit=self.exit,
                seconds=round(time.monotonic() - self._started_s, 3),
            )
            self.journal.close()
        if not self._is_part:
            self.outcome = write_reports(self.folder)
        self.exit = exit_code(reasons | self._reasons_around())
        if not self._is_part:
            self._point_latest()

    def _give_back(self) -> None:
        try:
            self.stand.close()
        except HarnessError as error:
            self.note_trouble("the rig could not be given back in order", error)

    def _reasons_around(self) -> set[int]:
        """Return the exit codes for what went wrong around the tests so far."""
        reasons = {BLOCKED} if self.troubles else set()
        if self.journal.failure or (self.outcome and self.outcome.failures):
            # The verdicts stand, but nobody could prove them later.
            reasons.add(INCOMPLETE)
        return reasons

    def as_json(self) -> dict[str, object]:
        """Return the JSON shape of ``hil run --json``."""
        page = self.outcome.paths.get("page") if self.outcome else None
        return {
            "verdicts": self.verdicts(),
            "exit": self.exit,
            "boards": [
                {
                    "name": opened.board.name,
                    "kind": opened.board.rig.kind,
                    "id": opened.identity.id,
                    "firmware": opened.identity.firmware,
                    "time_scale": opened.board.rig.time_scale,
                }
                for opened in self.stand.seen
            ],
            "report": str(page) if page else None,
            "run": self.id,
            "folder": str(self.folder),
            "coverage": [asdict(share) for share in self.shares()],
        }

    def shares(self) -> list[Share]:
        """Return how much of the requirements the run has shown, once its reports are made."""
        run = self.outcome.run if self.outcome else None
        return [] if run is None else shares(coverage(run))

    def _point_latest(self) -> None:
        latest = self.settings.report_dir / "latest"
        fresh = self.settings.report_dir / f".latest-{self.id}"
        # A convenience, and some file systems have no links: the run's own path is printed anyway.
        with contextlib.suppress(OSError):
            fresh.symlink_to(self.id)
            try:
                fresh.replace(latest)
            finally:
                fresh.unlink(missing_ok=True)

    def _write_start(self, config: pytest.Config) -> None:
        manifest = self.stand.manifest
        self.evidence.write(
            "run.start",
            schema=SCHEMA,
            run=self.id,
            clock_s=self.journal.started_at_s,
            wall=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            argv=list(config.invocation_params.args),
            versions=versions(),
            git=git_state(config.rootpath),
            device_src={"path": str(manifest.path), "sha256": manifest.sha256},
            host=host(),
            requirements=self.catalogue.as_json(),
        )


def run_of(config: pytest.Config) -> HilRun:
    """Return the session's run, which begins with the first call."""
    if RUN not in config.stash:
        config.stash[RUN] = HilRun(config)
    return config.stash[RUN]
