"""Write a MicroPython firmware to a board with esptool. Everything on its flash is lost.

Asks for the board's name before it does so, unless --yes is given. A board of the inventory must
allow it with `flash = true`. Nobody has verified this on hardware yet.

    hil flash ESP32_GENERIC.bin --board c1
"""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.target import (
    add_board_argument,
    add_json_argument,
    admission_of,
    one_dut,
    print_json,
    say,
)
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.lab.dut import Dut
    from harness.lab.flash import Image

#: 2 MB take 50 s at 460800 baud, by the line's arithmetic; erasing takes some seconds more.
FLASH_S = 300.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("image", metavar="IMAGE", type=Path, help="firmware, a .bin for the ESP32")
    add_board_argument(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--esptool",
        metavar="PATH",
        default=os.environ.get("HIL_ESPTOOL", ""),
        help="the program (default: $HIL_ESPTOOL, or the installed one)",
    )
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from harness.deadline import Deadline
    from harness.lab.flash import find_esptool, read_image, write_image
    from harness.lab.lease import take_lease
    from harness.link.open import find_address, lease_key
    from harness.link.serial import check_path

    image = read_image(args.image)
    esptool = find_esptool(args.esptool)
    dut = one_dut(args)
    _check_allowed(dut)
    port = find_address(dut.spec)
    check_path(port)
    admission = admission_of(args)
    lease = take_lease(lease_key(dut.spec) or port, admission.terms, dut.name)
    with contextlib.ExitStack() as held:
        held.callback(lease.release)
        if not args.yes:
            _confirm(dut, port, image)
        started_s = time.monotonic()
        write_image(port, image, esptool, Deadline.after(FLASH_S), say)
        seconds = time.monotonic() - started_s
    if dut.is_listed:
        admission.probed.update(dut.name, lambda before: replace(before, image_sha256=image.sha256))
    with contextlib.closing(admission.open(dut)) as opened:
        identity = opened.identity
    result = {
        "board": dut.name,
        "image": str(image.path),
        "sha256": image.sha256,
        "bytes": image.size_bytes,
        "seconds": round(seconds, 3),
        "id": identity.id,
        "firmware": identity.firmware,
    }
    if args.json:
        print_json(result)
    else:
        print(f"{dut.name}: {identity.firmware}, id {identity.id or 'none'}, from {image.sha256}")
    return 0


def _check_allowed(dut: Dut) -> None:
    if dut.spec.is_made or dut.spec.kind == "url":
        raise ConfigError(
            "this board cannot be flashed from here",
            on=dut.spec.text,
            expected="a board on a serial port of this machine",
            advice="--board port:/dev/ttyUSB0",
        )
    if dut.is_listed and not dut.may_flash:
        raise ConfigError(
            "the inventory does not allow to flash this board",
            on=dut.name,
            expected="flash = true",
            advice=f"write it below [boards.{dut.name}] in boards.toml",
        )


def _confirm(dut: Dut, port: str, image: Image) -> None:
    """Have a person type the board's name.

    Raises:
        ConfigError: Something else was typed, or nothing.
    """
    say(
        f"board    {dut.name} at {port}\n"
        f"image    {image.path}, {image.size_bytes} bytes\n"
        f"sha256   {image.sha256}\n"
        "Everything on the board's flash is lost. Not verified on hardware.\n"
        f"Type the board's name, {dut.name}, to go on:"
    )
    with contextlib.suppress(EOFError):
        typed = input().strip()
        if typed == dut.name:
            return
    raise ConfigError(
        "the board was not flashed: its name was not typed",
        on=dut.name,
        advice="--yes does without the question",
    )
