"""``junit.xml``: one test case for each test and board, as CI servers read it.

A product failure is a ``failure``, a blocked test an ``error``, a test that was not run or whose
result does not count is ``skipped``. A flaky test has passed in the end: it is told by its property
``hil.verdict``, since JUnit knows no such verdict and the exit code of the run carries the policy.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, tostring

from harness.report.timeline import moments

if TYPE_CHECKING:
    from harness.report.record import Run, TestRecord

#: What XML 1.0 cannot hold, not even escaped (section 2.2, Char).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: Moments in the output of a test: the beginning and, mostly, the end, where the cause is.
_FIRST, _LAST = 5, 40

_ELEMENTS = {
    "fail": "failure",
    "blocked": "error",
    "skipped": "skipped",
    "quarantined": "skipped",
}


def xml_text(text: str) -> str:
    r"""Return a text without what XML cannot hold; such a character becomes ``\x1b``."""
    return _NOT_XML.sub(
        lambda match: match.group().encode("unicode_escape", "backslashreplace").decode(), text
    )


def junit_xml(run: Run) -> str:
    """Return the text of ``junit.xml``."""
    elements = [_ELEMENTS.get(test.verdict, "") for test in run.tests]
    counts = {
        "tests": str(len(elements)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
        "time": f"{run.seconds:.3f}",
    }
    suites = Element("testsuites", {"name": "codey-hil", **counts})
    started = run.wall.removesuffix("Z").split("+")[0]
    suite = SubElement(
        suites,
        "testsuite",
        {"name": f"codey-hil {xml_text(run.id)}", **counts, "timestamp": xml_text(started)},
    )
    _properties(suite, _run_properties(run))
    for test in run.tests:
        _case(suite, run, test)
    return "<?xml version='1.0' encoding='utf-8'?>\n" + tostring(suites, encoding="unicode") + "\n"


def _properties(parent: Element, rows: list[tuple[str, str]]) -> None:
    if rows:
        properties = SubElement(parent, "properties")
        for name, value in rows:
            SubElement(properties, "property", {"name": xml_text(name), "value": xml_text(value)})


def _run_properties(run: Run) -> list[tuple[str, str]]:
    rows = [("hil.run", run.id), ("hil.broker", run.broker)]
    rows += [(f"hil.version.{name}", version) for name, version in run.versions.items()]
    if run.git:
        rows.append(("hil.git", f"{run.git.get('commit')}{'+' if run.git.get('dirty') else ''}"))
    rows.append(("hil.device_src_sha256", run.device_src.get("sha256", "")))
    rows += [("hil.problem", problem) for problem in run.problems]
    return [(name, value) for name, value in rows if value]


def _test_properties(run: Run, test: TestRecord) -> list[tuple[str, str]]:
    rows = [("hil.verdict", test.verdict), ("hil.attempts", str(len(test.earlier) + 1))]
    for board in run.boards:
        if board.name in test.boards:
            rows += [
                ("hil.board", board.name),
                ("hil.board_kind", "virtual" if board.is_virtual else "hardware"),
                ("hil.chip_id", board.id),
                ("hil.port_path", board.port),
                ("hil.firmware", board.firmware),
                ("hil.time_scale", str(board.time_scale)),
            ]
            # A board that was lost before the push has no deployment.
            rows += [("hil.app_sha256", each.manifest) for each in board.deployments[-1:]]
    rows += [("hil.requirement", requirement) for requirement in test.requirements]
    rows += [
        ("hil.evidence_layer", source)
        for source in dict.fromkeys(expect.source for expect in test.expectations)
    ]
    rows += [("hil.missing", capability) for capability in test.missing]
    for each in test.measurements:
        limit = f" (limit {each.limit})" if each.limit else ""
        rows.append((f"hil.measure.{each.name}", f"{each.value} {each.unit}{limit}"))
    return [(name, value) for name, value in rows if value]


def _case(suite: Element, run: Run, test: TestRecord) -> None:
    attributes = {
        "classname": xml_text(test.file.removesuffix(".py").replace("/", ".")),
        "name": xml_text(test.title),
        "time": f"{test.seconds:.3f}",
        "file": xml_text(test.file),
    }
    if test.line is not None:
        attributes["line"] = str(test.line)
    case = SubElement(suite, "testcase", attributes)
    _properties(case, _test_properties(run, test))
    tag = _ELEMENTS.get(test.verdict)
    if tag:
        sentence = test.sentence or test.verdict
        if test.verdict == "quarantined":
            sentence = f"quarantined: {sentence}"
        result = SubElement(
            case, tag, {"message": xml_text(sentence), "type": f"hil.{test.verdict}"}
        )
        result.text = xml_text(test.trace or test.message)
    SubElement(case, "system-out").text = xml_text(_story(test))


def _story(test: TestRecord) -> str:
    """Return the test's timeline, trimmed in the middle."""
    lines = [
        f"{'!' if moment.is_bad else ' '}{moment.end_s:9.3f} s  {moment.channel:9}  {moment.text}"
        for moment in moments(test)
    ]
    left_out = len(lines) - _FIRST - _LAST
    if left_out > 0:
        note = f"  ... {left_out} more in tests/{test.slug}/timeline.json"
        lines = [*lines[:_FIRST], note, *lines[-_LAST:]]
    return "\n".join(lines)
