"""The lock files, the project's file and the wheel agree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.launcher.checkout import REPOSITORY

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """Return what stands in pyproject.toml."""
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))


def _locked(name: str) -> dict[str, str]:
    text = (REPOSITORY / name).read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9-]", requirement, maxsplit=1)[0].lower()


def test_build_tools_are_locked_as_the_build_system_names_them(project: dict[str, Any]) -> None:
    requires = project["build-system"]["requires"]

    assert project["dependency-groups"]["build"] == requires
    locked = _locked("requirements.lock")
    assert [f"{_name(each)}=={locked[_name(each)]}" for each in requires] == requires


def test_lock_files_hold_every_dependency_in_one_version(project: dict[str, Any]) -> None:
    base, test = _locked("requirements.lock"), _locked("requirements-dev.lock")

    assert {_name(each) for each in project["project"]["dependencies"]} <= base.keys()
    assert {_name(each) for each in project["dependency-groups"]["dev"]} <= test.keys()
    assert {name: test[name] for name in base.keys() & test.keys()} == {
        name: base[name] for name in base.keys() & test.keys()
    }


def test_every_locked_package_has_a_hash_and_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (REPOSITORY / name).read_text("utf-8")
        packages = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
        assert all("--hash=sha256:" in package for package in packages)
        assert "://" not in text


def test_base_install_has_at_most_30_packages() -> None:
    assert len(_locked("requirements.lock")) <= 30


def test_every_ruff_ignore_has_a_reason() -> None:
    text = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    lint = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.format]")]

    bare = [line for line in lint.splitlines() if re.fullmatch(r'\s+"[A-Z]+[0-9]*",', line)]

    assert bare == []


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what our wheel holds, built by the locked build tools."""
    if find_spec("hatchling") is None:
        assert "HIL_REQUIRE_TOOLS" not in os.environ
        pytest.skip("hatchling is not installed; ./hil installs it")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(REPOSITORY)),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.mark.parametrize(
    ("place", "folder"),
    [
        ("device_src", "device_src"),
        ("fixtures", "fixtures"),
        ("scenarios", "tests/scenarios"),
    ],
)
def test_wheel_brings_a_folder_along(installed: Path, place: str, folder: str) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from harness import shipped; "
        f"print(shipped.{place}())"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, str(installed)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    found = Path(done.stdout.strip())
    assert found.is_relative_to(installed)
    assert _files(found) == _files(REPOSITORY / folder)


def test_wheel_holds_neither_tests_nor_launcher(installed: Path) -> None:
    assert sorted(path.name.split("-")[0] for path in installed.iterdir()) == [
        "codey_hil",
        "harness",
    ]


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
