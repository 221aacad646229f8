"""How a test ends, and what the run makes of it: verdict, exit code, reports."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from harness.pytest_plugin import collection
from harness.report import write

if TYPE_CHECKING:
    from pathlib import Path

    from harness.report.record import Run
    from tests.unit.pytest_plugin.conftest import RunSession

MANY = """
from harness.deadline import Deadline

@pytest.fixture
def rig_breaks(board):
    raise HarnessError("the rig is in the way", on="here", advice="mend it")

@pytest.fixture
def fixture_breaks(board):
    raise ValueError("a bug of the fixture")

@pytest.fixture
def product_breaks(board):
    raise ExpectationFailed("the product fails early")

@pytest.fixture
def ends_badly(board):
    yield
    raise HarnessError("clean-up failed")

def test_passes(board): pass
def test_asserts(board): assert 1 == 2
def test_expects(board): raise ExpectationFailed("not seen", expected="38", got="39")
def test_raises(board): raise ZeroDivisionError("a bug of the test")
def test_rig_in_call(board): raise HarnessError("the rig is in the way")
def test_rig_in_setup(rig_breaks): pass
def test_fixture_in_setup(fixture_breaks): pass
def test_product_in_setup(product_breaks): pass
def test_rig_in_teardown(ends_badly): pass
def test_fails_and_ends_badly(ends_badly): assert 1 == 2
def test_blocked_and_ends_badly(ends_badly): raise HarnessError("first")
def test_board_raises(board): board.board.exec("1/0", Deadline.after(5))
def test_skips(board): pytest.skip("not today")

@pytest.mark.needs("antenna", "display", "crane")
def test_needs(board): pass

@pytest.mark.boards(5)
def test_boards(boards): pass

@pytest.mark.xfail
def test_known(board): assert 1 == 2

@pytest.mark.xfail(strict=True)
def test_no_longer_known(board): pass
"""

VERDICTS = {
    "test_passes": ("pass", "call"),
    "test_asserts": ("fail", "call"),
    "test_expects": ("fail", "call"),
    "test_raises": ("fail", "call"),
    "test_rig_in_call": ("blocked", "call"),
    "test_rig_in_setup": ("blocked", "setup"),
    "test_fixture_in_setup": ("blocked", "setup"),
    "test_product_in_setup": ("fail", "setup"),
    "test_rig_in_teardown": ("blocked", "teardown"),
    "test_fails_and_ends_badly": ("fail", "call"),
    "test_blocked_and_ends_badly": ("blocked", "call"),
    "test_board_raises": ("blocked", "call"),
    "test_skips": ("skipped", "call"),
    "test_needs": ("skipped", "setup"),
    "test_boards": ("skipped", "setup"),
    "test_known": ("skipped", "call"),
    "test_no_longer_known": ("fail", "call"),
}


def test_each_way_to_end_has_its_verdict(
    run_session: RunSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A virtual board has all that exists today: two more are needed to lack some.
    monkeypatch.setattr(collection, "CAPABILITIES", collection.CAPABILITIES | {"antenna", "crane"})
    session = run_session(MANY)
    found = {name: (session.end(name)["verdict"], session.end(name)["phase"]) for name in VERDICTS}
    assert found == VERDICTS
    counts = {
        each: sum(verdict == each for verdict, _ in VERDICTS.values())
        for each in ("pass", "fail", "blocked", "skipped", "flaky", "quarantined")
    }
    (end,) = session.journal("run.end")
    assert end["verdicts"] == counts
    assert session.run["verdicts"] == counts
    assert session.exit == 1
    assert session.result.ret == pytest.ExitCode.TESTS_FAILED
    first = session.end("test_blocked_and_ends_badly")
    assert first["message"].startswith("first"), "the first failing phase is the one to tell"
    assert session.end("test_rig_in_setup")["parts"]["advice"] == "mend it"
    assert session.end("test_expects")["parts"]["got"] == "39"
    assert "ZeroDivisionError: a bug of the test" in session.end("test_raises")["message"]
    assert session.end("test_needs")["missing"] == ["antenna", "crane"]
    assert session.end("test_boards")["missing"] == ["boards:5"]
    assert "missing capability: boards:5" in session.end("test_boards")["message"]
    suite = ET.parse(session.folder / "junit.xml").getroot()  # noqa: S314, our own file
    assert len(suite.findall(".//testcase")) == len(VERDICTS)
    for name in ("run.json", "report.html", "allure-results"):
        assert (session.folder / name).exists()
    assert "[MQTT" not in session.stdout
    assert "nothing here was seen on hardware" in session.stdout


@pytest.mark.parametrize(
    ("body", "code", "pytest_code"),
    [
        ("pass", 0, 0),
        ("assert 0", 1, 1),
        ("raise HarnessError('x')", 10, 1),
        ("raise errors.DeviceException('OSError', '5', ())", 10, 1),
        ("raise errors.ConfigError('x')", 4, 1),
        ("raise errors.LeaseBusy('x')", 11, 1),
        ("raise errors.IdentityMismatch('x')", 12, 1),
        ("pytest.skip('x')", 5, 0),
        ("raise KeyboardInterrupt", 2, 2),
        ("pytest.exit('enough')", 2, 2),
    ],
)
def test_run_ends_with_the_designs_code_and_pytest_with_its_own(
    run_session: RunSession, body: str, code: int, pytest_code: int
) -> None:
    # Ctrl-C in a session inside would end this one too.
    session = run_session(f"def test_x(board):\n    {body}\n", in_process=code != 2)
    assert session.exit == code
    assert session.result.ret == pytest_code
    if code == 2:
        assert session.run["verdicts"]["pass"] == 0, "an interrupted test has not passed"


CATALOGUE = """
source = "the standard"

