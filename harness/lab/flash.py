"""Write a board's firmware with esptool, which runs as a program of its own.

Unverified on hardware: what is tested is what esptool is told, with a stand-in for it. Whether the
Codey's USB circuit lets DTR and RTS put the chip into its boot loader is not known.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.deadline import Deadline
from harness.errors import ConfigError, HarnessError

#: Where MicroPython's image for the ESP32 belongs: its first part is the boot loader.
OFFSET = 0x1000

#: The first byte of every image for an ESP32 (esptool documentation, "Firmware Image Format").
IMAGE_MAGIC = 0xE9

BAUD = 460800


class FlashFailed(HarnessError):
    """esptool did not write the image."""


@dataclass(frozen=True)
class Image:
    """A firmware image.

    Attributes:
        path: The file.
        size_bytes: Its size.
        sha256: Digest of its bytes, 64 hex digits.
    """

    path: Path
    size_bytes: int
    sha256: str


def read_image(path: Path) -> Image:
    """Check that a file can be an image, and take its digest.

    Raises:
        ConfigError: It cannot be read, or is none.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            "the firmware image cannot be read", on=str(path), got=error.strerror or str(error)
        ) from error
    if data[:1] != bytes((IMAGE_MAGIC,)):
        raise ConfigError(
            "this is no firmware image for an ESP32",
            on=str(path),
            expected=f"a file that begins with the byte {IMAGE_MAGIC:02x}",
            got=data[:4].hex(" ") or "an empty file",
            advice="a MicroPython for ESP32 comes as a .bin file for offset 0x1000",
        )
    return Image(path, len(data), hashlib.sha256(data).hexdigest())


def find_esptool(program: str = "") -> list[str]:
    """Return the words by which esptool is started.

    Args:
        program: Path of the program; empty to search.

    Raises:
        ConfigError: There is none.
    """
    if program:
        return [program]
    if importlib.util.find_spec("esptool") is not None:
        return [sys.executable, "-m", "esptool"]
    found = shutil.which("esptool")
    if found is None:
        raise ConfigError(
            "esptool is not installed",
            expected="the program esptool, 5 or newer",
            advice="pip install 'codey-hil[flash]'",
        )
    return [found]


def write_image(
    port: str,
    image: Image,
    esptool: list[str],
    deadline: Deadline,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Erase a board's flash and write an image.

    Args:
        port: Path of its port, which nobody may have open.
        image: What to write.
        esptool: From `find_esptool`.
        deadline: By when it must have ended.
        tell: Is told of each line that esptool prints.

    Raises:
        FlashFailed: esptool failed, or did not end in time.
    """
    command = [
        *esptool,
        *("--chip", "esp32", "--port", port, "--baud", str(BAUD)),
        # The factory's file system must not be taken for one of ours.
        *("write-flash", "--erase-all", hex(OFFSET), str(image.path)),
    ]
    last = ""
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            try:
                timer = _ended_by(process, deadline)
                for line in process.stdout or ():
                    last = line.strip() or last
                    tell(line.rstrip())
                code = process.wait()
                timer.cancel()
            except BaseException:
                process.kill()
                raise
    except OSError as error:
        raise FlashFailed("esptool cannot be started", on=command[0], got=str(error)) from error
    if code != 0:
        late = f" within {deadline.total_s:g} s" if deadline.is_expired else ""
        raise FlashFailed(
            f"esptool did not write the image{late}",
            on=port,
            expected="exit code 0",
            got=f"exit code {code}; it said last: {last or 'nothing'}",
            advice="hold the board's boot button, or flash it by hand and run hil boards health",
        )


def _ended_by(process: subprocess.Popen[str], deadline: Deadline) -> threading.Timer:
    timer = threading.Timer(deadline.remaining_s, process.kill)
    timer.daemon = True
    timer.start()
    return timer
