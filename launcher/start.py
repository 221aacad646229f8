"""What one `./hil COMMAND ...` needs, and the hand-over to the command."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from launcher.environment import BASE_LOCK, TEST_LOCK, ensure_environment
from launcher.program import MOSQUITTO, SER2NET, find, obtain
from launcher.step import EXIT_BLOCKED, EXIT_INTERRUPTED, SetUpError, WayClosedError, say

#: The commands that start a broker; the others do not fail for the lack of one.
BROKER_COMMANDS = frozenset({"bench", "mutate", "play", "qualify", "run", "soak", "test"})

#: What some of the project's own tests start.
TEST_PROGRAMS = (SER2NET,)

#: Asks for text only, which any Python can print before anything is set up.
HELP = frozenset({"-h", "--help", "help"})


def become(root: Path, arguments: list[str], environ: dict[str, str]) -> NoReturn:
    """Replace this process by the command, so that signals and its exit code are its own."""
    python = str(root / ".venv/bin/python")
    # The script and not `-m`, which would let a folder named harness in the working folder win.
    os.execve(python, [python, str(root / ".venv/bin/hil"), *arguments], environ)


def start(root: Path, arguments: list[str]) -> int:
    """Set up what the command needs and become it; returns only when that is not possible.

    Args:
        root: The checkout.
        arguments: The command line after `./hil`.

    Returns:
        The exit code of help, or of what stood in the way.
    """
    if not arguments or arguments[0] in HELP or arguments[-1] in {"-h", "--help"}:
        from harness.cli.__main__ import main

        return main(arguments)
    try:
        environ = prepare(root, arguments)
    except SetUpError as error:
        say(str(error))
        return error.exit_code
    except (WayClosedError, OSError) as error:
        say(f"set-up stopped: {error}; type the same again once that is mended")
        return EXIT_BLOCKED
    except KeyboardInterrupt:
        say("set-up interrupted; type the same again to go on")
        return EXIT_INTERRUPTED
    become(root, arguments, environ)


def prepare(root: Path, arguments: list[str]) -> dict[str, str]:
    """Set up what the command needs; almost nothing is done when all is there.

    Returns:
        The environment for the command, with HIL_MOSQUITTO in it when there is one.

    Raises:
        SetUpError: When something is missing and cannot be obtained.
    """
    command = next((word for word in arguments if not word.startswith("-")), "")
    environ = dict(os.environ)
    _end_children_on_sigterm()
    try:
        mosquitto = find(MOSQUITTO, environ)
    except SetUpError:
        if command in BROKER_COMMANDS:
            raise
        mosquitto = None
    ensure_environment(root, [BASE_LOCK, TEST_LOCK] if command == "test" else [BASE_LOCK])
    if mosquitto is None and command in BROKER_COMMANDS and not names_broker(arguments, environ):
        mosquitto = obtain(MOSQUITTO)
    if mosquitto is not None:
        environ[MOSQUITTO.variable] = str(mosquitto)
    if command == "test":
        environ.update(test_tools(environ))
    return environ


def test_tools(environ: dict[str, str]) -> dict[str, str]:
    """Obtain the programs that some tests alone need; those skip by name for what is not to be had.

    Returns:
        What to set in the environment.
    """
    found = {}
    for wanted in TEST_PROGRAMS:
        try:
            program = find(wanted, environ) or obtain(wanted)
        except SetUpError as error:
            say(f"{error}; the tests that need it will be skipped")
        else:
            found[wanted.variable] = str(program)
    return found


def names_broker(arguments: list[str], environ: dict[str, str]) -> bool:
    """Tell whether the user says which broker to use, so that none has to be obtained."""
    named = environ.get("HIL_BROKER", "auto")
    for word, following in zip(arguments, [*arguments, ""][1:], strict=True):
        option, equals, value = word.partition("=")
        if option == "--hil-mosquitto":
            return True
        if option == "--hil-broker":
            named = value if equals else following
    return named != "auto"


def _end_children_on_sigterm() -> None:
    """Make SIGTERM end what set-up has started, too; `execve` puts the default back."""
    import signal

    def leave(signal_number: int, _frame: object) -> NoReturn:
        sys.exit(128 + signal_number)

    signal.signal(signal.SIGTERM, leave)
