"""Mosquitto, the MQTT broker: where it is, and how to get it where it is not."""

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
LD_LIBRARY_PATH={libraries} exec "$here/usr/sbin/mosquitto" "$@"
"""


def find(environ: Mapping[str, str]) -> Path | None:
    """Return the Mosquitto that is there: the named one, on PATH, a system folder's, the unpacked.

    Args:
        environ: HIL_MOSQUITTO and PATH are read.

    Raises:
        SetUpError: When HIL_MOSQUITTO names no program.
    """
    named = environ.get("HIL_MOSQUITTO")
    if named:
        if not _is_program(Path(named)):
            raise SetUpError(
                f"HIL_MOSQUITTO names no program: {named}; type: unset HIL_MOSQUITTO", EXIT_USAGE
            )
        return Path(named).absolute()
    on_path = [folder for folder in environ.get("PATH", "").split(os.pathsep) if folder]
    for folder in (*on_path, *SYSTEM_FOLDERS, str(unpacked_folder())):
        program = Path(folder, "mosquitto").absolute()
        if _is_program(program):
            return program
    return None


def obtain() -> Path:
    """Unpack the distribution's Mosquitto or, as root, install it; return where it is then.

    Raises:
        SetUpError: When neither works; it says what to type.
    """
    try:
        return _unpack()
    except (WayClosedError, OSError) as error:
        reason: Exception = error
    if os.geteuid() == 0:
        from launcher.debian import install

        try:
            install("mosquitto", service="mosquitto")
        except (WayClosedError, OSError) as error:
            reason = error
        found = find(os.environ)
        if found:
            return found
    advice = "name one with HIL_MOSQUITTO, or install it with your system's package manager"
    for tool, line in (
        ("apt-get", "sudo apt-get install mosquitto"),
        ("brew", "brew install mosquitto"),
    ):
        if shutil.which(tool):
            advice = f"type: {line}"
            break
    raise SetUpError(f"no mosquitto found, and {reason}; {advice}")


def unpacked_folder() -> Path:
    """Return where an unpacked one lies: for each system its own, as they may share a home."""
    from launcher.debian import cache_folder

    release = Path("/etc/os-release")
    lines = release.read_text("utf-8").splitlines() if release.exists() else []
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    system = "".join(values.get(key, "").strip('"') for key in ("ID", "VERSION_ID"))
    return cache_folder() / f"mosquitto-{system or sys.platform}-{os.uname().machine}"


def _unpack() -> Path:
    """Unpack Mosquitto into the cache folder and see it run.

    Raises:
        WayClosedError: When it cannot be had, or does not run here.
    """
    from launcher.debian import cache_folder, unpack

    folder = unpacked_folder()
    with locked(cache_folder() / "lock", str(cache_folder())):
        if _is_program(folder / "mosquitto"):  # by the one that we have waited for
            return folder / "mosquitto"
        with replacing(folder) as fresh:
            unpack("mosquitto", fresh)
            write_wrapper(fresh)
            _, text = run([str(fresh / "mosquitto"), "-h"])
            if "mosquitto version" not in text:
                raise WayClosedError(f"the unpacked one does not run: {text.strip()[:200]}")
    return folder / "mosquitto"


def write_wrapper(folder: Path) -> None:
    """Write the script that starts an unpacked Mosquitto from wherever its folder is."""
    places = sorted(
        place.relative_to(folder)
        for pattern in ("lib/*-linux-*", "usr/lib/*-linux-*")
        for place in folder.glob(pattern)
    )
    libraries = ":".join(f'"$here/{place}"' for place in places)
    wrapper = folder / "mosquitto"
    wrapper.write_text(WRAPPER.format(libraries=libraries), "utf-8")
    wrapper.chmod(0o755)


def _is_program(path: Path) -> bool:
    """Tell whether it is a file that may be run."""
    return path.is_file() and os.access(path, os.X_OK)
