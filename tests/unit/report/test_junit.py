from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from harness.report.junit import junit_xml, xml_text

if TYPE_CHECKING:
    from harness.report.record import Run


@pytest.fixture
def suite(run: Run) -> ET.Element:
    root = ET.fromstring(junit_xml(run))  # noqa: S314 (our own)
    assert root.tag == "testsuites"
    (suite,) = root
    return suite


def properties(case: ET.Element) -> list[tuple[str, str]]:
    return [(each.attrib["name"], each.attrib["value"]) for each in case.iter("property")]


def case_of(suite: ET.Element, part: str) -> ET.Element:
    (case,) = [case for case in suite.iter("testcase") if part in case.attrib["name"]]
    return case


def test_junit_counts_agree_with_its_cases_and_the_run(suite: ET.Element, run: Run) -> None:
    kinds = Counter(
        child.tag
        for case in suite.iter("testcase")
        for child in case
        if child.tag in ("failure", "error", "skipped")
    )
    assert kinds == {"failure": 4, "error": 1, "skipped": 4}
    assert suite.attrib["tests"] == str(len(run.tests))
    assert suite.attrib["failures"] == "4"
    assert suite.attrib["errors"] == "1"
    assert suite.attrib["skipped"] == "4"
    assert suite.attrib["timestamp"] == "2026-11-24T10:15:00"


def test_junit_case_is_named_for_test_and_board(suite: ET.Element) -> None:
    case = case_of(suite, "round_0")
    assert case.attrib["name"] == "test_example_round_0_shows_38[virtual-1]"
    assert case.attrib["classname"] == "tests.scenarios.test_example"
    names = [(c.attrib["classname"], c.attrib["name"]) for c in suite.iter("testcase")]
    assert len(set(names)) == len(names)


def test_junit_failure_says_the_sentence_and_cites_the_requirements(suite: ET.Element) -> None:
    case = case_of(suite, "round_0")
    failure = case.find("failure")
    assert failure is not None
    assert failure.attrib["message"] == "the panel shows 33, not 38, 2 s after the message"
    assert "display.shows" in (failure.text or "")
    found = properties(case)
    assert [value for name, value in found if name == "hil.requirement"] == ["MQTT-44", "MQTT-50"]
    assert ("hil.board", "virtual-1") in found
    assert ("hil.board_kind", "virtual") in found
    assert ("hil.chip_id", "2462abf0c0d1") in found
    assert ("hil.app_sha256", "cd" * 32) in found
    assert ("hil.evidence_layer", "bench") in found
    assert ("hil.measure.publish to panel", "2000.0 ms (limit <= 20)") in found


def test_junit_blocked_test_is_an_error_and_a_quarantined_one_is_skipped(
    suite: ET.Element,
) -> None:
    error = case_of(suite, "connect_twice").find("error")
    assert error is not None
    assert error.attrib["type"] == "hil.blocked"
    skipped = case_of(suite, "qos_2").find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"].startswith("quarantined: ")


def test_junit_flaky_test_passes_and_says_so(suite: ET.Element) -> None:
    case = case_of(suite, "many_in_order")
    assert {child.tag for child in case} == {"properties", "system-out"}
    assert ("hil.verdict", "flaky") in properties(case)
    assert ("hil.attempts", "2") in properties(case)


def test_junit_tells_the_story_of_passing_tests_too(suite: ET.Element) -> None:
    story = case_of(suite, "connect_in_case_0").findtext("system-out")
    assert story is not None
    channels = [line.split()[2] for line in story.splitlines()]
    assert {"step", "exec", "serial", "mqtt", "broker", "commanded", "bench", "check"} == set(
        channels
    )


def test_junit_holds_control_characters_as_escapes(suite: ET.Element) -> None:
    failure = case_of(suite, "odd").find("failure")
    assert failure is not None
    assert failure.attrib["message"] == "the payload was <b>not</b> \\x1b[31mred\\x00"
    assert failure.text == "Traceback <b>\\x0c\\ud800"


def test_xml_text_keeps_what_xml_can_hold() -> None:
    assert xml_text("a\tb\nc é 中 \U0001f600") == "a\tb\nc é 中 \U0001f600"
    assert xml_text("\x00\x0b\ufffe\ud800") == "\\x00\\x0b\\ufffe\\ud800"
