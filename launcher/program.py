"""Programs of the distribution that commands start: where they are, and how to get what is not."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from launcher.step import EXIT_USAGE, SetUpError, WayClosedError, locked, replacing, run

#: Where distributions and Homebrew put it, though the PATH of a user may not look there.
SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")

#: Runs the unpacked program with the libraries that were unpacked beside it.
WRAPPER = """#!/bin/sh
here=${{0%/*}}
{modules}LD_LIBRARY_PATH={libraries} exec "$here/{program}" "$@"
"""


class Program:
    """A program, which is also the name of its package and of its service."""

    def __init__(self, name: str, ask: str, modules: tuple[str, str] | None = None) -> None:
        """Name it.

        Args:
            name: Of the program.
            ask: The option for which it says its name and version.
            modules: The variable that says where its loadable modules are, and a pattern of the
                folder that its packages have for them.
        """
        self.name = name
        self.ask = ask
        self.modules = modules
        self.variable = f"HIL_{name.upper()}"


#: The MQTT broker.
MOSQUITTO = Program("mosquitto", "-h")

#: Offers a serial port in the network; the tests reach virtual boards through it.
SER2NET = Program("ser2net", "-v", ("GENSIO_LIBRARY_PATH", "usr/libexec/*/gensio/*"))


def find(wanted: Program, environ: Mapping[str, str]) -> Path | None:
    """Return the program that is there: the named one, on PATH, a system folder's, the unpacked.

    Args:
        wanted: Which one.
        environ: Its variable and PATH are read.

    Raises:
        SetUpError: When the variable names no program.
    """
    named = environ.get(wanted.variable)
    if named:
        if not _is_program(Path(named)):
            raise SetUpError(
                f"{wanted.variable} names no program: {named}; type: unset {wanted.variable}",
                EXIT_USAGE,
            )
        return Path(named).absolute()
    on_path = [folder for folder in environ.get("PATH", "").split(os.pathsep) if folder]
    for folder in (*on_path, *SYSTEM_FOLDERS, str(unpacked_folder(wanted))):
        program = Path(folder, wanted.name).absolute()
        if _is_program(program):
            return program
    return None


def obtain(wanted: Program) -> Path:
    """Unpack the distribution's program or, as root, install it; return where it is then.

    Raises:
        SetUpError: When neither works; it says what to type.
    """
    try:
        return _unpack(wanted)
    except (WayClosedError, OSError) as error:
        reason: Exception = error
    if os.geteuid() == 0:
        from launcher.debian import install

        try:
            install(wanted.name, service=wanted.name)
        except (WayClosedError, OSError) as error:
            reason = error
        found = find(wanted, os.environ)
        if found:
            return found
    advice = f"name one with {wanted.variable}, or install it with your system's package manager"
    for tool, line in (
        ("apt-get", f"sudo apt-get install {wanted.name}"),
        ("brew", f"brew install {wanted.name}"),
    ):
        if shutil.which(tool):
            advice = f"type: {line}"
            break
    raise SetUpError(f"no {wanted.name} found, and {reason}; {advice}")


def unpacked_folder(wanted: Program) -> Path:
    """Return where an unpacked one lies: for each system its own, as they may share a home."""
    from launcher.debian import cache_folder

    release = Path("/etc/os-release")
    lines = release.read_text("utf-8").splitlines() if release.exists() else []
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    system = "".join(values.get(key, "").strip('"') for key in ("ID", "VERSION_ID"))
    return cache_folder() / f"{wanted.name}-{system or sys.platform}-{os.uname().machine}"


def _unpack(wanted: Program) -> Path:
    """Unpack a program into the cache folder and see it run.

    Raises:
        WayClosedError: When it cannot be had, or does not run here.
    """
    from launcher.debian import cache_folder, unpack

    folder = unpacked_folder(wanted)
    program = folder / wanted.name
    with locked(cache_folder() / "lock", str(cache_folder())):
        if _is_program(program):  # by the one that we have waited for
            return program
        with replacing(folder) as fresh:
            unpack(wanted.name, fresh)
            write_wrapper(fresh, wanted)
            _, text = run([str(fresh / wanted.name), wanted.ask])
            if f"{wanted.name} version" not in text:
                raise WayClosedError(f"the unpacked one does not run: {text.strip()[:200]}")
    return program


def write_wrapper(folder: Path, wanted: Program) -> None:
    """Write the script that starts an unpacked program from wherever its folder is.

    Args:
        folder: Where the program's package was unpacked.
        wanted: Which program.
    """
    variable, pattern = wanted.modules or ("", "")
    modules = f"{variable}={_places(folder, pattern)} " if variable else ""
    libraries = _places(folder, "lib/*-linux-*", "usr/lib/*-linux-*")
    (program,) = folder.glob(f"usr/*bin/{wanted.name}")
    wrapper = folder / wanted.name
    wrapper.write_text(
        WRAPPER.format(
            modules=modules, libraries=libraries, program=program.relative_to(folder).as_posix()
        ),
        "utf-8",
    )
    wrapper.chmod(0o755)


def _places(folder: Path, *patterns: str) -> str:
    """Return the folders that match, for a variable of the wrapper."""
    found = sorted(place.relative_to(folder) for each in patterns for place in folder.glob(each))
    return ":".join(f'"$here/{place}"' for place in found)


def _is_program(path: Path) -> bool:
    """Tell whether it is a file that may be run."""
    return path.is_file() and os.access(path, os.X_OK)
