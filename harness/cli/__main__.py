"""The command ``hil``: finds the command that was named and runs it.

Each command is a module of this package with ``add_arguments(parser)`` and ``run(args) -> int``;
it is imported when it is named, so that ``hil --help`` loads nothing heavy.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

#: Commands by job, with their one line of help.
JOBS: dict[str, dict[str, str]] = {
    "Test": {
        "run": "run the scenarios on a board and write a report",
        "play": "run one program on a board and show what it does",
        "report": "write the reports of a run again, from its journal",
        "bench": "measure the harness and the MQTT client, beside their peers",
        "test": "run the project's own tests",
    },
    "Boards": {
        "boards": "list, add, find and readmit the boards of a lab",
        "doctor": "check this machine and say what to do about it",
        "flash": "write a firmware to a board with esptool",
        "deploy": "push the device code to a board",
        "exec": "run code on a board",
        "snapshot": "read a board's display and LED",
        "repl": "talk to a board with mpremote, and take it back",
        "virtual": "start a virtual board in the foreground",
    },
}

INTERRUPTED, INTERNAL_ERROR, BAD_USAGE = 2, 3, 4


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors end with exit code 4 and one line."""

    def error(self, message: str) -> NoReturn:
        """End with a message; see docs/interface.md, "Exit codes"."""
        self.exit(BAD_USAGE, f"{self.prog}: {message}; try: {self.prog} --help\n")


def overview() -> str:
    """Return the text of ``hil --help``."""
    lines = [
        "usage: hil COMMAND [OPTIONS]",
        "",
        "Qualify the MQTT behaviour of Codey Rocky boards, real and virtual ones.",
    ]
    for job, commands in JOBS.items():
        lines += ["", f"{job}:"]
        lines += [f"  {name:<10} {text}" for name, text in commands.items()]
    lines += [
        "",
        "hil COMMAND --help tells the options of one command. Without a board every",
        "command uses a virtual one; --board port:/dev/ttyUSB0 names a real one.",
        "",
    ]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments, without the program's name; None for those of the process.

    Returns:
        The exit code; docs/interface.md lists them.
    """
    argv = sys.argv[1:] if argv is None else argv
    if not argv or argv[0] in ("-h", "--help", "help"):
        try:
            print(overview(), end="", flush=True)
        except BrokenPipeError:
            # As in `hil --help | head -1`.
            _drop_output()
        return 0 if argv else BAD_USAGE
    if argv[0] == "--version":
        from importlib import metadata

        print(f"codey-hil {metadata.version('codey-hil')}")
        return 0
    name = argv[0]
    known = [command for commands in JOBS.values() for command in commands]
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        advice = f"did you mean hil {near[0]}?" if near else "hil --help lists them"
        print(f"hil: there is no command {name!r}; {advice}", file=sys.stderr)
        return BAD_USAGE
    return _run(name, argv[1:])


def _run(name: str, argv: list[str]) -> int:
    module = importlib.import_module(f"harness.cli.{name}")
    description = (module.__doc__ or "").strip()
    parser = Parser(
        prog=f"hil {name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    if getattr(module, "FORWARDS", False):
        args, rest = parser.parse_known_args(argv)
        args.rest = rest
    else:
        args = parser.parse_args(argv)
    from harness.errors import ExpectationFailed, HarnessError

    try:
        with _interrupted_by_sigterm():
            code = int(module.run(args))
            sys.stdout.flush()
    except (HarnessError, ExpectationFailed) as error:
        from harness.scenario.verdict import exit_of

        print(f"hil {name}: {error.one_line()}", file=sys.stderr)
        return exit_of(error)
    except KeyboardInterrupt:
        # Where it met code made from text (a data class, during an import), CPython has noted it as
        # unhandled, and would end this process by the signal; the next such code takes that back.
        exec("")  # noqa: S102
        print(f"hil {name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # As in `hil run | head -1`. What the command would have ended with is not known.
        print(f"hil {name}: stopped, since nobody reads its output", file=sys.stderr)
        _drop_output()
        return INTERNAL_ERROR
    except Exception as error:  # noqa: BLE001 (told in full; Python would end with 1, which accuses the product)
        import traceback

        from harness.scenario.verdict import exit_of

        traceback.print_exc()
        print(f"hil {name}: internal error, told above: {error!r}", file=sys.stderr)
        _drop_output()
        return exit_of(error)
    return code


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """End on SIGTERM as on Ctrl-C: boards are given back, a run writes its report."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _drop_output() -> None:
    """Let what standard output did not take go nowhere: trying again at exit would end with 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
