"""Making `.venv` where the interpreter comes without what that needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from launcher import environment
from launcher.step import SetUpError


def _paths(venv: Path) -> list[str]:
    done = subprocess.run(
        [str(venv / "bin/python"), "-I", "-c", "import sys, pip; print(sys.prefix, pip.__file__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_make_gives_an_environment_with_pip_of_its_own(tmp_path: Path) -> None:
    environment.make(tmp_path)

    prefix, pip = _paths(tmp_path / ".venv")
    assert prefix == str(tmp_path / ".venv")
    assert Path(pip).is_relative_to(tmp_path)


def test_make_works_without_the_venv_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "venv", None)

    environment.make(tmp_path)

    prefix, pip = _paths(tmp_path / ".venv")
    assert prefix == str(tmp_path / ".venv")
    assert Path(pip).is_relative_to(tmp_path)


def test_make_without_any_pip_says_what_to_type_and_removes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".venv").mkdir()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr("sysconfig.get_config_var", lambda _name: None)
    monkeypatch.setattr(environment, "SYSTEM_WHEELS", tmp_path / "none")

    with pytest.raises(SetUpError, match=r"no pip, .*; type: sudo apt-get install python3-venv"):
        environment.make(tmp_path)

    assert (tmp_path / ".venv").is_dir()
