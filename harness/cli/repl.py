"""Talk to a board with mpremote, and take it back.

mpremote gets the port and the terminal; Ctrl-] leaves it. Afterwards the board is asked whether it
still answers, and left at its prompt.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from harness.cli.target import (
    add_board_argument,
    add_device_src_argument,
    open_target,
    say,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_board_argument(parser)
    add_device_src_argument(parser)
    parser.add_argument(
        "mpremote", nargs="*", metavar="MPREMOTE-COMMAND", help="default: repl; put -- before it"
    )


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from harness.deadline import Deadline

    with open_target(args) as opened:
        address = opened.opened.tap.name
        opened.board.repl.leave(Deadline.after(5.0))
        with opened.opened.tap.lent():
            say(f"mpremote has {address}; Ctrl-] gives it back")
            ended = subprocess.run(
                [
                    *(sys.executable, "-m", "mpremote", "connect", address),
                    *(args.mpremote or ["resume", "repl"]),
                ],
                check=False,
            )
        identity = opened.identity
        opened.board.require_identity(identity, Deadline.after(10.0))
        say(f"{opened.board.name} is back: {identity.firmware}, id {identity.id or 'none'}")
    return ended.returncode
