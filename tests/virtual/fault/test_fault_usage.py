"""What a user may get wrong: one message that says how it is right, and exit code 4."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.virtual.fault.command import Commands

RIGHT = "def test_one(board): pass\n"

#: Arguments, and what the one line on standard error begins with.
WRONG = [
    (["nosuchcommand"], "hil: there is no command 'nosuchcommand'; "),
    (["snapshoot"], "hil: there is no command 'snapshoot'; did you mean hil snapshot?"),
    (["exec"], "hil exec: one of the arguments CODE --file is required; try: "),
    (["exec", "--nosuchoption", "1"], "hil exec: unrecognized arguments: --nosuchoption; try: "),
    (["exec", "1", "--file", "x.py"], "hil exec: argument --file: not allowed with argument CODE"),
    (["exec", "1", "--timeout", "soon"], "hil exec: argument --timeout: invalid seconds value"),
    (["exec", "1", "--timeout", "0"], "hil exec: argument --timeout: '0' is not between 0 and"),
    (["exec", "1", "--timeout", "-1"], "hil exec: argument --timeout: '-1' is not between 0 and"),
    (["exec", "1", "--timeout", "nan"], "hil exec: argument --timeout: 'nan' is not between 0"),
    (["exec", "1", "--timeout", "1e99"], "hil exec: argument --timeout: '1e99' is not between 0"),
    (["exec", "--file", "absent.py"], "hil exec: absent.py: the file cannot be read; got "),
    (["exec", "--file", "."], "hil exec: .: the file cannot be read; got "),
    (["exec", "--file", "binary"], "hil exec: binary: the file cannot be read; got 'utf-8' codec"),
    (["exec", "print('\x04')"], "hil exec: <stdin>: the code holds a byte that the raw REPL"),
    (["exec", "print('\x03')"], "hil exec: <stdin>: the code holds a byte that the raw REPL"),
    (["exec", "1", "--board", "rubbish"], "hil exec: board 'rubbish': unknown board; expected "),
    (["exec", "1", "--board", "virtual:2"], "hil exec: --board virtual:2: this command talks to"),
    (["exec", "1", "--board", "virtual:0"], "hil exec: board 'virtual:0': the number of virtual"),
    (["run", "--board", "port:/x,port:/x"], "hil run: board 'port:/x': the board is named twice"),
    (["exec", "1", "--board", "port:"], "hil exec: board 'port:': unknown board; expected "),
    (["exec", "1", "--board", "socket://x"], "hil exec: board 'socket://x': the address of the"),
    (["run", "--board", "rubbish"], "hil run: board 'rubbish': unknown board; expected "),
    (["play", "absent.py"], "hil play: absent.py: the program cannot be read; got "),
    (["play", "binary"], "hil play: binary: the program cannot be read; got 'utf-8' codec"),
    (["deploy", "--device-src", "absent"], "hil deploy: absent: the folder with the device code"),
    (["deploy", "--device-src", "binary"], "hil deploy: binary/manifest.toml: the manifest cannot"),
    (["deploy", "--device-src", "no_toml"], "hil deploy: no_toml/manifest.toml: the manifest is"),
    (
        ["deploy", "--device-src", "empty"],
        "hil deploy: empty/manifest.toml: the manifest has 1 err",
    ),
    (["report", "absent"], "hil report: absent: there is no journal to write reports from; "),
]


@pytest.fixture
def clumsy(hil: Commands) -> Commands:
    """Commands in a folder with all kinds of wrong files."""
    (hil.folder / "binary").write_bytes(bytes(range(255, 0, -1)))
    for name, text in (("no_toml", "files = ["), ("empty", 'version = "1"')):
        (hil.folder / name).mkdir()
        (hil.folder / name / "manifest.toml").write_text(text, encoding="utf-8")
    return hil


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=lambda each: "_".join(each)[:30])
def test_wrong_argument_is_told_in_one_line_and_ends_with_4(
    clumsy: Commands, arguments: list[str], said: str
) -> None:
    done = clumsy.run(*arguments)
    assert done.line.startswith(said)
    assert (done.code, done.out) == (4, "")
    assert clumsy.run_folders() == []


@pytest.mark.parametrize(
    ("value", "code", "said"),
    [("rubbish", 4, "unknown board"), ("port:/dev/ttyNOWHERE", 10, "there is no such port")],
)
def test_board_of_the_environment_is_checked_as_an_option_is(
    hil: Commands, value: str, code: int, said: str
) -> None:
    done = hil.run("exec", "1", environment={"HIL_BOARD": value})
    assert done.code == code
    assert said in done.line


def test_empty_board_of_the_environment_is_none(hil: Commands) -> None:
    done = hil.run("exec", "print(1)", environment={"HIL_BOARD": ""})
    assert (done.code, done.out, done.err) == (0, "1\n", "")


def test_code_from_standard_input_that_is_no_text_is_refused(hil: Commands) -> None:
    done = hil.run("exec", "--file", "-", stdin=b"\xff\xfe")
    assert done.code == 4
    assert done.line.startswith("hil exec: <stdin>: the file cannot be read; got ")


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ('[files]\n"a.py" = "/x.py"\n"b.py" = "/x.py"\n', "is the place of another file too"),
        ('[files]\n"a.py" = "x.py"\n', "the place on the board is no absolute path"),
        ('[files]\n"absent.py" = "/x.py"\n', "No such file or directory"),
        ('rubbish = 1\n[files]\n"a.py" = "/x.py"\n', "unknown key 'rubbish'"),
    ],
    ids=["twice", "relative", "absent", "unknown"],
)
def test_wrong_manifest_is_told_with_its_place(hil: Commands, manifest: str, said: str) -> None:
    source = hil.folder / "lab"
    source.mkdir()
    for name in ("a.py", "b.py"):
        (source / name).touch()
    (source / "manifest.toml").write_text(manifest, encoding="utf-8")
    done = hil.run("deploy", "--device-src", "lab")
    assert done.code == 4
    assert done.line.startswith("hil deploy: lab/manifest.toml: the manifest has 1 error; got ")
    assert said in done.line


#: Arguments of `hil run`, its exit code, and what it says.
WRONG_RUNS = [
    (["test_tiny.py", "-k", "nothing_is_called_so"], 5, "1 deselected"),
    (["test_tiny.py", "--nosuchoption"], 4, "unrecognized arguments: --nosuchoption"),
    (["absent.py"], 4, "file or directory not found: absent.py"),
    (["test_tiny.py", "--hil-reset", "rubbish"], 4, "expected: auto, always, never"),
    (["test_tiny.py", "--device-src", "absent"], 4, "has no manifest"),
    (["test_tiny.py", "--hil-report-dir", "test_tiny.py/reports"], 4, "journal of the run cannot"),
    (["test_cites.py"], 4, "NOBODY-1 in test_cites.py::test_one"),
    (["test_tiny.py", "--hil-requirements", "broken"], 4, "catalogue"),
    (["test_broken.py", "test_tiny.py"], 4, "SyntaxError"),
    (["test_skipped.py"], 5, "1 skipped"),
    (["test_needs.py"], 4, "camera in test_needs.py::test_one"),
    (["test_tiny.py", "--hil-micropython", "/nowhere"], 10, "no such MicroPython interpreter"),
    (["test_broker.py", "--hil-broker", "rubbish"], 4, "mqtt://"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), WRONG_RUNS, ids=lambda each: str(each)[:40])
def test_run_that_cannot_do_its_work_never_ends_with_0(
    hil: Commands, arguments: list[str], code: int, said: str
) -> None:
    hil.scenario(RIGHT)
    hil.scenario(f"import pytest\n@pytest.mark.requirement('NOBODY-1')\n{RIGHT}", "test_cites.py")
    hil.scenario("def test_one(board:\n", "test_broken.py")
    hil.scenario(f"import pytest\n@pytest.mark.skip\n{RIGHT}", "test_skipped.py")
    hil.scenario(f"import pytest\n@pytest.mark.needs('camera')\n{RIGHT}", "test_needs.py")
    hil.scenario("def test_one(broker): pass\n", "test_broker.py")
    (hil.folder / "broken").mkdir()
    (hil.folder / "broken/mqtt.toml").write_text("[[requirement]]\n", encoding="utf-8")
    done = hil.run("run", *arguments)
    assert done.code == code, done.out + done.err
    assert said in done.out + done.err
    assert "Traceback" not in done.out + done.err
    assert "INTERNALERROR" not in done.out + done.err


def test_output_that_cannot_be_written_ends_with_an_error(hil: Commands) -> None:
    done = hil.run("boards", "--json", before=("sh", "-c", 'exec "$@" > /dev/full', "sh"))
    assert done.code == 3
    assert "No space left on device" in done.err.splitlines()[-1]


NOBODY_READS = ("bash", "-c", '"$@" | true; exit "${PIPESTATUS[0]}"', "bash")


def test_help_that_nobody_reads_is_no_error(hil: Commands) -> None:
    done = hil.run("--help", before=NOBODY_READS)
    assert (done.code, done.err) == (0, "")


def test_run_whose_output_nobody_reads_does_not_claim_to_have_passed(hil: Commands) -> None:
    done = hil.run("run", hil.scenario("def test_one(board): assert 0"), before=NOBODY_READS)
    assert done.code != 0
    assert "Traceback" not in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_manifest_that_may_not_be_read_is_told(hil: Commands) -> None:
    (hil.folder / "lab").mkdir()
    (hil.folder / "lab/manifest.toml").touch(mode=0)
    done = hil.run("deploy", "--device-src", "lab")
    assert done.code == 4
    assert done.line.endswith("the manifest cannot be read; got Permission denied")


def test_device_code_that_is_missing_on_the_board_is_told_with_the_next_command(
    hil: Commands,
) -> None:
    _, port = hil.board("--bare")
    imported = hil.run("exec", "import codey", "--board", f"port:{port}", "--json")
    assert imported.code == 1
    assert imported.json["error"]["type"] == "ImportError"
    seen = hil.run("snapshot", "--board", f"port:{port}", "--json")
    assert seen.code == 0
    assert [each["source"] for each in seen.json["snapshots"]] == ["bench"]
    assert f"try: hil deploy --board port:{port}" in seen.line


def test_device_code_without_a_probe_is_read_through_its_documented_api(hil: Commands) -> None:
    source = hil.folder / "lab"
    _copy_without_probe(source)
    name = hil.scenario(
        """
        def test_panel(board, display):
            board.exec("import codey; codey.display.show(38)")
            display.shows("38")
        """
    )
    done = hil.run("run", name, "--device-src", str(source))
    assert done.code == 0, done.out
    sources = [entry["source"] for entry in done.journal if entry["kind"] == "snapshot"]
    assert sources == ["device", "bench"]


def _copy_without_probe(folder: Path) -> None:
    from harness import shipped

    given = shipped.device_src()
    for path in given.rglob("*"):
        if path.is_file() and path.name != "hilprobe.py" and "__pycache__" not in path.parts:
            place = folder / path.relative_to(given)
            place.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_text(encoding="utf-8")
            if path.name == "manifest.toml":
                text = "".join(x for x in text.splitlines(keepends=True) if "hilprobe" not in x)
            place.write_text(text, encoding="utf-8")
