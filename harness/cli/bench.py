"""Measure the harness and the MQTT client, beside their peers.

    hil bench overhead      what a test, a run and a command cost; about a minute
    hil bench client        our MQTT client beside umqtt.simple, umqtt.robust and a bare loop on a
                            socket: rates, latency, heap, size; three minutes
    hil bench fuzz          our MQTT client against a broker that says anything, right and wrong, in
                            simulated time; a million packets take some minutes

Ends with 1 when a limit is not met, with 10 when one could not be judged.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import secrets
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

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
    parser.add_argument("what", choices=["overhead", "client", "fuzz"], help="which bench")
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
    add_json_argument(parser)


#: Bench -> the options that are its own, and no other's.
_OPTIONS = {
    "overhead": (),
    "client": ("peer", "seconds", "long"),
    "fuzz": ("packets", "seed", "on", "only"),
}


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    for bench, options in _OPTIONS.items():
        for name in options:
            given = getattr(args, name)
            is_given = given is not None and given is not False and given != []
            if bench != args.what and is_given:
                raise ConfigError(
                    f"--{name} belongs to another bench",
                    on=f"hil bench {args.what}",
                    advice=f"hil bench {bench}",
                )
    return {"overhead": _overhead, "client": _client, "fuzz": _fuzz}[args.what](args)


def _overhead(args: argparse.Namespace) -> int:
    from harness.bench import overhead
    from harness.bench.row import host

    rows = overhead.measure(say)
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


def _fuzz(args: argparse.Namespace) -> int:
    from harness import shipped
    from harness.bench import fuzz
    from harness.bench.fuzz_worker import cpython, micropython
    from harness.bench.row import host

    if args.only is not None and args.seed is None:
        raise ConfigError("a case belongs to a seed", on="--only", advice="--seed S --only INDEX")
    is_cpython = args.on != "micropython"
    bare = find_bare_interpreter(os.environ.get("HIL_MICROPYTHON", "")) if not is_cpython else None
    has_coverage = is_cpython and importlib.util.find_spec("coverage") is not None
    setup = fuzz.Setup(
        runtime=micropython(bare.command) if bare else cpython(),
        device_src=shipped.device_src().absolute(),
        packets=args.packets or 100_000,
        seed=secrets.randbelow(1 << 31) if args.seed is None else args.seed,
        tables=fuzz.packet_tables(shipped.fixtures() / "packets"),
        only=args.only,
        has_coverage=has_coverage,
    )
    say(f"seed {setup.seed}")
    result = fuzz.measure(setup, say)
    missing = []
    if is_cpython and not has_coverage:
        missing.append("branch coverage (there is no coverage.py; ./hil test brings it)")
    rows = result.rows(setup.runtime.name, setup.least_packets)
    if args.json:
        print_json(
            {
                "rows": [row.as_json() for row in rows],
                "missing": missing,
                "seed": setup.seed,
                "failures": [failure.as_json() for failure in result.failures],
                "shown": result.shown,
                "host": {**host(), setup.runtime.name: result.version},
            }
        )
    else:
        _print_rows(rows)
        for line in result.shown:
            print(line)
        for text in missing:
            print(f"NOT MEASURED: {text}")
        for failure in result.failures:
            print(f"\n{failure.fault}: {failure.text}")
            print("\n".join(failure.case.text()))
            again = f"--seed {setup.seed} --only {failure.case.index} --on {setup.runtime.name}"
            print(f"hil bench fuzz {again}")
    return 0 if all(row.ok for row in rows) else EXIT_NOT_MET


def _count(text: str) -> int:
    number = int(text.replace(",", "").replace("_", ""))
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 or more")
    return number


def _print_rows(rows: Iterable[Row]) -> None:
    for row in rows:
        peers = ", ".join(f"{name} {_short(value)}" for name, value in row.peers.items())
        mark = "" if not row.limit else "ok" if row.ok else "NOT MET"
        line = f"{row.what:<52} {_short(row.ours):>9} {row.unit:<6} {row.limit:<9} {mark:<8}{peers}"
        print(line.rstrip())


def _short(value: float) -> str:
    """Return a number with three digits that count, and without an exponent."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004


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
        return Interpreter((path,))
    return Interpreter((sys.executable, "-I", "-S", "-c", _WHEEL, str(module_folder())))
