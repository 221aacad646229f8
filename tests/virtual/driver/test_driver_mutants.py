"""Bugs in the drivers of panel and LED: the bench sees each, the program's own word sees none."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness import shipped
from harness.broker.program import find_mosquitto
from harness.deadline import Deadline
from harness.errors import BrokerError
from harness.link.virtual import VirtualControl, VirtualSettings, find_control, start_virtual

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LIMIT_S = 20.0
SCENARIO = Path(__file__).with_name("scenario.py")


@dataclass(frozen=True)
class Mutant:
    """One bug; its fields are told in fixtures/mutants/driver.toml."""

    name: str
    file: str
    edits: list[list[str]]
    fails: list[str]
    broken: str

    def apply(self, device_src: Path) -> None:
        """Build the bug into a copy of the device code."""
        path = device_src / self.file
        text = path.read_text(encoding="utf-8")
        for find, replace in self.edits:
            assert text.count(find) == 1, f"{self.file} has {find!r} {text.count(find)} times"
            text = text.replace(find, replace)
        path.write_text(text, encoding="utf-8")


def mutants() -> list[Mutant]:
    """Return the bugs that are kept as data."""
    path = shipped.fixtures() / "mutants" / "driver.toml"
    found: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    return [Mutant(**entry) for entry in found]


@pytest.fixture(scope="module")
def port() -> Iterator[str]:
    """One virtual board for all: only the file that differs is pushed to it."""
    process = start_virtual(VirtualSettings(), Deadline.after(LIMIT_S))
    yield process.port
    process.close()


@pytest.fixture(autouse=True)
def with_mosquitto() -> None:
    """Skip where there is no Mosquitto: without a broker a failure is not the product's alone."""
    try:
        find_mosquitto(os.environ.get("HIL_MOSQUITTO"))
    except BrokerError:
        pytest.skip("missing tool: mosquitto")


class Outcome:
    """What a run with one set of device code has said."""

    def __init__(self, folder: Path) -> None:
        """Read its journal."""
        lines = (folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()
        self.entries: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the entries of a kind."""
        return [entry for entry in self.entries if entry["kind"] == kind]

    @property
    def verdicts(self) -> dict[str, str]:
        """Each test's verdict."""
        return {entry["test"].partition("::")[2]: entry["verdict"] for entry in self.of("test.end")}

    def agreeing(self, *, with_expected: bool) -> set[str]:
        """Return the sources that saw, or did not see, what was expected."""
        return {entry["source"] for entry in self.of("expect") if entry["ok"] is with_expected}

    @property
    def broken(self) -> set[str]:
        """The rules of the panel's bus that the bench has seen broken."""
        return {entry["text"] for entry in self.of("bench") if entry["what"] == "violation"}


@pytest.fixture
def run(pytester: pytest.Pytester, port: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs the scenario with device code of its own."""
    for name in ("HIL_BOARD", "HIL_DEVICE_SRC", "HIL_REPORT_DIR", "HIL_TIME_SCALE"):
        monkeypatch.delenv(name, raising=False)

    def start(device_src: Path) -> Outcome:
        # A panel keeps its picture and its mode as long as it has a supply.
        path = find_control(port)
        assert path is not None
        with contextlib.closing(VirtualControl(path)) as control:
            control.power.off(Deadline.after(LIMIT_S))
            control.power.on(Deadline.after(LIMIT_S))
        shutil.copy(SCENARIO, pytester.path / "test_driver.py")
        pytester.runpytest_inprocess(
            *("-p", "no:hypothesispytest", "--hil-board", f"port:{port}"),
            *("--hil-device-src", str(device_src), "--hil-report-dir", str(pytester.path / "out")),
        )
        (folder,) = (path for path in (pytester.path / "out").glob("2*") if path.is_dir())
        return Outcome(folder)

    return start


@pytest.fixture
def device_src(tmp_path: Path) -> Path:
    """A copy of the device code."""
    copy = tmp_path / "device_src"
    shutil.copytree(shipped.device_src(), copy)
    return copy


def test_driver_without_a_bug_passes(run: Any, device_src: Path) -> None:
    outcome = run(device_src)
    assert set(outcome.verdicts.values()) == {"pass"}
    assert outcome.agreeing(with_expected=True) == {"commanded", "device", "bench"}
    assert outcome.broken == set()


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_bug_in_a_driver_is_seen_by_the_bench_alone(
    run: Any, device_src: Path, mutant: Mutant
) -> None:
    mutant.apply(device_src)
    outcome = run(device_src)
    failed = {name for name, verdict in outcome.verdicts.items() if verdict == "fail"}
    # A broken rule fails each test that draws, whatever it looks at.
    assert failed >= set(mutant.fails) if mutant.broken else failed == set(mutant.fails)
    assert set(outcome.verdicts.values()) <= {"pass", "fail"}
    # What the program was told and what it believes to show agree with the expectation.
    assert {"commanded", "device"} <= outcome.agreeing(with_expected=True)
    assert outcome.agreeing(with_expected=False) <= {"bench"}
    if mutant.broken:
        assert mutant.broken in outcome.broken
    else:
        assert outcome.broken == set()
