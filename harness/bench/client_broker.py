"""A private Mosquitto for measuring: open to all, no queue limit, no line of log for each packet.

The harness's own broker logs every packet, which a thread of ours then reads: on two cores that
halves the rates, of the fastest clients most.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.broker.broker import BrokerAddress
from harness.broker.kept_process import FOLDER, KeptProcess
from harness.broker.log import BrokerLog
from harness.broker.port import PortReservation
from harness.broker.settings import MosquittoSettings, configuration
from harness.deadline import Deadline
from harness.errors import BrokerError

_SETTINGS = MosquittoSettings(users=None, max_queued_messages=0)
_QUIET = "".join(f"log_type {kind}\n" for kind in ("error", "warning", "notice", "information"))

#: The highest of the ordinary priorities, as `nice` counts them.
_FIRST = -20


@dataclass(frozen=True)
class QuietBroker:
    """A broker that runs.

    Attributes:
        address: Where it listens.
        version: What it calls itself.
    """

    address: BrokerAddress
    version: str


@contextlib.contextmanager
def one_core() -> Iterator[str]:
    """Keep this thread, and all processes that it starts, on one core, where the system can.

    Where we may (as root), they also come before what else runs on that core: with seven busy
    processes beside, the ratio of two clients was 0.7 in one run and 1.4 in the next.

    Yields:
        The core's number; ``any`` on a system that cannot.
    """
    if sys.platform != "linux":
        yield "any"
        return
    before = os.sched_getaffinity(0)
    priority = os.getpriority(os.PRIO_PROCESS, 0)
    core = max(before)
    os.sched_setaffinity(0, {core})
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, _FIRST)
    try:
        yield str(core)
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, priority)
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def quiet_mosquitto(executable: Path, deadline: Deadline) -> Iterator[QuietBroker]:
    """Run a Mosquitto on a port of its own.

    Args:
        executable: Mosquitto 2.0 or newer, or a script that starts one.
        deadline: By when it must run.

    Raises:
        BrokerError: It does not start.
    """
    reservation = PortReservation(_SETTINGS.bind_address, 0)
    try:
        text = configuration(
            _SETTINGS, port=reservation.port, users_path="", is_root=os.geteuid() == 0
        ).replace("log_type all\n", _QUIET)
        log = BrokerLog()
        command = [str(executable.absolute()), "-c", f"{FOLDER}/mosquitto.conf"]
        process = KeptProcess(command, {"mosquitto.conf": text}, log)
        try:
            line = log.wait(lambda each: each.endswith(" running"), deadline)
            if line is None:
                raise BrokerError(
                    "Mosquitto does not start for the bench",
                    on=str(executable),
                    expected="'mosquitto version ... running'",
                    got=log.tail(),
                )
            address = BrokerAddress(_SETTINGS.bind_address, reservation.port)
            yield QuietBroker(address, line.text.split()[2])
        finally:
            process.end()
    finally:
        reservation.close()
