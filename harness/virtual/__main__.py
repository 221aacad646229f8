"""The supervisor's process: `python -m harness.virtual [--parent-pipe] SETTINGS`.

It prints one JSON object with the board's identity, or with ``error``, once it is ready; it is not
a command for people: that is `hil virtual`.
"""

from __future__ import annotations

import json
import sys

from harness.errors import HarnessError
from harness.virtual.settings import VirtualSettings
from harness.virtual.supervisor import Supervisor, announce


def main(arguments: list[str]) -> int:
    """Run a supervisor until it is told to end.

    Args:
        arguments: ``--parent-pipe`` to end with standard input, then the settings as JSON.

    Returns:
        The exit code: 0, or 1 when the board could not be made.
    """
    ends_with_stdin = "--parent-pipe" in arguments
    try:
        settings = VirtualSettings.from_json(arguments[-1] if arguments else "")
        supervisor = Supervisor(settings, ends_with_stdin=ends_with_stdin)
    except HarnessError as error:
        tell = {"error": {"type": type(error).__name__, **error.parts()}}
        sys.stdout.write(json.dumps(tell) + "\n")
        return 1
    try:
        sys.stdout.write(announce(supervisor.identity) + "\n")
        sys.stdout.flush()
        supervisor.run()
    finally:
        supervisor.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
