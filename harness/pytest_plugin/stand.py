"""What one run holds open: boards, broker, the harness's client; each made when first needed."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import TypeVar

from harness.board.board import Board
from harness.board.deployer import DeployResult
from harness.board.manifest import Manifest
from harness.board.recovery import BoardLost, RungResult
from harness.broker.broker import Broker
from harness.broker.client import MqttClient
from harness.broker.external import ExternalBroker
from harness.broker.mosquitto import Mosquitto
from harness.broker.program import find_mosquitto
from harness.deadline import Deadline
from harness.errors import BrokerError, ConfigError, HarnessError, LinkError
from harness.lab.admission import Admission
from harness.lab.dut import Dut
from harness.lab.opened import OpenedBoard
from harness.pytest_plugin.evidence import ExecEvidence, RunEvidence
from harness.pytest_plugin.lent_broker import LentBrokers
from harness.pytest_plugin.option import Settings
from harness.scenario.dut import BoardUnderTest, Redirection
from harness.scenario.messenger import EvidenceObserver, Messenger
from harness.scenario.network import broker_settings, redirection

BROKER_S = 15.0

#: A broker that works answers a new client within milliseconds.
BROKER_FAULT_S = 3.0

#: The board's own loopback, where nobody listens.
NOWHERE = ("127.0.0.1", 1)

T = TypeVar("T")


class Stand:
    """The rig of one run.

    A part that cannot be had raises the same error each time that it is asked for, without being
    tried again: a dead board costs the run its time-out once.
    """

    def __init__(
        self,
        settings: Settings,
        asked: list[Dut],
        manifest: Manifest,
        evidence: RunEvidence,
        admission: Admission,
    ) -> None:
        """Open nothing yet.

        Args:
            settings: The options in force.
            asked: The boards that were asked for.
            manifest: What is pushed to them.
            evidence: Where everything is written.
            admission: How they are opened.
        """
        self.settings = settings
        self.asked = asked
        self.manifest = manifest
        self._evidence = evidence
        self._admission = admission
        self._opened: dict[int, OpenedBoard] = {}
        self._resources = contextlib.ExitStack()
        self._duts: dict[int, BoardUnderTest] = {}
        #: All boards that were opened in this run, also after `close`.
        self.seen: list[OpenedBoard] = []
        self._errors: dict[str, HarnessError] = {}
        self._broker: Broker | None = None
        self._messenger: Messenger | None = None
        #: Brokers that tests get for themselves.
        self.lent = LentBrokers(settings, evidence, self.redirection)

    def dut(self, index: int) -> BoardUnderTest:
        """Return the board with this index among those that were asked for, deployed.

        Raises:
            HarnessError: It cannot be had; the same error each time.
        """
        if index not in self._duts:
            name = self.asked[index].name
            self._duts[index] = self._once(name, lambda: self._open(index))
        return self._duts[index]

    @property
    def broker(self) -> Broker:
        """The broker of this run.

        Raises:
            HarnessError: It cannot be had; the same error each time.
        """
        if self._broker is None:
            self._broker = self._once("broker", self._start_broker)
        return self._broker

    @property
    def messenger(self) -> Messenger:
        """The harness's own client, connected.

        Raises:
            HarnessError: It cannot be had; the same error each time.
        """
        if self._messenger is None:
            self._messenger = self._once("client", self._connect)
        return self._messenger

    def redirection(self, board: Board) -> Redirection:
        """Return what a program's host names and Wi-Fi credentials stand for on a board."""
        try:
            broker = self.broker
        except BrokerError:
            # What needs no broker goes on; what does is refused, and `broker_fault` tells why.
            return Redirection({"*": NOWHERE}, board.rig.network or self.settings.wifi)
        return redirection(board, broker, self.settings.wifi)

    def recover(self, index: int, error: LinkError) -> None:
        """Bring a board back that does not answer, or give it up.

        Raises:
            HarnessError: It is lost: each later `dut` raises this too, since a board that is dead
                must cost the run its time-out once, and the board is set aside.
        """
        dut, opened = self.asked[index], self._opened[index]
        try:
            opened.recover(
                error,
                self.manifest,
                functools.partial(self._note_rung, dut.name),
                self._admission.firmware_writer(dut),
            )
        except HarnessError as lost:
            self._errors[dut.name] = lost
            self._duts.pop(index, None)
            if isinstance(lost, BoardLost):
                self._admission.set_aside(dut, lost)
            raise

    def _note_rung(self, board: str, rung: RungResult) -> None:
        self._evidence.write(
            "step",
            board=board,
            name=f"recovery: {rung.rung}",
            ok=rung.is_back,
            seconds=round(rung.seconds, 3),
            detail=rung.detail,
        )

    def broker_fault(self) -> HarnessError | None:
        """Return what is wrong with the broker; None when it works, or was stopped on purpose.

        A test that was lent a broker of its own has that one, whatever became of the run's.
        """
        if self.lent.scripted is not None:
            try:
                self.lent.scripted.check_alive()
            except BrokerError as error:
                return error
            return None
        broker = self._broker
        if broker is None:
            return self._errors.get("broker")
        if isinstance(broker, Mosquitto) and broker.pid is None:
            return None
        try:
            broker.check_alive()
            # Its process may have died so lately that nobody has noticed yet.
            broker.sync_log(Deadline.after(BROKER_FAULT_S))
        except HarnessError as error:
            return error
        return None

    def close(self) -> None:
        """Give everything back. May be called twice."""
        self._resources.close()
        for index, opened in self._opened.items():
            if opened.board.name not in self._errors:
                self._admission.worked(self.asked[index])
        self._opened.clear()
        self._duts.clear()
        self._broker = self._messenger = None

    def _once(self, name: str, make: Callable[[], T]) -> T:
        """Make a part, or raise what making it raised the first time."""
        if name in self._errors:
            # Without the lines of the test that met it first.
            raise self._errors[name].with_traceback(None)
        try:
            return make()
        except HarnessError as error:
            self._errors[name] = error
            raise

    def _open(self, index: int) -> BoardUnderTest:
        evidence, dut = self._evidence, self.asked[index]
        opened = self._admission.open(
            dut,
            observer=ExecEvidence(dut.name, evidence),
            listener=functools.partial(evidence.serial, dut.name),
            recovered=functools.partial(self._note_rung, dut.name),
        )
        self._resources.callback(opened.close)
        self._opened[index] = opened
        self.seen.append(opened)
        if opened.board.rig.network is not None:
            evidence.journal.add_secret(opened.board.rig.network[1])
        self._note_board(opened)
        self._require_time_scale(opened)
        result = self._deploy(index, opened)
        evidence.write("board.deploy", board=dut.name, **result.as_json())
        return BoardUnderTest(
            opened.board,
            evidence,
            self.redirection,
            has_records="commanded" in self.settings.sources,
        )

    def _deploy(self, index: int, opened: OpenedBoard) -> DeployResult:
        """Push the device code; a board that is lost meanwhile is brought back, once."""
        try:
            return opened.deploy(self.manifest)
        except LinkError as error:
            self.recover(index, error)
            return opened.deploy(self.manifest)

    def _note_board(self, opened: OpenedBoard) -> None:
        rig, profile = opened.board.rig, opened.board.profile
        self._evidence.write(
            "board.open",
            board=opened.board.name,
            board_kind=rig.kind,
            id=opened.identity.id,
            firmware=opened.identity.firmware,
            machine=opened.identity.machine,
            port=rig.port,
            profile=profile.name,
            unverified=list(profile.unverified),
            time_scale=rig.time_scale,
        )

    def _require_time_scale(self, opened: OpenedBoard) -> None:
        """Refuse to run at another speed than the one that was asked for."""
        asked, found = self.settings.time_scale, opened.board.rig.time_scale
        if asked not in (1, found):
            raise ConfigError(
                "the board's time cannot be made faster from here",
                on=opened.board.name,
                expected=f"a board whose time passes {asked} times as fast",
                got=f"one whose time passes {found} times as fast" if found != 1 else "real time",
                advice=f"--hil-board virtual, or hil virtual --time-scale {asked}",
            )

    def _start_broker(self) -> Broker:
        if self.settings.broker != "auto":
            external = ExternalBroker(self.settings.broker)
            self._resources.callback(external.close)
            external.open(Deadline.after(BROKER_S))
            self._note_broker(external)
            return external
        first = self.dut(0).board
        program = find_mosquitto(self.settings.mosquitto)
        broker = Mosquitto(
            program,
            broker_settings(first, self.settings.broker_interface),
            on_log=lambda line: self._evidence.write("broker.log", line=line.text, at_s=line.at_s),
        )
        self._resources.callback(broker.close)
        broker.start(Deadline.after(BROKER_S))
        self._note_broker(broker)
        return broker

    def _note_broker(self, broker: Broker) -> None:
        self._evidence.write(
            "broker.start",
            version=broker.version,
            host=broker.address.host,
            port=broker.address.port,
        )

    def _connect(self) -> Messenger:
        client = MqttClient(
            self.broker.address,
            self.broker.credentials,
            client_id=None,
            observer=EvidenceObserver(self._evidence),
        )
        client.connect(Deadline.after(BROKER_S))
        self._resources.callback(client.disconnect)
        return Messenger(client, self._evidence)
