"""The commands that talk to one board: their JSON, their text, their exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.link.virtual import VirtualProcess
    from tests.unit.cli.conftest import Hil

SHOW = "import codey; codey.display.show(38); codey.led.show(0, 0, 255)"
P38 = [
    "................",
    "###.###.........",
    "..#.#.#.........",
    "###.###.........",
    "..#.#.#.........",
    "###.###.........",
    "................",
    "................",
]


def test_exec_json_is_output_and_no_error(hil: Hil, board: str) -> None:
    ended = hil("exec", "print('a')\nprint(6 * 7)", "--board", board, "--json")
    assert ended.code == 0
    assert ended.json == {"output": "a\n42\n", "error": None}


def test_exec_json_is_the_boards_exception(hil: Hil, board: str) -> None:
    code = "print('before')\ndef f():\n    raise ValueError('no: good')\nf()"
    ended = hil("exec", code, "--board", board, "--json")
    assert ended.code == 1
    assert ended.json["output"] == "before\n"
    error = ended.json["error"]
    assert (error["type"], error["message"]) == ("ValueError", "no: good")
    assert [(frame["file"], frame["line"]) for frame in error["traceback"]] == [
        ("<stdin>", 4),
        ("<stdin>", 3),
    ]


def test_exec_prints_output_and_tells_errors_apart(hil: Hil, board: str) -> None:
    ended = hil("exec", "print('out')\n1/0", "--board", board)
    assert ended.code == 1
    assert ended.stdout == "out\n"
    assert "<stdin>:2 in <module>" in ended.stderr
    assert "ZeroDivisionError: divide by zero" in ended.stderr


def test_exec_maps_a_traceback_to_the_repository(hil: Hil, board: str) -> None:
    ended = hil(
        "exec", "import codey\ncodey.display.show(None, 1, 2, 3, 4)", "--board", board, "--json"
    )
    assert ended.code == 1
    assert ended.json["error"]["type"] == "TypeError"


@pytest.mark.parametrize("plain", [False, True], ids=["paste", "plain"])
def test_exec_takes_a_file_and_standard_input(
    hil: Hil, board: str, tmp_path: Path, plain: bool
) -> None:
    path = tmp_path / "program.py"
    path.write_text("x = 1\nprint('größer', x)\n1/0\n", encoding="utf-8")
    flags = ("--plain",) if plain else ()
    for name, stdin in ((str(path), None), ("-", path.read_text(encoding="utf-8"))):
        ended = hil("exec", "--file", name, "--board", board, "--json", *flags, stdin=stdin)
        assert ended.code == 1
        assert ended.json["output"] == "größer 1\n"
        shown = "<stdin>" if name == "-" else name
        assert ended.json["error"]["traceback"][0]["file"] == shown
        assert ended.json["error"]["traceback"][0]["line"] == 3


def test_exec_that_does_not_end_is_interrupted_and_leaves_the_board_usable(
    hil: Hil, board: str
) -> None:
    ended = hil("exec", "while True: pass", "--timeout", "0.3", "--board", board)
    assert ended.code == 10
    assert "did not end within 0.3 s and was interrupted" in ended.stderr
    assert hil("exec", "print(1)", "--board", board).stdout == "1\n"


@pytest.mark.parametrize("flags", [(), ("--json",)], ids=["text", "json"])
def test_exec_of_a_short_flood_loses_nothing(hil: Hil, board: str, flags: tuple[str, ...]) -> None:
    ended = hil("exec", "for i in range(5000): print(i)", "--board", board, *flags)
    text = ended.json["output"] if flags else ended.stdout
    assert text == "".join(f"{number}\n" for number in range(5000))


def test_snapshot_json_has_every_source(hil: Hil, board: str) -> None:
    assert hil("exec", SHOW, "--board", board).code == 0
    ended = hil("snapshot", "--board", board, "--json")
    assert ended.code == 0
    assert list(ended.json) == ["snapshots"]
    found = {each["source"]: each for each in ended.json["snapshots"]}
    assert {"device", "bench"} <= set(found)
    for each in found.values():
        assert each["pixels"] == P38
        assert each["led"] == [0, 0, 255]
        assert each["text"] is None or isinstance(each["text"], str)
        assert isinstance(each["ticks_ms"], int)


def test_snapshot_text_shows_rows(hil: Hil, board: str) -> None:
    assert hil("exec", SHOW, "--board", board).code == 0
    ended = hil("snapshot", "--board", board)
    assert ended.code == 0
    assert "bench: LED (0, 0, 255)\n" + "".join(f"  {row}\n" for row in P38) in ended.stdout


def test_deploy_json_pushes_once(hil: Hil, board: str, tmp_path: Path) -> None:
    source = tmp_path / "lab"
    source.mkdir()
    (source / "lab.py").write_text("value = 1\n")
    (source / "manifest.toml").write_text('[files]\n"lab.py" = "/t_lab.py"\n')
    first = hil("deploy", "--board", board, "--device-src", str(source), "--json")
    assert first.code == 0
    assert first.json["pushed"] == ["/t_lab.py"]
    assert (first.json["unchanged"], first.json["removed"]) == ([], [])
    assert first.json["bytes_payload"] == 10
    assert first.json["bytes_line"] > 100
    assert 0 < first.json["seconds"] < 30
    assert len(first.json["manifest"]) == 64
    second = hil("deploy", "--board", board, "--device-src", str(source), "--json")
    assert second.json["pushed"] == []
    assert second.json["unchanged"] == ["/t_lab.py"]
    assert second.json["manifest"] == first.json["manifest"]
    told = hil("deploy", "--board", board, "--device-src", str(source))
    assert told.stdout.splitlines()[-1].startswith("dev-pts-")
    assert "0 pushed, 1 unchanged, 0 removed" in told.stdout


def test_fresh_virtual_board_has_the_device_code_on_it(hil: Hil) -> None:
    ended = hil("exec", SHOW + "; print('shown')", "--json")
    assert ended.code == 0
    assert ended.json["output"] == "shown\n"


def test_boards_json_lists_ports_and_interpreter(hil: Hil) -> None:
    ended = hil("boards", "--json")
    assert ended.code == 0
    assert isinstance(ended.json["ports"], list)
    assert "micropython" in ended.json["virtual"]["interpreter"]
    assert ended.json["virtual"]["why_not"] == ""


def test_doctor_json_names_each_finding(hil: Hil) -> None:
    ended = hil("doctor", "--json")
    found = {each["what"]: each for each in ended.json["findings"]}
    assert {"python", "micropython", "mosquitto", "disk", "mpremote", "wifi"} <= set(found)
    assert all(each["state"] in ("ok", "bad", "note") for each in found.values())
    bad = any(each["state"] == "bad" for each in found.values())
    assert ended.json["ok"] == (not bad)
    assert ended.code == (10 if bad else 0)


def test_doctor_without_a_broker_is_bad_and_says_what_to_type(hil: Hil) -> None:
    ended = hil("doctor", "--json", HIL_MOSQUITTO="/absent/mosquitto")
    assert ended.code == 10
    (broker,) = [each for each in ended.json["findings"] if each["what"] == "mosquitto"]
    assert broker["state"] == "bad"


@pytest.mark.parametrize(
    ("body", "code", "verdict"), [("pass", 0, "pass"), ("assert 0", 1, "fail")]
)
def test_run_json_is_one_clean_object(
    hil: Hil, board: str, tmp_path: Path, body: str, code: int, verdict: str
) -> None:
    (tmp_path / "test_mine.py").write_text(
        "import os\ndef test_x(board):\n"
        f"    os.write(1, b'noise')\n    print('noise')\n    {body}\n"
    )
    ended = hil("run", "test_mine.py", "-s", "--board", board, "--json")
    assert ended.code == code
    run = ended.json
    assert run["exit"] == code
    assert run["verdicts"][verdict] == 1
    assert sum(run["verdicts"].values()) == 1
    assert set(run["verdicts"]) == {
        *("pass", "fail", "blocked", "flaky", "quarantined", "skipped"),
    }
    (one,) = run["boards"]
    assert (one["kind"], len(one["id"])) == ("virtual", 12)
    assert one["firmware"].startswith("micropython")
    assert Path(run["report"]).is_file()
    assert run["run"] in run["report"]
    assert "noise" in ended.stderr


def test_run_without_a_test_of_its_own_ran_nothing(hil: Hil, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("def test_x(): pass\n")
    assert hil("run", "test_mine.py").code == 5


def test_virtual_boards_id_is_what_the_board_says(
    hil: Hil, board: str, process: VirtualProcess
) -> None:
    code = "import machine, binascii; print(binascii.hexlify(machine.unique_id()).decode())"
    assert hil("exec", code, "--board", board).stdout.strip() == process.id
