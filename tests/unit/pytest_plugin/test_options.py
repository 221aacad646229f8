"""Options and their precedence, wrong ones, and pytest's own that keep working."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from harness.errors import ConfigError
from harness.pytest_plugin.option import OPTIONS, read_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.pytest_plugin.conftest import RunSession

PLAIN = "def test_plain(): pass\n"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the options of the outer run out of the inner one."""
    for option in OPTIONS:
        monkeypatch.delenv(option.variable, raising=False)
    monkeypatch.delenv("HIL_WIFI_SSID", raising=False)


@pytest.mark.parametrize(
    ("flag", "variable", "ini", "expected"),
    [
        ("cli", "env", "ini", "cli"),
        (None, "env", "ini", "env"),
        (None, None, "ini", "ini"),
        (None, None, None, "reports"),
        ("cli", None, "ini", "cli"),
        (None, "", "ini", "ini"),
    ],
    ids=["all", "env", "ini", "default", "cli-ini", "empty-env"],
)
def test_command_line_goes_before_environment_before_ini_before_default(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    flag: str | None,
    variable: str | None,
    ini: str | None,
    expected: str,
) -> None:
    if ini is not None:
        pytester.makeini(f"[pytest]\nhil_report_dir = {ini}\n")
    if variable is not None:
        monkeypatch.setenv("HIL_REPORT_DIR", variable)
    arguments = [] if flag is None else ["--hil-report-dir", flag]
    assert str(read_settings(pytester.parseconfig(*arguments)).report_dir) == expected


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_each_option_has_three_spellings_and_a_help(
    pytester: pytest.Pytester, option: object
) -> None:
    from harness.pytest_plugin.option import Option

    assert isinstance(option, Option)
    assert option.flag == f"--hil-{option.name}"
    assert option.variable == option.flag.removeprefix("--").upper().replace("-", "_")
    assert option.key == option.variable.lower()
    assert option.help
    value = option.choices[0] if option.choices else "x"
    config = pytester.parseconfig(option.flag, value)
    settings = read_settings(config)
    assert str(getattr(settings, option.name.replace("-", "_"))) == value


def test_wifi_comes_from_the_environment_alone(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_settings(pytester.parseconfig()).wifi is None
    monkeypatch.setenv("HIL_WIFI_SSID", "lab")
    monkeypatch.setenv("HIL_WIFI_PASSWORD", "secret-word")
    settings = read_settings(pytester.parseconfig())
    assert settings.wifi == ("lab", "secret-word")
    assert "secret-word" not in repr(settings)


def test_impossible_choice_is_a_config_error(pytester: pytest.Pytester) -> None:
    with pytest.raises(ConfigError, match="'sometimes' is not possible") as caught:
        read_settings(pytester.parseconfig("--hil-reset", "sometimes"))
    assert caught.value.expected == "auto, always, never"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--hil-reset", "sometimes"), "'sometimes' is not possible"),
        (("--hil-evidence", "bench,eye"), "'bench,eye' is not possible"),
        (("--hil-board", "toaster"), "unknown board"),
        (("--hil-board", "virtual:0"), "number of virtual boards"),
        (("--hil-device-src", "absent"), "no manifest"),
        (("--hil-requirements", "absent"), "no requirement catalogue"),
    ],
    ids=lambda each: each[-1] if isinstance(each, tuple) else "",
)
def test_wrong_option_is_a_usage_error_and_leaves_no_folder(
    run_session: RunSession, arguments: tuple[str, ...], said: str
) -> None:
    session = run_session("def test_x(board): pass\n", *arguments, board=None)
    assert session.result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in session.result.stderr.str() + session.stdout
    assert "Traceback" not in session.result.stderr.str()
    assert session.folders == []


def test_wrong_option_does_not_matter_to_tests_without_a_rig(run_session: RunSession) -> None:
    session = run_session(PLAIN, "--hil-reset", "sometimes", board="toaster")
    session.result.assert_outcomes(passed=1)


def test_unknown_requirements_are_all_told(run_session: RunSession) -> None:
    session = run_session(
        "@pytest.mark.requirement('MQTT-50', 'MQTT-999')\ndef test_x(board): pass\n"
        "@pytest.mark.requirement('NO-1')\ndef test_y(board): pass\n"
    )
    assert session.result.ret == pytest.ExitCode.USAGE_ERROR
    said = session.result.stderr.str() + session.stdout
    assert "MQTT-999 in test_it.py::test_x" in said
    assert "NO-1 in test_it.py::test_y" in said
    assert "MQTT-50 in" not in said


def test_requirement_that_does_not_bind_the_product_is_not_to_be_cited(
    run_session: RunSession,
) -> None:
    session = run_session(
        "@pytest.mark.requirement('MQTT-50', 'MQTT-3.3.1-9')\ndef test_x(board): pass\n"
    )
    assert session.result.ret == pytest.ExitCode.USAGE_ERROR
    said = session.result.stderr.str() + session.stdout
    assert "tests cite requirements that do not bind the product" in said
    assert "MQTT-3.3.1-9 in test_it.py::test_x" in said
    assert "MQTT-50 in" not in said


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "@pytest.fixture\ndef broker(): return 1\ndef test_x(broker): assert broker\n",
        "@pytest.mark.parametrize('board', ['pcb', 'wood'])\ndef test_x(board): assert board\n",
        "def test_x(request): assert request\n",
    ],
    ids=["plain", "own-fixture", "own-parameter", "request"],
)
def test_session_without_our_fixtures_is_left_alone(run_session: RunSession, text: str) -> None:
    session = run_session(text, board="toaster")
    assert session.result.ret == 0
    assert session.folders == []
    assert "= codey-hil =" not in session.stdout


