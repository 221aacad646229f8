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
)

if TYPE_CHECKING:
    from harness.errors import DeviceException

#: How long code may take to end after Ctrl-C.
INTERRUPT_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    code = parser.add_mutually_exclusive_group(required=True)
    code.add_argument("code", nargs="?", metavar="CODE", help="Python source")
    code.add_argument("--file", type=Path, help="file with the source; - for standard input")
    add_board_argument(parser)
    add_device_src_argument(parser)
    parser.add_argument(
        "--timeout",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="interrupt the code after this long and end with 10 (default: 60)",
    )
    parser.add_argument("--plain", action="store_true", help="send it without raw paste")
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from harness.deadline import Deadline
    from harness.errors import LinkTimeout

    source, name = _source(args)
    with open_target(args) as opened:
        repl = opened.board.repl
        repl.places["<stdin>"] = name
        deadline = Deadline.after(args.timeout)
        program = repl.start(source, deadline, paste=not args.plain)
        try:
            while printed := program.read(deadline):
                if not args.json:
                    sys.stdout.buffer.write(printed.replace(b"\r\n", b"\n"))
                    sys.stdout.buffer.flush()
        except KeyboardInterrupt:
            program.interrupt(Deadline.after(INTERRUPT_S))
            raise
        except LinkTimeout as late:
            program.interrupt(Deadline.after(INTERRUPT_S))
            raise LinkTimeout(
                f"the code did not end within {args.timeout:g} s and was interrupted",
                on=opened.board.name,
                received=program.output,
                advice="--timeout SECONDS gives it longer",
            ) from late
        _tell(args, program.output, program.error)
        return 0 if program.error is None else 1


def _source(args: argparse.Namespace) -> tuple[str, str]:
    """Return the code to run, and what tracebacks call it."""
    from harness.errors import ConfigError

    if args.code is not None:
        return args.code, "<stdin>"
    if str(args.file) == "-":
        return sys.stdin.read(), "<stdin>"
    try:
        return args.file.read_text(encoding="utf-8"), str(args.file)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("the file cannot be read", on=str(args.file), got=str(error)) from error


def _tell(args: argparse.Namespace, output: bytes, error: DeviceException | None) -> None:
    from harness.pytest_plugin.evidence import error_as_json

    if args.json:
        text = output.decode("utf-8", "replace").replace("\r\n", "\n")
        print_json({"output": text, "error": None if error is None else error_as_json(error)})
    elif error is not None:
        for frame in error.frames:
            say(f"{frame.file}:{frame.line} in {frame.function}")
        say(error.got)
