"""A process whose life is bound to ours by a keeper (`harness.broker.keeper`), and its log."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from harness.broker.log import BrokerLog
from harness.errors import BrokerError

#: How long `end` waits; the keeper needs at most its own 2 s for an unwilling process.
END_TIMEOUT_S = 5.0

#: Stands in a command or a file for the private folder that the keeper makes.
FOLDER = "{folder}"

_PID = re.compile(r"keeper: the broker is process (\d+)")


class KeptProcess:
    """A running process, from its start to its end."""

    def __init__(self, command: Sequence[str], files: Mapping[str, str], log: BrokerLog) -> None:
        """Start it; whether that went well is in the log.

        Args:
            command: Program and arguments; `FOLDER` in them is filled in.
            files: What lies in its private folder, by name; `FOLDER` in them is filled in.
            log: Gets each line that the process and its keeper write.
        """
        self._log = log
        self._first_line = log.mark
        keeper = [sys.executable, "-I", "-S", str(Path(__file__).with_name("keeper.py"))]
        self._keeper = subprocess.Popen(
            keeper,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # Ctrl-C at the terminal is for the harness alone
        )
        self._lifeline = cast("IO[bytes]", self._keeper.stdin)
        log.reopen()
        self._reader = threading.Thread(
            target=log.follow, args=(self._keeper.stderr,), name="broker-log", daemon=True
        )
        self._reader.start()
        order = {"command": list(command), "files": dict(files)}
        self._send(json.dumps(order).encode() + b"\n")

    @property
    def pid(self) -> int | None:
        """The process's number, from the log; None while the keeper has not told it."""
        for line in self._log.since(self._first_line):
            found = _PID.fullmatch(line.text)
            if found:
                return int(found[1])
        return None

    def forget_files(self) -> None:
        """Have the private folder removed, once the process has read what is in it."""
        self._send(b"\n")

    def end(self) -> None:
        """End the process (SIGTERM, after 2 s SIGKILL) and read its log to the end.

        May be called twice.

        Raises:
            BrokerError: It did not end in `END_TIMEOUT_S`; it has been killed.
        """
        self._lifeline.close()
        try:
            self._keeper.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            self._keeper.kill()  # takes the process along by its death signal
            self._keeper.wait()
            raise self._unended() from error
        self._reader.join(END_TIMEOUT_S)
        if self._reader.is_alive():
            raise self._unended()

    def _send(self, data: bytes) -> None:
        # A keeper that has ended already ends the log too, and its reader tells why.
        with contextlib.suppress(BrokenPipeError):
            self._lifeline.write(data)

    def _unended(self) -> BrokerError:
        return BrokerError(
            "the broker's process does not end",
            on=f"process {self.pid}",
            expected=f"its end within {END_TIMEOUT_S:g} s",
            got=self._log.tail(mark=self._first_line),
            advice="ps -ef shows what is left of it",
        )
