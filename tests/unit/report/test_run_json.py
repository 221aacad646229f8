from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from harness.report.assembly import assemble
from harness.report.run_json import run_json, run_object

if TYPE_CHECKING:
    from harness.report.record import Run


@pytest.fixture
def schema() -> dict[str, Any]:
    text = (files("harness.report") / "schema" / "run.schema.json").read_text("utf-8")
    read: dict[str, Any] = json.loads(text)
    return read


def test_run_json_has_the_shape_of_hil_run_json(run: Run) -> None:
    told = json.loads(run_json(run))
    assert told["verdicts"] == run.verdicts
    assert told["exit"] == 1
    assert told["run"] == "20261124-101500-sample"
    assert told["report"] == "report.html"
    assert [(board["name"], board["kind"]) for board in told["boards"]] == [
        ("virtual-1", "virtual"),
        ("virtual-2", "virtual"),
    ]
    assert told["boards"][0]["id"] == "2462abf0c0d1"


def test_run_json_holds_to_its_schema(run: Run, schema: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for each in (run, assemble([])):
        assert list(validator.iter_errors(json.loads(run_json(each)))) == []


def test_run_json_that_breaks_its_schema_is_seen(run: Run, schema: dict[str, Any]) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    told = json.loads(run_json(run))
    told["tests"][0]["verdict"] = "passed"
    told["tests"][0]["snapshots"][0]["pixels"][0] = "...."
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(told))
    assert len(errors) == 2


def test_run_json_tells_a_failing_test_in_full(run: Run) -> None:
    (test,) = [test for test in run_object(run)["tests"] if "round_0" in test["test"]]
    assert test["verdict"] == "fail"
    assert test["sentence"].startswith("the panel shows 33")
    assert test["parts"]["advice"] == "hil run -k round_0"
    assert [each["ok"] for each in test["expectations"]] == [False]
    assert test["snapshots"][-1]["pixels"][0] == "." * 16
    assert test["measurements"][0]["limit"] == "<= 20"


def test_run_json_lists_uncovered_requirements(run: Run) -> None:
    rows = run_object(run)["requirements"]
    uncovered = [row["id"] for row in rows if row["verdict"] == "uncovered"]
    assert uncovered == ["MQTT-45", "MQTT-46", "MQTT-47", "MQTT-48", "MQTT-49"]
