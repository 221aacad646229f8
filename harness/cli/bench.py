"""Measure the harness and the MQTT client, beside their peers.

    hil bench overhead      what a test, a run and a command cost; about a minute
    hil bench client        our MQTT client beside umqtt.simple, umqtt.robust and a bare loop on a
                            socket: rates, latency, heap, size; three minutes
    hil bench features      what each feature of our MQTT client costs in bytes; ten seconds
    hil bench probe         what the probe costs on the board: nothing when it is not armed; 20 s

Ends with 1 when a limit is not met, with 10 when one could not be judged.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.target import add_json_argument, print_json, say, seconds
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.bench.client_worker import Interpreter
    from harness.bench.row import Row

EXIT_NOT_MET, EXIT_BLOCKED = 1, 10

#: Becomes the interpreter of the wheel, whose folder is the first argument.
_WHEEL = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); import micropython_run;"
    "sys.exit(micropython_run.run_main(['micropython', *sys.argv[1:]]))"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "what", choices=["overhead", "client", "features", "probe"], help="which bench"
    )
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
    parser.add_argument(
        "--plot",
        metavar="FILE",
        type=Path,
        help="where the page with the bars goes (default: reports/bench-WHAT.html)",
    )
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    if args.what == "client":
        return _client(args)
    if args.peer or args.seconds or args.long:
        raise ConfigError(
            "--peer, --seconds and --long belong to another bench",
            on=f"hil bench {args.what}",
            advice="hil bench client",
        )
    return _rows(args)


def _rows(args: argparse.Namespace) -> int:
    from harness import shipped
    from harness.bench import feature_cost, overhead, probe
    from harness.bench.row import host

    if args.what == "features":
        interpreter = find_bare_interpreter(os.environ.get("HIL_MICROPYTHON", ""))
        rows = feature_cost.measure(interpreter, shipped.device_src(), say)
    elif args.what == "probe":
        rows = probe.measure(say)
    else:
        rows = overhead.measure(say)
    _plot(args, rows, host())
    if args.json:
        print_json({"rows": [row.as_json() for row in rows], "host": host()})
    else:
        _print_rows(rows)
    return 0 if all(row.ok for row in rows) else EXIT_NOT_MET


def _client(args: argparse.Namespace) -> int:
    from harness import shipped
    from harness.bench import client
    from harness.bench.row import host
    from harness.broker.program import find_mosquitto

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "codey-hil"
    setup = client.Setup(
        interpreter=find_bare_interpreter(os.environ.get("HIL_MICROPYTHON", "")),
        mosquitto=find_mosquitto(os.environ.get("HIL_MOSQUITTO")),
        device_src=shipped.device_src(),
        cache=cache / "client",
        peers=dict(args.peer),
        seconds=args.seconds or 60,
        is_long=args.long,
    )
    result = client.measure(setup, say)
    _plot(args, result.rows, {**host(), **result.versions})
    if args.json:
        print_json(
            {
                "rows": [row.as_json() for row in result.rows],
                "missing": result.missing,
                "clients": result.clients,
                "host": {**host(), **result.versions},
            }
        )
    else:
        _print_rows(result.rows)
        for text in result.missing:
            print(f"NOT MEASURED: {text}")
        for each in result.clients:
            for file, digest in each["files"].items():
                print(f"{each['name']:<13} {file:<16} {digest} {each['package']}")
    if not all(row.ok for row in result.rows):
        return EXIT_NOT_MET
    return EXIT_BLOCKED if result.missing else 0


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


def find_bare_interpreter(path: str) -> Interpreter:
    """Return how the interpreter of virtual boards is started without their models.

    Args:
        path: Of an executable to use in place of the wheel; empty for the wheel.

    Raises:
        InterpreterUnsuitable: There is none.
    """
    from harness.bench.client_worker import Interpreter
    from harness.virtual.interpreter import find_interpreter, module_folder

    find_interpreter(path)
    if path:
        return Interpreter((str(Path(path).absolute()),))
    return Interpreter((sys.executable, "-I", "-S", "-c", _WHEEL, str(module_folder())))
