"""Brokers that a test gets for itself, in the place of the run's broker."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from harness import shipped
from harness.board.board import Board
from harness.broker.mosquitto import Mosquitto
from harness.broker.program import find_mosquitto
from harness.broker.scripted import ScriptedBroker
from harness.broker.settings import TlsListener
from harness.deadline import Deadline
from harness.pytest_plugin.evidence import RunEvidence
from harness.pytest_plugin.option import Settings
from harness.scenario.dut import BoardUnderTest, Redirection
from harness.scenario.network import broker_settings, reachable_address, redirection

BROKER_S = 15.0


class LentBrokers:
    """Lends brokers to tests. Meanwhile the host names in a board's programs stand for them.

    Attributes:
        scripted: The scripted broker that a test has now; None when none has one.
    """

    def __init__(
        self, settings: Settings, evidence: RunEvidence, usual: Callable[[Board], Redirection]
    ) -> None:
        """Lend nothing yet.

        Args:
            settings: The options in force.
            evidence: Where the brokers' logs go.
            usual: What host names stand for otherwise.
        """
        self.scripted: ScriptedBroker | None = None
        self._settings = settings
        self._evidence = evidence
        self._usual = usual

    @contextlib.contextmanager
    def scripted_broker(self, dut: BoardUnderTest) -> Iterator[ScriptedBroker]:
        """Lend a scripted broker of its own to a test, in the place of the run's broker.

        Args:
            dut: The board for whose programs any host name is this broker meanwhile.
        """
        host = reachable_address(dut.board, self._settings.broker_interface)
        with ScriptedBroker(host=host) as broker:
            self.scripted = broker
            wifi = self._settings.wifi
            try:
                with self._redirected(dut, lambda board: redirection(board, broker, wifi)):
                    yield broker
            finally:
                self.scripted = None
                for packet in broker.packets():
                    self._evidence.write("broker.log", line=str(packet), at_s=packet.at_s)

    @contextlib.contextmanager
    def tls_broker(self, dut: BoardUnderTest) -> Iterator[Mosquitto]:
        """Lend a broker that speaks TLS to a test, in the place of the run's broker.

        Its certificates are those of ``fixtures/tls``. What a host name in a program stands for:
        ``expired.lab`` for a port whose certificate for that name is over, ``client.lab`` for one
        that wants a certificate of the client, ``plain.lab`` for the port without TLS, any other
        one for the port whose certificate is for ``broker.lab``.

        Args:
            dut: The board whose programs find it.
        """
        folder = shipped.fixtures() / "tls"
        listeners = (
            TlsListener("*", folder / "broker.pem"),
            TlsListener("expired.lab", folder / "expired.pem"),
            TlsListener("client.lab", folder / "broker.pem", folder / "ca.pem"),
        )
        network = dut.board.rig.network or self._settings.wifi
        with self.own_mosquitto(dut, tls=listeners) as broker:
            places = {each.name: broker.tls_address(each.name) for each in listeners}
            places["plain.lab"] = broker.address
            hosts = {name: (place.host, place.port) for name, place in places.items()}
            with self._redirected(dut, lambda _board: Redirection(hosts, network)):
                yield broker

    @contextlib.contextmanager
    def own_mosquitto(self, dut: BoardUnderTest, **settings: Any) -> Iterator[Mosquitto]:
        """Lend a Mosquitto of its own to a test, in the place of the run's broker, started.

        Args:
            dut: The board for whose programs any host name is this broker meanwhile.
            **settings: Of `MosquittoSettings`, what is to differ from the run's broker.
        """
        with Mosquitto(
            find_mosquitto(self._settings.mosquitto),
            broker_settings(dut.board, self._settings.broker_interface, **settings),
            on_log=lambda line: self._evidence.write("broker.log", line=line.text, at_s=line.at_s),
        ) as broker:
            broker.start(Deadline.after(BROKER_S))
            wifi = self._settings.wifi
            with self._redirected(dut, lambda board: redirection(board, broker, wifi)):
                yield broker

    @contextlib.contextmanager
    def _redirected(
        self, dut: BoardUnderTest, other: Callable[[Board], Redirection]
    ) -> Iterator[None]:
        """Have host names on a board stand for something else than the run's broker."""
        dut.redirect(other)
        try:
            yield
        finally:
            dut.redirect(self._usual)
