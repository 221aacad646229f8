"""What is left of a broker when the harness itself is killed: nothing."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.broker.log import BrokerLog
from harness.deadline import Deadline

pytestmark = pytest.mark.skipif(
    not hasattr(os, "pidfd_open"), reason="waiting for a foreign process needs Linux"
)

KEPT = re.compile(r"keeper: the broker is process \d+")

#: A harness in short: it starts a broker, passes its log on, and waits for ever.
HARNESS = """
import os, sys, threading
from pathlib import Path
from harness.broker.mosquitto import Mosquitto
from harness.deadline import Deadline
def say(text):
    os.write(1, text.encode() + b"\\n")  # in one piece: two threads say something
broker = Mosquitto(Path(sys.argv[1]), on_log=lambda line: say(line.text))
# In a thread that ends: the broker's life must hang on the process, not on whoever started it.
starter = threading.Thread(target=broker.start, args=[Deadline.after(60)])
starter.start()
starter.join()
say("ready")
threading.Event().wait()
"""


class Victim:
    """A harness process with a broker, and a watch on the end of the broker and its keeper."""

    def __init__(self, program: Path, folder: Path, last_line: str) -> None:
        """Start it with `folder` for temporary files and wait until it says `last_line`."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", HARNESS, str(program)],
            stdout=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert self.process.stdout is not None
        self.said = BrokerLog()
        self._reader = threading.Thread(target=self.said.follow, args=(self.process.stdout,))
        self._reader.start()
        deadline = Deadline.after(20)
        line = self.said.wait(lambda text: KEPT.fullmatch(text) is not None, deadline)
        if line is None or not self.said.wait(lambda text: text == last_line, deadline):
            self.process.kill()
            pytest.fail(f"the broker did not get so far: {self.said.tail()}")
        broker = int(line.text.split()[-1])
        status = Path(f"/proc/{broker}/status").read_text()
        found = re.search(r"^PPid:\t(\d+)$", status, re.MULTILINE)
        assert found is not None
        self.pids = (broker, int(found[1]))
        self.watches = [os.pidfd_open(pid) for pid in self.pids]

    def is_all_gone(self) -> bool:
        """Wait until broker and keeper have ended, for 10 s each at most."""
        try:
            return all(select.select([watch], [], [], 10)[0] for watch in self.watches)
        finally:
            for watch in self.watches:
                os.close(watch)
            self.process.kill()
            self.process.wait(10)
            self._reader.join(10)


def test_killed_harness_leaves_no_process_and_no_file(mosquitto_path: Path, tmp_path: Path) -> None:
    victim = Victim(mosquitto_path, tmp_path, "ready")
    victim.process.kill()
    assert victim.is_all_gone()
    assert list(tmp_path.iterdir()) == []


def test_harness_killed_while_it_starts_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\necho it never gets ready\nexec sleep 1000\n")
    program.chmod(0o755)
    folder = tmp_path / "tmp"
    folder.mkdir()
    victim = Victim(program, folder, "it never gets ready")
    assert [path.name[:11] for path in folder.iterdir()] == ["hil-broker-"]
    victim.process.kill()
    assert victim.is_all_gone()
    assert list(folder.iterdir()) == []


def test_interrupted_terminal_reaches_the_harness_alone(
    mosquitto_path: Path, tmp_path: Path
) -> None:
    victim = Victim(mosquitto_path, tmp_path, "ready")
    sessions = {os.getsid(0), *(os.getsid(pid) for pid in victim.pids)}
    victim.process.send_signal(signal.SIGINT)
    victim.process.wait(10)
    assert victim.is_all_gone()
    assert len(sessions) == 3
    assert victim.process.returncode == -signal.SIGINT
    assert list(tmp_path.iterdir()) == []
