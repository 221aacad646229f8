"""``allure-results/``: the run for those who have an Allure server. The one file that knows Allure.

The results are written from the journal, not by a listener during the run, so that a crash of the
run costs none of them and the same journal gives the same files. The board is a parameter, hence
part of the history: the same test on two boards are two lines of history. The firmware is a
parameter that is excluded from it: the history survives an update.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from allure_commons.model2 import (
    Attachment,
    Label,
    Link,
    Parameter,
    Status,
    StatusDetails,
    TestResult,
    TestStepResult,
)
from allure_commons.types import LabelType, LinkType
from attr import asdict

from harness.report.evidence import evidence_files
from harness.report.frames import last_snapshot
from harness.report.picture import panel, png, strip
from harness.report.timeline import CHANNELS, expect_text, moments
from harness.report.whole import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from harness.report.record import Run, TestRecord

_STATUS = {
    "pass": Status.PASSED,
    "flaky": Status.PASSED,
    "fail": Status.FAILED,
    "blocked": Status.BROKEN,
    "quarantined": Status.SKIPPED,
    "skipped": Status.SKIPPED,
}

#: How Allure sorts what went wrong; the verdict stands at the beginning of the message.
_CATEGORIES = [
    {"name": "Product", "matchedStatuses": ["failed"]},
    {"name": "Infrastructure", "matchedStatuses": ["broken"]},
    {"name": "Flaky", "matchedStatuses": ["passed"], "flaky": True},
    {
        "name": "Quarantined",
        "matchedStatuses": ["skipped"],
        "messageRegex": "(?s)quarantined: .*",
    },
]

_TYPES = {
    ".log": "text/plain",
    ".jsonl": "application/x-ndjson",
    ".json": "application/json",
    ".png": "image/png",
}

#: Channels that become steps, when a scenario has not told steps of its own.
_STEP_CHANNELS = frozenset(CHANNELS) - {"serial", "broker"}
_MOST_STEPS = 60


def write_allure(run: Run, folder: Path) -> None:
    """Write the results of a run.

    Args:
        run: The run.
        folder: The folder; it must not hold results of another run.

    Raises:
        OSError: A file could not be written.
    """
    for test in run.tests:
        for number, attempt in enumerate((*test.earlier, test)):
            _write_test(run, attempt, number, folder)
    environment = {
        "run": run.id,
        "broker": run.broker,
        "boards": ", ".join(board.name for board in run.boards),
        "seen.on.hardware": "no" if all(board.is_virtual for board in run.boards) else "see boards",
        "device_src.sha256": run.device_src.get("sha256", ""),
        **{f"version.{name}": version for name, version in run.versions.items()},
        **{f"host.{name}": str(value) for name, value in run.host.items()},
        **{f"problem.{number}": text for number, text in enumerate(run.problems, start=1)},
    }
    lines = [f"{name}={_property(value)}\n" for name, value in environment.items() if value]
    write_whole(folder / "environment.properties", "".join(lines))
    write_whole(folder / "categories.json", json.dumps(_CATEGORIES, indent=1) + "\n")


def _property(text: str) -> str:
    """Return a value of a Java properties file, which is ASCII and one line."""
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return "".join(
        char if " " <= char <= "~" else "".join(f"\\u{unit:04x}" for unit in _utf16(char))
        for char in escaped
    )


def _utf16(char: str) -> list[int]:
    data = char.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def _write_test(run: Run, test: TestRecord, number: int, folder: Path) -> None:
    key = uuid.uuid5(uuid.NAMESPACE_OID, f"{run.id} {test.test} {number}")
    begun_ms = _milliseconds(run.wall)
    parameters = [Parameter("board", board) for board in test.boards]
    parameters += [Parameter(name, str(value)) for name, value in test.params.items()]
    kept = sorted(f"{each.name}={each.value}" for each in parameters)
    parameters += [
        Parameter("firmware", board.firmware, excluded=True)
        for board in run.boards
        if board.name in test.boards
    ]
    full_name = f"{test.file}::{test.name.partition('[')[0]}"
    trace = test.trace or (test.message if "\n" in test.message else None)
    details = StatusDetails(
        message=f"quarantined: {test.sentence}"
        if test.verdict == "quarantined"
        else test.sentence or None,
        trace=trace,
        flaky=test.verdict == "flaky" or None,
        known=test.verdict == "quarantined" or None,
    )
    result = TestResult(
        uuid=str(key),
        historyId=_digest(full_name, *kept),
        testCaseId=_digest(full_name),
        fullName=full_name,
        name=test.name,
        description=test.doc or None,
        status=_STATUS[test.verdict],
        statusDetails=details,
        stage="finished",
        start=begun_ms + round(test.start_s * 1000),
        stop=begun_ms + round((test.start_s + test.seconds) * 1000),
        parameters=parameters,
        labels=_labels(run, test),
        links=[Link(LinkType.ISSUE, None, requirement) for requirement in test.requirements],
        titlePath=test.file.split("/"),
        steps=_steps(test, begun_ms),
        attachments=_attachments(test, key, folder),
    )
    write_whole(folder / f"{key}-result.json", json.dumps(_without_empty(result)) + "\n")


def _digest(*texts: str) -> str:
    """Return a key for the history: equal for equal texts, today and in later versions."""
    data = "\n".join(texts).encode("utf-8", "backslashreplace")
    return hashlib.sha256(data).hexdigest()[:32]


def _without_empty(result: TestResult) -> dict[str, Any]:
    """Return the result as Allure's own logger writes it: empty fields are left out."""
    kept: dict[str, Any] = asdict(
        result, filter=lambda _, value: bool(value) or value is False or value == 0
    )
    return kept


