"""Run one program on a board against a private broker, and show what it does.

The program is run as it is, not one character changed: the host names in it stand for the broker,
its Wi-Fi credentials for the lab's. Panel, LED and messages are shown as they change; it stops
after --for SECONDS, when --until holds, or with Ctrl-C, and what was seen is printed.

    hil play examples/thermometer.py --until panel:38
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from harness.cli.target import (
    add_board_argument,
    add_device_src_argument,
    add_json_argument,
    open_target,
    print_json,
)

if TYPE_CHECKING:
    from harness.broker.message import Delivery
    from harness.scenario.play import Played, Shown

BROKER_S = 15.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("program", type=Path, metavar="PROGRAM.py", help="the program to run")
    add_board_argument(parser)
    add_device_src_argument(parser)
    parser.add_argument(
        "--for", dest="for_s", type=float, default=30.0, metavar="SECONDS", help="default: 30"
    )
    parser.add_argument(
        "--until", metavar="CONDITION", help="panel:38, led:0,0,255 or topic:FILTER"
    )
    parser.add_argument(
        "--broker-interface",
        default=os.environ.get("HIL_BROKER_INTERFACE", ""),
        metavar="NAME",
        help="network interface on which a real board reaches this machine",
    )
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from harness.broker.client import MqttClient
    from harness.broker.mosquitto import Mosquitto
    from harness.broker.program import find_mosquitto
    from harness.deadline import Deadline
    from harness.errors import ConfigError
    from harness.scenario.dut import BoardUnderTest
    from harness.scenario.evidence import NoEvidence
    from harness.scenario.network import broker_settings, redirection
    from harness.scenario.play import Player, as_published, parse_until

    until = parse_until(args.until) if args.until else None
    try:
        source = args.program.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            "the program cannot be read", on=str(args.program), got=str(error)
        ) from error
    wifi_name = os.environ.get("HIL_WIFI_SSID")
    wifi = (wifi_name, os.environ.get("HIL_WIFI_PASSWORD", "")) if wifi_name else None
    players: list[Player] = []
    show = _Lines(sys.stdout if not args.json else sys.stderr)

    def heard(*_: object) -> None:
        for player in players:
            player.wake()

    with contextlib.ExitStack() as resources:
        opened = resources.enter_context(open_target(args, deploy=True, listener=heard))
        settings = broker_settings(opened.board, args.broker_interface, users=None)
        broker = Mosquitto(find_mosquitto(os.environ.get("HIL_MOSQUITTO")), settings)
        resources.callback(broker.close)
        broker.start(Deadline.after(BROKER_S))
        client = MqttClient(broker.address, broker.credentials, observer=_Bell(heard))
        client.connect(Deadline.after(BROKER_S))
        resources.callback(client.disconnect)
        mark = broker.log_mark
        inbox = client.subscribe("#", Deadline.after(BROKER_S), qos=2)
        dut = BoardUnderTest(
            opened.board, NoEvidence(), lambda board: redirection(board, broker, wifi)
        )
        opened.board.repl.places["<stdin>"] = str(args.program)
        player = Player(dut, inbox)
        players.append(player)
        played = player.play(source, args.for_s, until, show)
        played.messages = as_published(played.messages, broker.log_since(mark))
    if args.json:
        print_json(played.as_json())
    else:
        _print_end(played)
    if played.ended == "exception":
        return 1
    return 0 if until is None or played.ended == "until" else 1


class _Bell:
    """Wakes the player for each message; an observer of the harness's client."""

    def __init__(self, heard: Callable[..., None]) -> None:
        self._heard = heard

    def sent(self, _client_id: str, _delivery: Delivery) -> None:
        """Pass over what the harness sends: nothing, here."""

    def received(self, _client_id: str, _delivery: Delivery) -> None:
        self._heard()


class _Lines:
    """Says what is new, a line each."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = self._messages = self._text = 0

    def __call__(self, played: Played) -> None:
        for change in played.shown[self._shown :]:
            if change.source == "bench" or change.led is not None:
                self._say(change.at_s, change.source, _describe(change))
        for at_s, message in played.messages[self._messages :]:
            self._say(at_s, "mqtt", str(message))
        new = played.output[self._text :]
        whole = new[: new.rfind("\n") + 1]
        for line in whole.splitlines():
            self._say(None, "output", line)
        self._shown, self._messages = len(played.shown), len(played.messages)
        self._text += len(whole)

    def _say(self, at_s: float | None, source: str, text: str) -> None:
        stamp = f"{at_s:8.3f}" if at_s is not None else " " * 8
        print(f"{stamp} {source:<9} {text}", file=self._stream, flush=True)


def _describe(change: Shown) -> str:
    if change.led is not None:
        return f"LED {change.led}"
    return f"panel {(change.columns or b'').hex()}"


def _print_end(played: Played) -> None:
    for each in played.snapshots:
        print(f"{each.source}: LED {each.led}")
        print("\n".join(f"  {row}" for row in each.pixels))
    print(f"{len(played.messages)} messages; ended by {played.ended}")
