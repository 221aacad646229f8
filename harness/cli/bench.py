"""Measure the harness and the MQTT client, beside their peers.

    hil bench overhead      what a test, a run and a command cost; about a minute
    hil bench deploy        pushing and reading files over a throttled line, beside mpremote,
                            mpytool and belay; three minutes
    hil bench client        our MQTT client beside umqtt.simple, umqtt.robust and a bare loop on a
                            socket: rates, latency, heap, size; three minutes
    hil bench features      what each feature of our MQTT client costs in bytes; ten seconds
    hil bench fuzz          our MQTT client against a broker that says anything, right and wrong, in
                            simulated time; a million packets take some minutes
    hil bench probe         what the probe costs on the board: nothing when it is not armed; 20 s

Ends with 1 when a limit is not met, with 10 when one could not be judged.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.benchmark import BENCHES
from harness.cli.target import add_json_argument, print_json, say, seconds
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.bench.row import Row

EXIT_NOT_MET, EXIT_BLOCKED = 1, 10

#: Bench -> the options that are its own, and no other's.
_OPTIONS = {
    "client": ("peer", "seconds", "long"),
    "fuzz": ("packets", "seed", "on", "only"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("what", choices=list(BENCHES), help="which bench")
    client = parser.add_argument_group("hil bench client")
    client.add_argument(
        "--peer",
        metavar="NAME=FOLDER",
        type=_peer,
        action="append",
        default=[],
        help="another client: a folder with mqtt.py, umqtt/robust.py or umqtt/simple.py",
    )
    client.add_argument(
        "--seconds",
        metavar="N",
        type=seconds,
        help="how long the timed measures take together, about (default: 60)",
    )
    client.add_argument(
        "--long",
        action="store_true",
        help="also publish 65,540 messages at QoS 1 and count them at the broker",
    )
    fuzz = parser.add_argument_group("hil bench fuzz")
    fuzz.add_argument(
        "--packets",
        metavar="N",
        type=_count,
        help="how many fuzzed packets the client has to parse up to their fault (default: 100,000)",
    )
    fuzz.add_argument(
        "--seed", metavar="S", type=int, help="of the stream of cases (default: made up, and told)"
    )
    fuzz.add_argument(
        "--on",
        choices=["cpython", "micropython"],
        help="the interpreter (default: cpython)",
    )
    fuzz.add_argument(
        "--only", metavar="INDEX", type=int, help="run this one case of the seed, and show it"
    )
    parser.add_argument(
        "--plot",
        metavar="FILE",
        type=Path,
        help="where the page with the bars goes (default: reports/bench-WHAT.html)",
    )
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    _check_options(args)
    outcome = BENCHES[args.what](args)
    from harness.bench.row import host

    machine = {**host(), **outcome.versions}
    _plot(args, outcome.rows, machine)
    if args.json:
        rows = [row.as_json() for row in outcome.rows]
        print_json({"rows": rows, **outcome.beside, "host": machine})
    else:
        _print_rows(outcome.rows)
        for text in outcome.missing:
            print(f"NOT MEASURED: {text}")
        for line in outcome.lines:
            print(line)
    if not all(row.ok for row in outcome.rows):
        return EXIT_NOT_MET
    return EXIT_BLOCKED if outcome.missing else 0


def _check_options(args: argparse.Namespace) -> None:
    """Refuse an option of another bench.

    Raises:
        ConfigError: One was given.
    """
    for bench, options in _OPTIONS.items():
        for name in options:
            given = getattr(args, name)
            if bench != args.what and given is not None and given is not False and given != []:
                raise ConfigError(
                    f"--{name} belongs to another bench",
                    on=f"hil bench {args.what}",
                    advice=f"hil bench {bench}",
                )


def _plot(args: argparse.Namespace, rows: list[Row], machine: dict[str, Any]) -> None:
    from harness.bench.plot import page

    path = args.plot or Path("reports", f"bench-{args.what}.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(f"hil bench {args.what}", rows, machine), "utf-8")
    say(f"plot: {path}")


def _print_rows(rows: Iterable[Row]) -> None:
    from harness.bench.plot import short

    for row in rows:
        peers = ", ".join(f"{name} {short(value)}" for name, value in row.peers.items())
        mark = "" if not row.limit else "ok" if row.ok else "NOT MET"
        line = f"{row.what:<52} {short(row.ours):>9} {row.unit:<6} {row.limit:<9} {mark:<8}{peers}"
        print(line.rstrip())


def _peer(text: str) -> tuple[str, Path]:
    name, equals, folder = text.partition("=")
    if not (name and equals and folder):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=FOLDER")
    return name, Path(folder)


def _count(text: str) -> int:
    number = int(text.replace(",", "").replace("_", ""))
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 or more")
    return number
