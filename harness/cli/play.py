"""Run one program on a board against a private broker, and show what it does.

The program is run as it is, not one character changed: the host names in it stand for the broker,
its Wi-Fi credentials for the lab's. Panel, LED and messages are shown as they change; it stops
after --for SECONDS, when --until holds, or with Ctrl-C, and what was seen is printed.

    hil play fixtures/programs/page_example.py --until panel:38
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
    say,
    seconds,
)

if TYPE_CHECKING:
    from harness.broker.message import Delivery
    from harness.scenario.play import Played, Shown

BROKER_S = 15.0
INTERRUPTED = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("program", type=Path, metavar="PROGRAM.py", help="the program to run")
    add_board_argument(parser)
    add_device_src_argument(parser)
    parser.add_argument(
        "--for", dest="for_s", type=seconds, default=30.0, metavar="SECONDS", help="default: 30"
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
    stream = sys.stderr if args.json else sys.stdout
    show = _Live(stream) if stream.isatty() else _Lines(stream)

    def heard(*_: object) -> None:
        for player in players:
            player.wake()

    with contextlib.ExitStack() as resources:
        resources.callback(show.close)
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
    if played.ended == "interrupted":
        say("hil play: interrupted")
        return INTERRUPTED
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
    """Says what is new, a line each; a picture takes two, in Braille."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = self._messages = self._text = 0

    def close(self) -> None:
        """Leave everything as it is."""

    def __call__(self, played: Played) -> None:
        for text in self.news(played):
            print(text, file=self._stream, flush=True)

    def describe(self, change: Shown) -> list[str]:
        """Return a change as lines of text."""
        return _describe(change)

    def _changes(self, played: Played) -> list[Shown]:
        """The changes by the best source there is: the bench saw what the others only say."""
        seen = [change for change in played.shown if change.source == "bench"]
        return seen or played.shown

    def news(self, played: Played) -> list[str]:
        """Return a line for each change, message and printed line since the last call."""
        lines = []
        for change in self._changes(played)[self._shown :]:
            stamp = f"{change.at_s:8.3f} {change.source:<9}"
            lines += [f"{stamp} {text}" for text in self.describe(change)]
        for at_s, message in played.messages[self._messages :]:
            lines.append(f"{at_s:8.3f} mqtt      {message}")
        new = played.output[self._text :]
        whole = new[: new.rfind("\n") + 1]
        lines += [f"{'':8} output    {line}" for line in whole.splitlines()]
        self._shown, self._messages = len(self._changes(played)), len(played.messages)
        self._text += len(whole)
        return lines


class _Live(_Lines):
    """Draws panel and LED in place on a terminal, the news above them."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        from rich.console import Console
        from rich.live import Live

        self._console = Console(file=stream)
        self._live = Live(console=self._console, auto_refresh=False)
        self._live.start()
        self._columns = bytes(16)
        self._led = (0, 0, 0)

    def describe(self, change: Shown) -> list[str]:
        """Return nothing for a picture: it is drawn."""
        return _describe(change) if change.led is not None else []

    def __call__(self, played: Played) -> None:
        from harness.cli.virtual import draw
        from harness.link.rig import BenchState

        for change in self._changes(played)[self._shown :]:
            self._columns = change.columns if change.columns is not None else self._columns
            self._led = change.led or self._led
        for text in self.news(played):
            self._console.print(text, markup=False, highlight=False)
        self._live.update(draw(BenchState(0.0, self._columns, self._led)), refresh=True)

    def close(self) -> None:
        """Leave the last drawing on the terminal."""
        self._live.stop()


#: Braille dots of a cell of 2 columns and 4 rows: the bit for each row, left and right.
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def _describe(change: Shown) -> list[str]:
    if change.led is not None:
        return [f"LED {change.led}"]
    columns = change.columns or b""
    lines = []
    for top in (0, 4):
        cells = []
        for left in range(0, len(columns), 2):
            dots = sum(
                DOTS[row][side]
                for row in range(4)
                for side in range(2)
                if columns[left + side] & (0x80 >> (top + row))
            )
            cells.append(chr(0x2800 + dots))
        lines.append(f"panel |{''.join(cells)}|")
    return lines


def _print_end(played: Played) -> None:
    for each in played.snapshots:
        print(f"{each.source}: LED {each.led}")
        print("\n".join(f"  {row}" for row in each.pixels))
    print(f"{len(played.messages)} messages; ended by {played.ended}")
