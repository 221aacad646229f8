"""Device code made short: the same program, and what its parts rely on stays."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import harness.board
from harness.board.compact import compact, shared_names
from harness.board.device_source import Code, device_code, fill, isolated, value_source

FOLDER = Path(harness.board.__file__).parent / "device_code"

PROGRAM = '''
"""Not needed on the board."""
import io
import sys

total = 0


def count(items, step=1):
    """Nor this."""
    global total  # names of others stay
    result = []
    for index in range(0, len(items), step):
        try:
            result.append(items[index] if items[index] else "none  kept")
        except KeyError as error:
            raise ValueError(error) from None
    total += len(result)
    return [each for each in result if each not in ("a", "b")]


class Kept:
    left = 3

    def readinto(self, buffer):
        self.left -= len(buffer)
        return self.left
'''


def test_compacted_program_does_the_same() -> None:
    text = compact(PROGRAM)
    spaces: list[dict[str, object]] = [{}, {}]
    for source, space in zip((PROGRAM, text), spaces, strict=True):
        exec(source, space)  # noqa: S102, it is ours
        exec("found = count(['a', '', 'c'], 2), total, Kept().readinto(b'x')", space)  # noqa: S102
    assert spaces[0]["found"] == spaces[1]["found"] == (["c"], 2, 2)
    assert len(text) < len(PROGRAM) * 0.7


def test_names_that_others_rely_on_stay() -> None:
    text = compact(PROGRAM)
    for kept in ("import io,sys", "total", "count(", "class Kept", "left", "readinto(", "global"):
        assert kept in text
    for gone in ("result", "index", "buffer", "needed", "Nor", "names of others"):
        assert gone not in text


def test_names_that_files_share_are_the_same_short_ones_in_all_of_them() -> None:
    sources = ["import io\nstep = 1\n", PROGRAM, "found = count(['a', ''], step), total\n"]
    names = shared_names(sources)
    assert {"step", "total", "count", "found"} <= names.keys()
    assert not {"io", "sys", "items", "result"} & names.keys(), "modules stay, locals have theirs"
    space: dict[str, object] = {}
    for source in sources:
        exec(compact(source, names), space)  # noqa: S102, it is ours
    assert space[names["found"]] == (["none  kept"], 2)
    assert not space.keys() & names.keys()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_device_code_keeps_its_functions_and_its_strings(path: Path) -> None:
    before, after = ast.parse(path.read_text("utf-8")), ast.parse(device_code(path.stem))
    for kind in (ast.FunctionDef, ast.Constant):
        found = [
            [
                getattr(node, "name", None) or getattr(node, "value", None)
                for node in ast.walk(tree)
                if isinstance(node, kind)
            ]
            for tree in (before, after)
        ]
        assert found[0] == found[1]


def test_holes_are_filled_with_literals_and_with_code() -> None:
    text = fill("a=HIL_ONE;b=HIL_TWO;c='HIL_NOT'", {"one": ("/x", 1), "two": Code("f()"), "not": 1})
    assert text.startswith("a=('/x', 1);b=f()")


def test_isolated_code_leaves_nothing_behind_and_keeps_its_strings() -> None:
    space: dict[str, object] = {"out": []}
    code = isolated("x = '\\x06' + \"'''\" + 'a\\\\b'\nout.append(x)\n")
    exec(code.replace("{}", "{'out':out}"), space)  # noqa: S102, it is ours
    assert space["out"] == ["\x06'''a\\b"]
    assert "x" not in space


def test_value_is_taken_among_the_users_names(capsys: pytest.CaptureFixture[str]) -> None:
    space: dict[str, object] = {"reply": 5}
    exec(value_source("reply + 1  # six"), space)  # noqa: S102, it is ours
    assert capsys.readouterr().out == "\x1e=6\x1f0036\n"
    assert space["reply"] == 5