[[requirement]]
id = "S-1"
kind = "protocol"
text = "The first."

[[requirement]]
id = "S-2"
kind = "protocol"
text = "The second."

[[requirement]]
id = "S-3"
kind = "protocol"
text = "The third."
not_applicable_because = "It binds others."
"""


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("pass", "covered   100 %, 2 of 2 binding requirements of the standard; 1 not applicable"),
        ("assert 0", "covered   50 %, 1 of 2 binding requirements of the standard; 1 not"),
        ("pytest.skip('x')", "covered   50 %, 1 of 2 binding requirements of the standard; 1 not"),
    ],
    ids=["pass", "fail", "skip"],
)
def test_run_says_how_much_of_a_catalogue_its_tests_have_shown(
    run_session: RunSession, pytester: pytest.Pytester, second: str, said: str
) -> None:
    (pytester.mkdir("catalogue") / "standard.toml").write_text(CATALOGUE)
    session = run_session(
        "@pytest.mark.requirement('S-1')\ndef test_one(board): pass\n"
        f"@pytest.mark.requirement('S-2')\ndef test_two(board): {second}\n",
        "--hil-requirements",
        "catalogue",
    )
    assert said in session.stdout
    assert ("; not: S-2" in session.stdout) == (second != "pass")
    states = [row["verdict"] for row in session.run["requirements"]]
    assert states == ["pass", states[1], "not applicable"]
    html = (session.folder / "report.html").read_text()
    assert '<span class="chip v-not-applicable">not applicable</span>' in html
    assert "It binds others." in html


def test_of_several_reasons_the_first_of_the_design_is_the_code(run_session: RunSession) -> None:
    session = run_session(
        "def test_a(board): assert 0\n"
        "def test_b(board): raise errors.LeaseBusy('x')\n"
        "def test_c(board): raise HarnessError('x')\n"
        "def test_d(board): pass\n"
    )
    assert session.exit == 11


def test_board_that_is_absent_blocks_every_test_that_needs_it(run_session: RunSession) -> None:
    session = run_session(
        "def test_a(board): pass\ndef test_b(board): pass\ndef test_c(): pass\n",
        board="port:/dev/ttyNONE9",
    )
    assert session.exit == 10
    assert session.run["verdicts"]["blocked"] == 2
    assert session.verdict("test_a") == session.verdict("test_b") == "blocked"
    assert "there is no such port" in session.end("test_b")["message"]
    session.result.assert_outcomes(errors=2, passed=1)


def test_board_that_another_holds_is_busy(run_session: RunSession, port: str) -> None:
    from harness.link.serial import SerialPort, SerialSettings

    holder = SerialPort(port.removeprefix("port:"), SerialSettings())
    try:
        session = run_session("def test_a(board): pass\n")
    finally:
        holder.close()
    assert session.exit == 11
    assert session.verdict("test_a") == "blocked"


@pytest.mark.parametrize(("body", "code"), [("pass", 0), ("assert 0", 1)])
def test_crash_in_a_report_changes_no_verdict(
    run_session: RunSession, monkeypatch: pytest.MonkeyPatch, body: str, code: int
) -> None:
    def crash(run: Run, folder: Path) -> Path:
        raise RuntimeError("the printer is on fire")

    monkeypatch.setitem(write.WRITERS, "page", crash)
    monkeypatch.setitem(write.WRITERS, "junit", crash)
    session = run_session(f"def test_x(board):\n    {body}\n")
    assert session.exit == code
    assert session.result.ret == code
    assert session.run["verdicts"]["pass" if code == 0 else "fail"] == 1
    assert "page: RuntimeError: the printer is on fire" in session.stdout
    assert not (session.folder / "report.html").exists()
    assert (session.folder / "allure-results").is_dir()


def test_failing_part_of_a_test_fails_the_test(run_session: RunSession) -> None:
    session = run_session(
        "def test_x(board, subtests):\n"
        "    for number in (1, 2):\n"
        "        with subtests.test(number=number):\n"
        "            assert number == 1\n"
    )
    assert session.verdict("test_x") == "fail"
    assert session.exit == 1


def test_failure_names_the_requirement_it_breaks(run_session: RunSession) -> None:
    session = run_session(
        "@pytest.mark.requirement('MQTT-50', 'MQTT-42')\ndef test_x(board): assert 0\n"
    )
    assert "test_it.py::test_x [MQTT-50, MQTT-42]" in session.stdout
    assert "MQTT-50: " in session.stdout
    (start,) = session.journal("test.start")
    assert start["requirements"] == ["MQTT-50", "MQTT-42"]
    assert start["name"] == "test_x"


@pytest.mark.parametrize(
    ("call", "verdict", "limit"),
    [
        ("measure('latency', 12.5, 'ms')", "pass", None),
        ("measure('latency', 20, 'ms', most=20)", "pass", "<= 20"),
        ("measure('latency', 20.1, 'ms', most=20)", "fail", "<= 20"),
        ("measure('rate', 5, 'kB/s', least=5, most=9)", "pass", "<= 9 and >= 5"),
        ("measure('rate', 4, 'kB/s', least=5, most=9)", "fail", "<= 9 and >= 5"),
        ("measure('rate', float('nan'), 'kB/s', least=5)", "fail", ">= 5"),
    ],
)
def test_measured_number_outside_its_limits_goes_red(
    run_session: RunSession, call: str, verdict: str, limit: str | None
) -> None:
    session = run_session(f"def test_x(measure):\n    {call}\n")
    assert session.verdict("test_x") == verdict
    (noted,) = session.journal("measure")
    assert (noted["limit"], noted["ok"]) == (limit, verdict == "pass")


def test_time_line_gets_the_tests_marks(run_session: RunSession) -> None:
    session = run_session("def test_x(timeline):\n    timeline('cable pulled')\n")
    (step,) = session.journal("step")
    assert step["name"] == "cable pulled"
    assert step["test"] == "test_it.py::test_x"


@pytest.mark.usefixtures("with_mosquitto")
def test_display_and_led_fixtures_go_green_and_red(run_session: RunSession) -> None:
    code = "import codey; codey.display.show(38); codey.led.show(0, 0, 255)"
    session = run_session(
        f"CODE = {code!r}\n"
        "def test_right(board, display, led):\n"
        "    board.exec(CODE)\n    display.shows('38')\n    led.shows(0, 0, 255)\n"
        "def test_panel(board, display):\n    board.exec(CODE)\n    display.shows('39')\n"
        "def test_dark(board, display):\n    board.exec(CODE)\n    display.is_dark()\n"
        "def test_led(board, led):\n    board.exec(CODE)\n    led.shows(255, 0, 0)\n"
    )
    assert session.verdict("test_right") == "pass"
    for name in ("test_panel", "test_dark", "test_led"):
        assert session.verdict(name) == "fail"
    message = session.end("test_panel")["message"]
    assert "panel '39' was not seen by commanded" in message
    assert "..#.#.#.........  ! " in message or "! ..#.#.#........." in message


def test_misspelt_capability_is_an_error_and_no_skip(run_session: RunSession) -> None:
    session = run_session(
        "import pytest\n@pytest.mark.needs('brocker:log')\ndef test_it(board): pass\n"
    )
    assert session.result.ret == pytest.ExitCode.USAGE_ERROR
    session.result.stderr.fnmatch_lines(["*brocker:log in *::test_it*"])