def test_fixture_that_builds_on_ours_needs_the_rig(run_session: RunSession) -> None:
    session = run_session(
        "@pytest.fixture\ndef board(board): return board\n"
        "def test_x(board): assert board.exec('print(6 * 7)') == '42\\n'\n"
    )
    assert session.exit == 0
    assert session.run["verdicts"]["pass"] == 1


THREE = (
    "@pytest.mark.requirement('MQTT-50')\ndef test_good(board): pass\n"
    "def test_bad(board): assert 0\n"
    "def test_last(board): pass\n"
)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ((), ["test_good", "test_bad", "test_last"]),
        (("-k", "good or last"), ["test_good", "test_last"]),
        (("-m", "requirement"), ["test_good"]),
        (("-x",), ["test_good", "test_bad"]),
        (("test_it.py::test_last",), ["test_last"]),
        (("--deselect", "test_it.py::test_bad"), ["test_good", "test_last"]),
    ],
    ids=["all", "k", "m", "x", "node", "deselect"],
)
def test_selection_of_pytest_is_the_runs(
    run_session: RunSession, arguments: tuple[str, ...], names: list[str]
) -> None:
    session = run_session(THREE, *arguments)
    assert [entry["test"].split("::")[1] for entry in session.journal("test.start")] == names
    assert len(session.journal("test.end")) == len(names)
    assert session.exit == (1 if "test_bad" in names else 0)


def test_last_failed_runs_again_alone(run_session: RunSession) -> None:
    first = run_session(THREE)
    second = run_session(THREE, "--lf")
    (folder,) = set(second.folders) - set(first.folders)
    latest = folder / "journal.jsonl"
    assert re.findall(r'"kind":\s*"test.start".*?::(\w+)', latest.read_text()) == ["test_bad"]


def test_collection_alone_opens_nothing(run_session: RunSession) -> None:
    session = run_session(THREE, "--collect-only", "-q")
    assert "test_it.py::test_good" in session.stdout
    assert session.folders == []


def test_selection_that_leaves_no_rig_test_begins_no_run(run_session: RunSession) -> None:
    session = run_session(THREE + PLAIN, "-k", "plain")
    session.result.assert_outcomes(passed=1, deselected=3)
    assert session.folders == []


def test_pytests_own_junit_file_is_written_too(run_session: RunSession, tmp_path: Path) -> None:
    session = run_session(THREE, f"--junitxml={tmp_path / 'own.xml'}")
    cases = ET.parse(tmp_path / "own.xml").getroot().findall(".//testcase")  # noqa: S314, ours
    assert len(cases) == 3
    assert (session.folder / "junit.xml").is_file()


def test_report_folder_can_be_elsewhere(run_session: RunSession, tmp_path: Path) -> None:
    session = run_session(THREE, "--hil-report-dir", str(tmp_path / "else where"))
    assert session.folders == []
    (folder,) = (tmp_path / "else where").glob("2*")
    assert (tmp_path / "else where" / "latest").resolve() == folder
    assert (folder / "report.html").is_file()


def test_markers_are_known_under_strict_rules(run_session: RunSession) -> None:
    session = run_session(
        "@pytest.mark.needs('display')\n@pytest.mark.boards(1)\n@pytest.mark.evidence('bench')\n"
        "@pytest.mark.requirement('MQTT-50')\ndef test_x(boards): assert boards['1'].name\n",
        "--strict-markers",
        "-W",
        "error::pytest.PytestUnknownMarkWarning",
    )
    assert session.exit == 0


def test_two_boards_have_the_roles_that_the_test_names(run_session: RunSession) -> None:
    session = run_session(
        "@pytest.mark.boards(2, roles=['sender', 'receiver'])\n"
        "def test_x(boards):\n"
        "    assert {role: dut.name for role, dut in boards.items()} == "
        "{'sender': 'virtual-1', 'receiver': 'virtual-2'}\n",
        board="virtual:2",
    )
    assert session.exit == 0
    opened = session.journal("board.open")
    assert [entry["board_kind"] for entry in opened] == ["virtual", "virtual"]
    assert len({entry["id"] for entry in opened}) == 2


def test_password_of_the_brokers_url_is_in_no_file_of_the_run(run_session: RunSession) -> None:
    url = "mqtt://user:geheim%21x@127.0.0.1:1"
    session = run_session("def test_it(board): board.exec('pass')", "--hil-broker", url)
    assert session.journal("run.start")[0]["argv"]
    files = [path for path in session.folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        data = path.read_bytes()
        assert b"geheim%21x" not in data, path
        assert b"geheim!x" not in data, path
