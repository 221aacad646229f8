"""Run code on a board.

What the code prints comes on standard output while it runs. Ends with 1 when it raised.

    hil exec "import codey; codey.display.show(38)"
    hil exec --board port:/dev/ttyUSB0 --file program.py
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.target import (
    add_board_argument,
    add_device_src_argument,
    add_json_argument,
    open_target,
    print_json,
    say,
    seconds,
)

if TYPE_CHECKING:
    from harness.board.program import Program
    from harness.errors import DeviceException

#: How long code may take to end after Ctrl-C.
INTERRUPT_S = 5.0

RESET_IT = "reset the board, or switch it off and on"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    code = parser.add_mutually_exclusive_group(required=True)
    code.add_argument("code", nargs="?", metavar="CODE", help="Python source")
    code.add_argument("--file", type=Path, help="file with the source; - for standard input")
    add_board_argument(parser)
    add_device_src_argument(parser)
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=60.0,
        metavar="SECONDS",
        help="interrupt the code after this long and end with 10 (default: 60)",
    )
    parser.add_argument("--plain", action="store_true", help="send it without raw paste")
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from harness.deadline import Deadline
    from harness.errors import LinkTimeout, RemoteProtocolError

    source, name = _source(args)
    with open_target(args) as opened:
        repl = opened.board.repl
        repl.places["<stdin>"] = name
        deadline = Deadline.after(args.timeout)
        program = repl.start(source, deadline, paste=False if args.plain else None)
        try:
            while printed := program.read(deadline):
                if not args.json:
                    sys.stdout.buffer.write(printed.replace(b"\r\n", b"\n"))
                    sys.stdout.buffer.flush()
        except KeyboardInterrupt:
            if not _interrupt(program):
                say(f"the code still runs: it ignores Ctrl-C; {RESET_IT}")
            raise
        except RemoteProtocolError:
            _interrupt(program)
            raise
        except LinkTimeout as late:
            has_ended = _interrupt(program)
            raise LinkTimeout(
                f"the code did not end within {args.timeout:g} s and "
                + ("was interrupted" if has_ended else "ignores Ctrl-C: it still runs"),
                on=opened.board.name,
                expected="its end",
                received=program.output,
                advice="--timeout SECONDS gives it longer" if has_ended else RESET_IT,
            ) from late
        _tell(args, program.output, program.dropped_bytes, program.error)
        return 0 if program.error is None else 1


def _interrupt(program: Program) -> bool:
    """Send Ctrl-C and return whether the code has ended."""
    from harness.deadline import Deadline
    from harness.errors import LinkTimeout

    try:
        program.interrupt(Deadline.after(INTERRUPT_S))
    except LinkTimeout:
        return False
    return True


def _source(args: argparse.Namespace) -> tuple[str, str]:
    """Return the code to run, and what tracebacks call it.

    Raises:
        ConfigError: It cannot be read, or no board's raw REPL can take it.
    """
    from harness.errors import ConfigError

    name = "<stdin>" if args.code is not None or str(args.file) == "-" else str(args.file)
    try:
        if args.code is not None:
            text = str(args.code)
        elif str(args.file) == "-":
            text = sys.stdin.buffer.read().decode("utf-8")
        else:
            text = args.file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("the file cannot be read", on=name, got=str(error)) from error
    if "\x03" in text or "\x04" in text:
        raise ConfigError(
            "the code holds a byte that the raw REPL keeps for itself (03 or 04)",
            on=name,
            expected="text",
            advice="write it as an escape in a string literal: \\x04",
        )
    return text, name


def _tell(
    args: argparse.Namespace, output: bytes, dropped_bytes: int, error: DeviceException | None
) -> None:
    from harness.pytest_plugin.evidence import error_as_json

    if args.json:
        text = output.decode("utf-8", "replace").replace("\r\n", "\n")
        answer = {"output": text, "error": None if error is None else error_as_json(error)}
        print_json(answer | ({"dropped_bytes": dropped_bytes} if dropped_bytes else {}))
    elif error is not None:
        for frame in error.frames:
            say(f"{frame.file}:{frame.line} in {frame.function}")
        say(error.got)
