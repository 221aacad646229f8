"""Power switches: what each driver sends, and that a switch which fails says so."""

from __future__ import annotations

import http.server
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest

from harness.deadline import Deadline
from harness.lab.dut import PowerSettings
from harness.lab.power import Switch, SwitchFailed
from harness.wire.mqtt_packet import ConnAck, Connect, Disconnect, Publish, SubAck, Subscribe
from harness.wire.mqtt_stream import PacketStream


def soon() -> Deadline:
    return Deadline.after(10.0)


def switch(driver: str, off_s: float = 0.0, **options: object) -> Switch:
    return Switch(PowerSettings(driver, options, off_s), "c1")


def cycle(power: Switch) -> None:
    power.off(soon())
    power.on(soon())


@pytest.fixture
def recorder(tmp_path: Path) -> tuple[str, Path]:
    """A program that records its arguments, and where."""
    log, program = tmp_path / "log", tmp_path / "program"
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"open({str(log)!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n"
    )
    program.chmod(0o755)
    return str(program), log


def calls(log: Path) -> list[list[str]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_uhubctl_gets_hub_and_port(recorder: tuple[str, Path]) -> None:
    program, log = recorder
    cycle(switch("uhubctl", hub="1-1", hub_port=2, program=program))
    assert calls(log) == [
        ["-l", "1-1", "-p", "2", "-a", "off", "-w", "0"],
        ["-l", "1-1", "-p", "2", "-a", "on", "-w", "0"],
    ]


def test_command_is_a_line_or_a_list_of_words_and_no_shell(recorder: tuple[str, Path]) -> None:
    program, log = recorder
    cycle(switch("command", off=f"{program} 'port 3' off; true", on=[program, "port 3", "$HOME"]))
    assert calls(log) == [["port 3", "off;", "true"], ["port 3", "$HOME"]]


def test_gpio_line_is_written(tmp_path: Path) -> None:
    line = tmp_path / "value"
    power = switch("gpio", path=str(line), on="0", off="1")
    power.off(soon())
    assert line.read_text() == "1\n"
    power.on(soon())
    assert line.read_text() == "0\n"


def test_supply_is_away_for_as_long_as_the_board_needs(tmp_path: Path) -> None:
    power = switch("gpio", off_s=0.3, path=str(tmp_path / "value"))
    started_s = time.monotonic()
    cycle(power)
    assert time.monotonic() - started_s >= 0.3
    assert power.off_s == 0.3


class Plug(http.server.BaseHTTPRequestHandler):
    """A Tasmota plug's web server, or one that obeys nobody."""

    orders: list[str] = []  # noqa: RUF012 (the class is made anew for each test)
    is_stubborn = False

    def do_GET(self) -> None:
        """Obey, and tell the state."""
        (order,) = parse_qs(urlparse(self.path).query)["cmnd"]
        self.orders.append(order)
        state = "OFF" if self.is_stubborn else order.split()[1].upper()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"POWER": state}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def plug() -> Iterator[tuple[type[Plug], str]]:
    handler = type("OnePlug", (Plug,), {"orders": []})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield handler, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_tasmota_plug_gets_its_orders_over_http(plug: tuple[type[Plug], str]) -> None:
    handler, url = plug
    cycle(switch("tasmota", url=url))
    cycle(switch("tasmota", url=url, relay=3))
    assert handler.orders == ["Power1 Off", "Power1 On", "Power3 Off", "Power3 On"]


def test_plug_that_does_not_obey_is_told(plug: tuple[type[Plug], str]) -> None:
    handler, url = plug
    handler.is_stubborn = True
    power = switch("tasmota", url=url)
    power.off(soon())
    with pytest.raises(SwitchFailed, match="could not be set to on") as caught:
        power.on(soon())
    assert "'POWER': 'OFF'" in caught.value.got


class MqttPlug:
    """A broker and a Tasmota plug behind it, in one: answers an order with the plug's state."""

    def __init__(self, topic: str, *, obeys: bool = True) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.orders: list[tuple[str, bytes]] = []
        self._topic, self._obeys = topic, obeys
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """Stop; a client that waits sees the end of its connection."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                self._talk(client)

    def _talk(self, client: socket.socket) -> None:
        stream = PacketStream()
        while data := client.recv(4096):
            for packet in stream.receive(data):
                if isinstance(packet, Connect):
                    client.sendall(ConnAck().encode())
                elif isinstance(packet, Subscribe):
                    client.sendall(SubAck(packet.packet_id, (0,)).encode())
                elif isinstance(packet, Publish):
                    self.orders.append((packet.topic, packet.payload))
                    if not self._obeys:
                        return
                    client.sendall(Publish(self._topic, packet.payload).encode())
                elif isinstance(packet, Disconnect):
                    return


@pytest.mark.parametrize(
    ("told", "relay"),
    [("stat/p7/POWER", 1), ("stat/p7/POWER1", 1), ("stat/p7/POWER2", 2)],
)
def test_tasmota_plug_gets_its_orders_over_mqtt_and_its_state_is_awaited(
    told: str, relay: int
) -> None:
    plug = MqttPlug(told)
    cycle(switch("tasmota-mqtt", broker=plug.address, topic="p7", relay=relay))
    plug.close()
    assert plug.orders == [(f"cmnd/p7/POWER{relay}", b"OFF"), (f"cmnd/p7/POWER{relay}", b"ON")]


def test_plug_that_tells_no_state_is_told() -> None:
    plug = MqttPlug("stat/p7/POWER", obeys=False)
    with pytest.raises(SwitchFailed) as caught:
        switch("tasmota-mqtt", broker=plug.address, topic="p7").off(soon())
    plug.close()
    assert "closed the connection" in caught.value.got


@pytest.mark.parametrize(
    ("driver", "options", "said"),
    [
        ("command", {"off": "/absent/program", "on": ""}, "No such file"),
        ("command", {"off": [sys.executable, "-c", "exit('dead hub')"]}, "dead hub"),
        ("gpio", {"path": "/absent/value"}, "No such file"),
        ("tasmota", {"url": "ftp://plug"}, "no http address"),
        ("tasmota", {"url": "http://127.0.0.1:1"}, "refused"),
        ("tasmota-mqtt", {"broker": "127.0.0.1:1", "topic": "x"}, "refused"),
    ],
)
def test_switch_that_fails_says_why_and_what_to_type(
    driver: str, options: dict[str, object], said: str
) -> None:
    with pytest.raises(SwitchFailed, match="could not be set to off") as caught:
        Switch(PowerSettings(driver, options), "c1").off(soon())
    assert said in caught.value.got
    assert caught.value.advice == "hil doctor --board c1"


def test_switch_that_hangs_is_given_up(tmp_path: Path) -> None:
    program = tmp_path / "hangs"
    program.write_text("#!/bin/sh\nexec sleep 1000\n")
    program.chmod(0o755)
    with pytest.raises(SwitchFailed) as caught:
        switch("command", off=str(program)).off(Deadline.after(0.1))
    assert "timed out" in caught.value.got