def _milliseconds(wall: str) -> int:
    """Return an ISO time as milliseconds since 1970; 0 when the journal has lost it."""
    try:
        moment = datetime.fromisoformat(wall.replace("Z", "+00:00"))
    except ValueError:
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return round(moment.timestamp() * 1000)


def _labels(run: Run, test: TestRecord) -> list[Label]:
    module = test.file.rpartition("/")[2].removesuffix(".py")
    rows = [
        (LabelType.FRAMEWORK, "codey-hil"),
        (LabelType.LANGUAGE, "python"),
        (LabelType.HOST, f"{run.host.get('system', '')} {run.host.get('machine', '')}".strip()),
        (LabelType.THREAD, "+".join(test.boards)),
        (LabelType.PARENT_SUITE, test.file.rpartition("/")[0]),
        (LabelType.SUITE, module),
        (LabelType.FEATURE, module.removeprefix("test_")),
        ("verdict", test.verdict),
    ]
    rows += [("requirement", requirement) for requirement in test.requirements]
    rows += [
        ("evidence", source)
        for source in dict.fromkeys(expect.source for expect in test.expectations)
    ]
    return [Label(name, value) for name, value in rows if value]


def _steps(test: TestRecord, begun_ms: int) -> list[TestStepResult]:
    """Return the story as steps, those of checks with what was expected and found."""
    zero_ms = begun_ms + test.start_s * 1000
    checks = {expect_text(expect): expect for expect in test.expectations}
    steps = []
    for moment in [each for each in moments(test) if each.channel in _STEP_CHANNELS][-_MOST_STEPS:]:
        expect = checks.get(moment.text) if moment.channel == "check" else None
        named = {"expected": expect.expected, "found": expect.found} if expect else {}
        steps.append(
            TestStepResult(
                name=f"{moment.channel}: {moment.text}",
                status=Status.FAILED if moment.is_bad else Status.PASSED,
                stage="finished",
                start=round(zero_ms + moment.start_s * 1000),
                stop=round(zero_ms + moment.end_s * 1000),
                parameters=[Parameter(name, value) for name, value in named.items()],
            )
        )
    return steps


def _attachments(test: TestRecord, key: uuid.UUID, folder: Path) -> list[Attachment]:
    """Write the attachments as files and return their names; the panel comes first."""
    files: dict[str, bytes] = {}
    picture = _panel_picture(test)
    if picture:
        files["panel.png"] = picture
    files.update(
        (name, data)
        for name, data in evidence_files(test).items()
        if not name.startswith("attempt")
    )
    attachments = []
    for name, data in files.items():
        suffix = name[name.rindex(".") :]
        source = f"{uuid.uuid5(key, name)}-attachment{suffix}"
        write_whole(folder / source, data)
        attachments.append(Attachment(name=name, source=source, type=_TYPES[suffix]))
    return attachments


def _panel_picture(test: TestRecord) -> bytes | None:
    """Draw the panel at the end; for a failed panel check expected beside found."""
    failing, last = test.failing, last_snapshot(test)
    if failing and failing.expected_columns and failing.found_columns:
        found = panel(failing.found_columns, expected=failing.expected_columns)
        return png(strip([panel(failing.expected_columns), found]))
    return png(panel(last.columns, last.led)) if last else None
