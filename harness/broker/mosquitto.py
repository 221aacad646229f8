"""A Mosquitto of our own: started, proven to be ours, listened to, and gone afterwards."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import final

from harness.broker.broker import BrokerAddress, Credentials
from harness.broker.client import MqttClient
from harness.broker.connection import ConnectionHistory, connection_history
from harness.broker.kept_process import FOLDER, KeptProcess
from harness.broker.log import BrokerLog, LogLine
from harness.broker.packet import LoggedPacket, packets
from harness.broker.port import PortReservation
from harness.broker.proof import prove_delivery
from harness.broker.settings import MosquittoSettings, configuration, password_file
from harness.deadline import Deadline
from harness.errors import BrokerError

#: A port that cannot be reserved (see `PortReservation`) may be taken in between; then another is.
START_ATTEMPTS = 5

_INSTALL = "apt-get install mosquitto, or name its path in HIL_MOSQUITTO"
_PORT_TAKEN = "Address already in use"


@final
class Mosquitto:
    """A private broker; see `harness.broker.broker.Broker` for the common part.

    `start` proves that it works by a message through it, and that the process which answers is
    this one by finding the connection in its own log. Its port stays reserved while it is stopped,
    so that clients are refused meanwhile and nobody else takes it.
    """

    def __init__(
        self,
        executable: Path,
        settings: MosquittoSettings | None = None,
        *,
        on_log: Callable[[LogLine], None] | None = None,
    ) -> None:
        """Describe a broker; nothing runs yet.

        Args:
            executable: Mosquitto 2.0 or newer, or a script that starts one.
            settings: What it is to be like.
            on_log: Called with each line of its log, in the thread that reads it.
        """
        self.settings = settings or MosquittoSettings()
        self.log = BrokerLog(on_log)
        self._executable = executable
        self._credentials = Credentials(f"hil-{secrets.token_hex(4)}", secrets.token_urlsafe(18))
        self._reservation: PortReservation | None = None
        self._tls_reservations: list[PortReservation] = []
        self._process: KeptProcess | None = None
        self._started_mark = 0
        self._version = ""

    # The common part of brokers.

    @property
    def address(self) -> BrokerAddress:
        """Where it listens; the port is known from the first `start` on."""
        port = self._reservation.port if self._reservation else self.settings.port
        return BrokerAddress(self.settings.bind_address, port)

    def tls_address(self, name: str) -> BrokerAddress:
        """Return where one of the settings' TLS listeners is; it must have been started."""
        names = [each.name for each in self.settings.tls]
        port = self._tls_reservations[names.index(name)].port
        return BrokerAddress(self.settings.bind_address, port)

    @property
    def credentials(self) -> Credentials:
        """The harness's own user, made up for this broker."""
        return self._credentials

    @property
    def version(self) -> str:
        """Mosquitto's version, such as ``2.0.11``, from its log; empty before the first start."""
        return self._version

    @property
    def capabilities(self) -> frozenset[str]:
        """It has a log and can be restarted."""
        return frozenset({"log", "restart"})

    @property
    def log_mark(self) -> int:
        """How many log lines there are: a point in time for `log_since`."""
        return self.log.mark

    def log_since(self, mark: int = 0) -> tuple[LogLine, ...]:
        """Return the log lines from `mark` on, oldest first; restarts do not clear the log."""
        return self.log.since(mark)

    def connections(self) -> ConnectionHistory:
        """Return all connections and refusals since the broker was made, the harness's too."""
        return connection_history(self.log.since())

    def packets(self, mark: int = 0) -> tuple[LoggedPacket, ...]:
        """Return the packets that the log tells of from line `mark` on, the harness's too."""
        return packets(self.log.since(mark))

    def wait_log(
        self, match: Callable[[str], bool], deadline: Deadline, *, mark: int = 0
    ) -> LogLine | None:
        """Wait for a log line; see `harness.broker.log.BrokerLog.wait`."""
        return self.log.wait(match, deadline, mark=mark)

    def sync_log(self, deadline: Deadline) -> None:
        """Wait until all that the broker did before this call is in the log.

        The log runs some 0.1 ms behind the packets. Mosquitto does one thing after the other, so it
        is complete when a connection that was made and ended now is in it.

        Raises:
            BrokerError: The broker is gone, or did not answer in time.
        """
        with self._probe(deadline):
            pass

    def check_alive(self) -> None:
        """Do nothing while the broker's process runs.

        Raises:
            BrokerError: It was not started, was stopped, or has ended by itself.
        """
        if self._process is None:
            raise BrokerError(
                "the broker is not running",
                on=f"{self._executable}",
                expected="a started broker",
                got="one that was not started, or was stopped",
            )
        if self.log.is_ended:
            raise self._failure("the broker has ended in the middle of the run", "a running broker")

    # Its life.

    @property
    def pid(self) -> int | None:
        """The broker's process while it is meant to run, else None."""
        return self._process.pid if self._process else None

    def start(self, deadline: Deadline) -> None:
        """Start it and wait until a message has gone through it. A restart keeps the port.

        A broker that runs is left as it is; one that has died must be stopped before.

        Raises:
            BrokerError: There is no Mosquitto, it does not start, or it does not answer in time.
        """
        if self._process is not None:
            self.check_alive()
            return
        if not self._executable.is_file() or not os.access(self._executable, os.X_OK):
            raise BrokerError(
                "cannot start a broker",
                on=str(self._executable),
                expected="the Mosquitto program",
                got="a file that cannot be run" if self._executable.exists() else "no such file",
                advice=_INSTALL,
            )
        try:
            for attempt in range(1, START_ATTEMPTS + 1):
                if self._launch(deadline, may_retry=attempt < START_ATTEMPTS):
                    break
            self._prove(deadline)
        except BaseException:
            self.close()
            raise

    def stop(self) -> None:
        """Stop it as an operator would (SIGTERM); its port stays ours. May be called twice.

        Raises:
            BrokerError: It did not end in time; it has been killed.
        """
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def close(self) -> None:
        """Stop it and give the port back. May be called twice.

        Raises:
            BrokerError: It did not end in time; it has been killed.
        """
        try:
            self.stop()
        finally:
            self._release_port()

    def __enter__(self) -> Mosquitto:
        """Return the broker itself, started or not."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def _launch(self, deadline: Deadline, *, may_retry: bool) -> bool:
        """Start the process and wait until it says that it runs; False when its port is taken."""
        if self._reservation is None:
            self._reservation = PortReservation(self.settings.bind_address, self.settings.port)
        while len(self._tls_reservations) < len(self.settings.tls):
            self._tls_reservations.append(PortReservation(self.settings.bind_address, 0))
        self._started_mark = self.log.mark
        files = {
            "users": password_file((self._credentials, *(self.settings.users or ()))),
            "mosquitto.conf": configuration(
                self.settings,
                port=self._reservation.port,
                users_path=f"{FOLDER}/users",
                is_root=os.geteuid() == 0,
                tls_ports=[each.port for each in self._tls_reservations],
            ),
        }
        command = [str(self._executable.absolute()), "-c", f"{FOLDER}/mosquitto.conf"]
        self._process = KeptProcess(command, files, self.log)
        line = self.log.wait(_is_running, deadline, mark=self._started_mark)
        if line is not None:
            self._process.forget_files()
            self._version = line.text.split()[2]
            return True
        is_taken = any(_PORT_TAKEN in each.text for each in self.log.since(self._started_mark))
        if is_taken and may_retry and self.settings.port == 0:
            self.close()
            return False
        raise self._failure("Mosquitto does not start", "'mosquitto version ... running'")

    def _prove(self, deadline: Deadline) -> None:
        """Send a message through the broker and find the connection in its log."""
        with self._probe(deadline) as client:
            prove_delivery(client, deadline)

    @contextmanager
    def _probe(self, deadline: Deadline) -> Iterator[MqttClient]:
        """Connect with an id that nobody else can have; find its coming and going in the log."""
        client_id = f"hil-probe-{secrets.token_hex(8)}"
        with MqttClient(self.address, self._credentials, client_id=client_id) as client:
            client.connect(deadline)
            if not self._has_logged(f" as {client_id} (", deadline):
                raise self._failure("another broker answers on our port", f"{client_id} in our log")
            yield client
        if not self._has_logged(f"Client {client_id} ", deadline):
            raise self._failure("the broker does not take a goodbye", f"the end of {client_id}")

    def _has_logged(self, part: str, deadline: Deadline) -> bool:
        line = self.log.wait(lambda text: part in text, deadline, mark=self._started_mark)
        return line is not None

    def _release_port(self) -> None:
        reservation, self._reservation = self._reservation, None
        if reservation is not None:
            reservation.close()
        while self._tls_reservations:
            self._tls_reservations.pop().close()

    def _failure(self, tried: str, expected: str) -> BrokerError:
        return BrokerError(
            tried,
            on=f"{self._executable} at {self.address.url}",
            expected=expected,
            got=self.log.tail(mark=self._started_mark),
            advice=f"{self._executable} -v shows whether it starts at all",
        )


def _is_running(text: str) -> bool:
    return text.startswith("mosquitto version ") and text.endswith(" running")
