"""The tools that `hil bench deploy` is measured beside: each an unmodified program with a port."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from harness.errors import HarnessError

#: mpremote takes 6 s for 20 kB of random bytes; on a loaded machine some times that.
TIMEOUT_S = 120.0

#: belay's own command makes the code smaller before it sends it, and what the board then holds is
#: not what the host has: so its library is asked not to, and to keep other files.
_BELAY = (
    "import sys, belay\n"
    "device = belay.Device(sys.argv[1])\n"
    "for what in sys.argv[2:]:\n"
    "    if what == '-':\n"
    "        device('pass')\n"
    "    else:\n"
    "        device.sync(what, minify=False, keep=True)\n"
    "device.close()\n"
)


@dataclass(frozen=True)
class Peer:
    """One tool.

    Attributes:
        name: Of its package on the package index.
        reads: Whether it can bring a file from the board.
    """

    name: str
    reads: bool = True

    @property
    def version(self) -> str:
        """Its version; empty when it is not installed."""
        try:
            return metadata.version(self.name)
        except metadata.PackageNotFoundError:
            return ""

    def push(self, port: str, folder: Path) -> list[str]:
        """Return the command that puts all files of a folder at the root of the board."""
        files = [str(path) for path in sorted(folder.iterdir())]
        if self.name == "mpremote":
            return [_program("mpremote"), "connect", port, "resume", "cp", *files, ":/"]
        if self.name == "mpytool":
            return [_program("mpytool"), "-p", port, "cp", *files, ":/"]
        return [sys.executable, "-W", "ignore", "-c", _BELAY, port, str(folder)]

    def read(self, port: str, path: str, to: Path) -> list[str]:
        """Return the command that brings a file from the board."""
        if self.name == "mpremote":
            return [_program("mpremote"), "connect", port, "resume", "cp", f":{path}", str(to)]
        return [_program("mpytool"), "-p", port, "cp", f":{path}", str(to)]

    def execute(self, port: str, times: int) -> list[str]:
        """Return the command that runs ``pass`` on the board some times."""
        if self.name == "mpremote":
            calls = ["exec", "pass", "+"] * times
            return [_program("mpremote"), "connect", port, "resume", *calls[:-1]]
        if self.name == "mpytool":
            return [_program("mpytool"), "-p", port, *(["exec", "pass", "--"] * times)[:-1]]
        return [sys.executable, "-W", "ignore", "-c", _BELAY, port, *["-"] * times]


#: In the order of the table.
PEERS = (Peer("mpremote"), Peer("mpytool"), Peer("belay", reads=False))


def run(command: Sequence[str]) -> None:
    """Run a peer to its end.

    Raises:
        HarnessError: It failed, or did not end in time.
    """
    try:
        subprocess.run(
            command, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error).encode()
        raise HarnessError(
            "a tool that is measured beside ours failed",
            on=" ".join(command[:8]),
            expected="its end with 0",
            got=said.decode("utf-8", "replace").strip()[-300:],
        ) from error


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))
