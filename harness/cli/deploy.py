"""Push the device code to a board: what differs is written, read back and compared by hash."""

from __future__ import annotations

import argparse

from harness.cli.target import (
    add_board_argument,
    add_device_src_argument,
    add_json_argument,
    manifest_of,
    open_target,
    print_json,
    say,
)

#: A board that was just opened answers in milliseconds.
ANSWER_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_board_argument(parser)
    add_device_src_argument(parser)
    parser.add_argument(
        "--mpy",
        action="store_true",
        help="compile the modules of mirrored folders to .mpy first, in the board's version",
    )
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from harness.board.mpy import compiled, require_compiler
    from harness.deadline import Deadline

    manifest = manifest_of(args)
    if args.mpy:
        require_compiler()
    last = ""

    def progress(path: str, _size_bytes: int) -> None:
        nonlocal last
        if path != last and not args.json:
            say(f"pushed {path}")
        last = path

    with open_target(args, deploy=False) as opened:
        if args.mpy:
            board = opened.board
            manifest = compiled(manifest, board.mpy_version(Deadline.after(ANSWER_S)), board.name)
        result = opened.deploy(manifest, progress)
        if args.json:
            print_json(result.as_json())
        else:
            print(
                f"{opened.board.name}: {len(result.pushed)} pushed, "
                f"{len(result.unchanged)} unchanged, {len(result.removed)} removed; "
                f"{result.bytes_payload} bytes in {result.seconds:.2f} s; "
                f"manifest {result.manifest[:12]} read back from the board"
            )
    return 0
