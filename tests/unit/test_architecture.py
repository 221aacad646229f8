"""The layers of the package, the length of its files, and who may import what.

Source: design of codey-hil, sections 2, 3 and 9.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HARNESS = ROOT / "harness"

#: Folder of harness/ -> folders that it may import. errors and deadline: importable by all.
ALLOWED = {
    "wire": set(),
    "virtual": set(),
    "link": {"virtual"},
    "board": {"link", "wire"},
    "broker": {"wire"},
    "report": set(),
    "lab": {"board", "link", "wire"},
    "scenario": {"board", "broker", "wire", "link"},
    "pytest_plugin": {"scenario", "report", "lab", "board", "broker", "link"},
    "bench": {"scenario", "report", "lab", "board", "broker", "link", "wire"},
    "cli": {
        "scenario",
        "report",
        "lab",
        "board",
        "broker",
        "link",
        "pytest_plugin",
        "bench",
        "virtual",
    },
}
FREE = {"errors", "deadline"}
#: Where the shipped data lies is known at the top only.
SHIPPED_MAY = {"pytest_plugin", "cli", "bench"}

#: Foreign package -> the one file that imports it.
ONE_FILE = {
    "serial": "link/serial.py",
    "paho": "broker/session.py",
    "allure_commons": "report/allure.py",
}

SANS_IO = {
    "os",
    "socket",
    "time",
    "threading",
    "select",
    "selectors",
    "logging",
    "subprocess",
    "io",
}

#: About 300 is the aim; what is longer than this needs a room of its own.
MAX_LINES = 400


def sources() -> list[Path]:
    return sorted(
        path
        for path in HARNESS.rglob("*.py")
        if "peripherals" not in path.parts
        and "device_code" not in path.parts
        and "_shipped" not in path.parts
    )


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "harness":
                yield from (f"harness.{alias.name}" for alias in node.names)


def folder_of(path: Path) -> str:
    relative = path.relative_to(HARNESS)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(HARNESS)))
def test_file_imports_only_what_its_layer_may(path: Path) -> None:
    folder = folder_of(path)
    wrong = []
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "harness" or len(parts) == 1:
            continue
        target = parts[1]
        if target == folder or target in FREE:
            continue
        if folder in FREE:
            wrong.append(name)
        elif target == "shipped":
            if folder not in SHIPPED_MAY:
                wrong.append(name)
        elif target not in ALLOWED.get(folder, set()):
            wrong.append(name)
    assert not wrong


@pytest.mark.parametrize(("package", "place"), ONE_FILE.items())
def test_foreign_package_is_imported_in_one_file(package: str, place: str) -> None:
    importers = {
        str(path.relative_to(HARNESS))
        for path in sources()
        if any(name.split(".")[0] == package for name in imports(path))
    }
    assert importers == {place}


def test_wire_knows_no_operating_system() -> None:
    wrong = {
        (str(path.relative_to(HARNESS)), name)
        for path in sources()
        if folder_of(path) == "wire"
        for name in imports(path)
        if name.split(".")[0] in SANS_IO
    }
    assert not wrong


def test_files_are_short() -> None:
    long = {
        str(path.relative_to(ROOT)): size
        for path in [*sources(), *sorted((ROOT / "device_src").rglob("*.py"))]
        if (size := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert not long


def test_library_never_prints() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources()
        if folder_of(path) != "cli"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    ]
    assert not wrong


def test_nothing_above_link_asks_for_a_virtual_board() -> None:
    """The kind of a board is data for reports: no condition may hang on it."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources()
        if folder_of(path) in ("board", "lab", "scenario")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        and any(
            isinstance(each, ast.Constant) and each.value in ("virtual", "hardware")
            for each in ast.walk(node)
        )
    ]
    assert not wrong


def test_layers_test_goes_red_for_a_wrong_import(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("from harness.broker import client\nimport harness.report.page\n")
    assert [name.split(".")[1] for name in imports(wrong)] == ["broker", "report"]
    assert "broker" not in ALLOWED["board"]
