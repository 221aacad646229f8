"""Where the Mosquitto program is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from harness.errors import BrokerError

#: Debian puts it where only root's PATH leads; the others are usual for a build and for Homebrew.
USUAL_PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")


def find_mosquitto(named: str | None = None) -> Path:
    """Return the Mosquitto program.

    Args:
        named: A path that the user gave; it is taken or refused, nothing else is tried then.

    Raises:
        BrokerError: There is none.
    """
    if named:
        if os.access(named, os.X_OK) and Path(named).is_file():
            return Path(named)
        raise BrokerError(
            "the Mosquitto that was named cannot be run", on=named, expected="a program"
        )
    found = shutil.which("mosquitto") or shutil.which(
        "mosquitto", path=os.pathsep.join(USUAL_PLACES)
    )
    if found is None:
        raise BrokerError(
            "there is no Mosquitto on this machine",
            expected=f"HIL_MOSQUITTO, PATH, or one of {', '.join(USUAL_PLACES)}",
            advice="./hil run fetches one; or: sudo apt-get install mosquitto",
        )
    return Path(found)
