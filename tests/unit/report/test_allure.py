from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.report.write import WRITERS, write_reports

Result = dict[str, Any]


@pytest.fixture
def folder(run_dir: Path) -> Path:
    outcome = write_reports(run_dir, {"allure": WRITERS["allure"]})
    assert outcome.failures == ()
    return outcome.paths["allure"]


@pytest.fixture
def results(folder: Path) -> list[Result]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*-result.json"))]


def result_of(results: list[Result], part: str) -> Result:
    (result,) = [result for result in results if part in result["name"]]
    return result


def labels(result: Result, name: str) -> list[str]:
    return [label["value"] for label in result["labels"] if label["name"] == name]


def test_allure_has_a_result_for_each_attempt(results: list[Result]) -> None:
    assert Counter(result["status"] for result in results) == {
        "passed": 51,
        "failed": 5,
        "broken": 1,
        "skipped": 4,
    }
    assert all(result["start"] <= result["stop"] for result in results)
    assert len({result["uuid"] for result in results}) == 61


def test_allure_board_is_part_of_the_history_and_firmware_is_not(results: list[Result]) -> None:
    result = result_of(results, "round_0")
    board, firmware = result["parameters"]
    assert board == {"name": "board", "value": "virtual-1"}
    assert (firmware["name"], firmware["excluded"]) == ("firmware", True)
    histories = Counter(each["historyId"] for each in results)
    assert Counter(histories.values()) == {1: 59, 2: 1}


def test_allure_attempts_of_one_test_share_their_history(results: list[Result]) -> None:
    tries = [result for result in results if "many_in_order" in result["name"]]
    assert len(tries) == 2
    assert tries[0]["historyId"] == tries[1]["historyId"]
    assert {each["status"] for each in tries} == {"failed", "passed"}
    assert [each["statusDetails"].get("flaky") for each in tries if each["status"] == "passed"] == [
        True
    ]


def test_allure_attachments_are_files_and_the_panel_is_first(
    results: list[Result], folder: Path
) -> None:
    result = result_of(results, "round_0")
    assert [each["name"] for each in result["attachments"]] == [
        "panel.png",
        "serial.log",
        "repl.jsonl",
        "mqtt.jsonl",
        "broker.log",
        "timeline.json",
        "frames.png",
        "difference.png",
    ]
    named = {each["source"] for result in results for each in result["attachments"]}
    there = {path.name for path in folder.iterdir() if "-attachment" in path.name}
    assert named == there
    picture = folder / result["attachments"][0]["source"]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_allure_labels_and_links_cite_the_requirements(results: list[Result]) -> None:
    result = result_of(results, "round_0")
    assert labels(result, "requirement") == ["MQTT-44", "MQTT-50"]
    assert [link["name"] for link in result["links"]] == ["MQTT-44", "MQTT-50"]
    assert labels(result, "thread") == ["virtual-1"]
    assert labels(result, "suite") == ["test_example"]
    assert labels(result, "evidence") == ["bench"]


def test_allure_steps_tell_what_was_expected_and_found(results: list[Result]) -> None:
    result = result_of(results, "round_0")
    (bad,) = [step for step in result["steps"] if step["status"] == "failed"]
    assert bad["name"].startswith("check: the panel shows 33")
    assert bad["parameters"] == [
        {"name": "expected", "value": "shows 38"},
        {"name": "found", "value": "shows 33"},
    ]


def test_allure_environment_says_that_nothing_was_seen_on_hardware(folder: Path) -> None:
    lines = (folder / "environment.properties").read_text().splitlines()
    assert "seen.on.hardware=no" in lines
    assert "version.mosquitto=2.0.11" in lines
    assert all(line.isascii() and "=" in line for line in lines)


def test_allure_categories_know_the_four_kinds(folder: Path) -> None:
    categories = json.loads((folder / "categories.json").read_text())
    assert [each["name"] for each in categories] == [
        "Product",
        "Infrastructure",
        "Flaky",
        "Quarantined",
    ]


def test_allure_results_of_an_earlier_writing_are_replaced(run_dir: Path, folder: Path) -> None:
    (folder / "old-result.json").write_text("{}")
    write_reports(run_dir, {"allure": WRITERS["allure"]})
    assert not (folder / "old-result.json").exists()
    assert sorted(path.name for path in run_dir.iterdir()) == ["allure-results", "journal.jsonl"]
