"""Where a program is looked for, and what is said when it cannot be had."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from launcher import program, start
from launcher.debian import wanted_packages
from launcher.program import MOSQUITTO, SER2NET
from launcher.step import SetUpError

PLACES = ["named/mosquitto", "path-1/mosquitto", "path-2/mosquitto", "sbin/mosquitto", "unpacked"]

#: What apt-get 2.6.1 said on a Debian 12 without Mosquitto, shortened.
PLAN = """\
Reading package lists...
The following additional packages will be installed:
  libcjson1 libdlt2 libmosquitto1 libwrap0
0 upgraded, 5 newly installed, 0 to remove and 3 not upgraded.
Inst libc6 [2.36-9+deb12u10] (2.36-9+deb12u13 Debian:12.11/oldstable [amd64])
Inst adduser (3.134 Debian:12.11/oldstable [all])
Inst libcjson1 (1.7.15-1+deb12u4 Debian:12.11/oldstable [amd64])
Inst libdlt2 (2.18.8-6 Debian:12.11/oldstable [amd64])
Inst libmosquitto1:arm64 (2.0.11-1.2+deb12u2 Debian:12.11/oldstable [arm64])
Inst libwrap0 (7.6.q-32 Debian:12.11/oldstable [amd64])
Inst mosquitto (2.0.11-1.2+deb12u2 Debian:12.11/oldstable [amd64])
Conf libcjson1 (1.7.15-1+deb12u4 Debian:12.11/oldstable [amd64])
Conf mosquitto (2.0.11-1.2+deb12u2 Debian:12.11/oldstable [amd64])
"""


def _program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Return five places for a Mosquitto, in the order of the search, with a program in each."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(program, "SYSTEM_FOLDERS", (str(tmp_path / "sbin"),))
    unpacked = program.unpacked_folder(MOSQUITTO) / "mosquitto"
    return {name: _program(unpacked if name == "unpacked" else tmp_path / name) for name in PLACES}


def _environ(tmp_path: Path, *, named: bool) -> dict[str, str]:
    path = os.pathsep.join(str(tmp_path / name) for name in ("path-1", "path-2"))
    return {"PATH": path, "HIL_MOSQUITTO": str(tmp_path / PLACES[0]) if named else ""}


@pytest.mark.parametrize("gone", range(5))
def test_find_takes_the_first_place_that_has_one(
    places: dict[str, Path], tmp_path: Path, gone: int
) -> None:
    for name in PLACES[:gone]:
        places[name].unlink()

    assert program.find(MOSQUITTO, _environ(tmp_path, named=gone == 0)) == places[PLACES[gone]]


def test_find_passes_over_folders_and_files_that_are_no_programs(
    places: dict[str, Path], tmp_path: Path
) -> None:
    places["path-1/mosquitto"].chmod(0o644)
    places["path-2/mosquitto"].unlink()
    places["path-2/mosquitto"].mkdir()

    assert program.find(MOSQUITTO, _environ(tmp_path, named=False)) == places["sbin/mosquitto"]


def test_find_returns_none_where_there_is_none(places: dict[str, Path], tmp_path: Path) -> None:
    for place in places.values():
        place.unlink()

    assert program.find(MOSQUITTO, _environ(tmp_path, named=False)) is None


def test_find_refuses_a_name_that_is_no_program(places: dict[str, Path], tmp_path: Path) -> None:
    places["named/mosquitto"].chmod(0o644)

    with pytest.raises(SetUpError, match=r"^HIL_MOSQUITTO names no program: ") as caught:
        program.find(MOSQUITTO, _environ(tmp_path, named=True))

    assert caught.value.exit_code == 4


def test_obtain_without_a_package_tool_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("HIL_MOSQUITTO", raising=False)
    monkeypatch.setattr(program, "SYSTEM_FOLDERS", ())

    with pytest.raises(SetUpError) as caught:
        program.obtain(MOSQUITTO)

    assert str(caught.value) == (
        "no mosquitto found, and there is no apt-get to get it with; "
        "name one with HIL_MOSQUITTO, or install it with your system's package manager"
    )
    assert caught.value.exit_code == 10


def test_obtain_gives_apts_reason_and_what_to_type_and_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = "#!/bin/sh\necho 'E: Unable to locate package mosquitto' >&2\nexit 100\n"
    _program(tmp_path / "bin/apt-get", refusal)
    _program(tmp_path / "bin/dpkg-deb", "#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.delenv("HIL_MOSQUITTO", raising=False)
    monkeypatch.setattr(program, "SYSTEM_FOLDERS", ())
    monkeypatch.setattr(os, "geteuid", lambda: 1000)  # as root it would go on to install it

    with pytest.raises(SetUpError) as caught:
        program.obtain(MOSQUITTO)

    assert str(caught.value) == (
        "no mosquitto found, and apt-get cannot get mosquitto: E: Unable to locate package "
        "mosquitto; type: sudo apt-get install mosquitto"
    )
    assert [path.name for path in (tmp_path / "cache/codey-hil").iterdir()] == ["lock"]


def test_wanted_packages_are_the_package_and_its_libraries_but_not_the_c_library() -> None:
    assert wanted_packages(PLAN, "mosquitto") == [
        "mosquitto",
        "libcjson1",
        "libdlt2",
        "libmosquitto1",
        "libwrap0",
    ]


def test_wanted_packages_are_none_when_apt_does_not_know_the_package() -> None:
    assert wanted_packages("E: Unable to locate package mosquitto", "mosquitto") == []


def test_wrapper_runs_the_program_beside_it_with_its_libraries(tmp_path: Path) -> None:
    folder = tmp_path / "with a space"
    (folder / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)
    (folder / "lib/x86_64-linux-gnu").mkdir(parents=True)
    _program(folder / "usr/sbin/mosquitto", '#!/bin/sh\necho "$LD_LIBRARY_PATH|$1|$2|$$"\nexit 7\n')

    program.write_wrapper(folder, MOSQUITTO)
    moved = folder.rename(tmp_path / "moved to")
    with subprocess.Popen(
        [str(moved / "mosquitto"), "-p", "a b"], stdout=subprocess.PIPE, text=True
    ) as process:
        out, _ = process.communicate(timeout=10)

    libraries = f"{moved}/lib/x86_64-linux-gnu:{moved}/usr/lib/x86_64-linux-gnu"
    assert out.strip() == f"{libraries}|-p|a b|{process.pid}"
    assert process.returncode == 7


def test_wrapper_says_where_the_loadable_modules_of_a_program_are(tmp_path: Path) -> None:
    modules = tmp_path / "usr/libexec/x86_64-linux-gnu/gensio/2.6.2"
    modules.mkdir(parents=True)
    _program(tmp_path / "usr/bin/ser2net", '#!/bin/sh\necho "$GENSIO_LIBRARY_PATH"\n')

    program.write_wrapper(tmp_path, SER2NET)
    done = subprocess.run(
        [str(tmp_path / "ser2net")], capture_output=True, text=True, timeout=10, check=True
    )

    assert done.stdout.strip() == str(modules)


def test_test_tool_that_cannot_be_had_is_told_and_the_tests_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(wanted: program.Program) -> Path:
        raise SetUpError(f"no {wanted.name} found; type: this")

    monkeypatch.setattr(start, "find", lambda *_: None)
    monkeypatch.setattr(start, "obtain", refuse)

    assert start.test_tools({}) == {}

    said = "hil: no ser2net found; type: this; the tests that need it will be skipped\n"
    assert capsys.readouterr().err == said


def test_test_tool_that_is_there_is_named_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(start, "find", lambda wanted, *_: Path("/there", wanted.name))

    assert start.test_tools({}) == {"HIL_SER2NET": "/there/ser2net"}


@pytest.mark.parametrize(
    ("arguments", "environ", "named"),
    [
        ([], {}, False),
        (["run", "--hil-broker-interface", "eth0"], {}, False),
        (["play", "p.py", "--broker-interface", "eth0"], {}, False),
        (["run", "--hil-broker=auto"], {}, False),
        (["run", "--hil-broker", "auto"], {"HIL_BROKER": "mqtt://h"}, False),
        (["run", "--hil-broker", "mqtt://h"], {}, True),
        (["run", "--hil-broker=mqtt://h"], {}, True),
        (["run", "--hil-mosquitto", "/x"], {}, True),
        (["run"], {"HIL_BROKER": "mqtt://h"}, True),
    ],
)
def test_broker_is_named_only_by_the_options_that_name_one(
    arguments: list[str], environ: dict[str, str], named: bool
) -> None:
    from launcher.start import names_broker

    assert names_broker(arguments, environ) is named
