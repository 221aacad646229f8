"""The benches of `hil bench`: each sets up what it measures, and returns what is to be shown."""

from __future__ import annotations

import argparse
import importlib.util
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import shipped
from harness.cli.target import say
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.bench.client_worker import Interpreter
    from harness.bench.row import Row

#: Becomes the interpreter of the wheel, whose folder is the first argument.
_WHEEL = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); import micropython_run;"
    "sys.exit(micropython_run.run_main(['micropython', *sys.argv[1:]]))"
)

DEFAULT_SECONDS = 60
DEFAULT_PACKETS = 100_000


@dataclass(frozen=True)
class Outcome:
    """What a bench has found.

    Attributes:
        rows: Its table.
        missing: What could not be measured, and why.
        versions: Of what was measured; they stand beside the host's.
        beside: What else the JSON object has.
        lines: What else a person is told.
    """

    rows: list[Row]
    missing: list[str] = field(default_factory=list)
    versions: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


def overhead(_args: argparse.Namespace) -> Outcome:
    """Measure what the harness itself costs."""
    from harness.bench.overhead import measure

    return Outcome(measure(say))


def features(_args: argparse.Namespace) -> Outcome:
    """Measure what each feature of our MQTT client costs."""
    from harness.bench.feature_cost import measure

    return Outcome(measure(_interpreter(), shipped.device_src(), say))


def probe(_args: argparse.Namespace) -> Outcome:
    """Measure what the probe costs on the board."""
    from harness.bench.probe import measure

    return Outcome(measure(say))


def deploy(_args: argparse.Namespace) -> Outcome:
    """Measure pushing and reading files beside mpremote, mpytool and belay."""
    from harness.bench.deploy import measure

    result = measure(say, os.environ.get("HIL_MICROPYTHON", ""))
    return Outcome(result.rows, result.missing, beside=result.extras())


def client(args: argparse.Namespace) -> Outcome:
    """Measure our MQTT client beside its peers."""
    from harness.bench.client import Setup, measure
    from harness.broker.program import find_mosquitto

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "codey-hil"
    setup = Setup(
        interpreter=_interpreter(),
        mosquitto=find_mosquitto(os.environ.get("HIL_MOSQUITTO")),
        device_src=shipped.device_src(),
        cache=cache / "client",
        peers=dict(args.peer),
        seconds=args.seconds or DEFAULT_SECONDS,
        is_long=args.long,
    )
    result = measure(setup, say)
    lines = [
        f"{each['name']:<13} {file:<16} {digest} {each['package']}"
        for each in result.clients
        for file, digest in each["files"].items()
    ]
    beside = {"missing": result.missing, "clients": result.clients}
    return Outcome(result.rows, result.missing, result.versions, beside, lines)


def fuzz(args: argparse.Namespace) -> Outcome:
    """Drive our MQTT client with packets of every kind."""
    from harness.bench.fuzz import Setup, measure, packet_tables
    from harness.bench.fuzz_worker import cpython, micropython

    if args.only is not None and args.seed is None:
        raise ConfigError("a case belongs to a seed", on="--only", advice="--seed S --only INDEX")
    is_cpython = args.on != "micropython"
    has_coverage = is_cpython and importlib.util.find_spec("coverage") is not None
    setup = Setup(
        runtime=cpython() if is_cpython else micropython(_interpreter().command),
        device_src=shipped.device_src().absolute(),
        packets=args.packets or DEFAULT_PACKETS,
        seed=secrets.randbelow(1 << 31) if args.seed is None else args.seed,
        tables=packet_tables(shipped.fixtures() / "packets"),
        only=args.only,
        has_coverage=has_coverage,
    )
    say(f"seed {setup.seed}")
    result = measure(setup, say)
    runtime = setup.runtime.name
    # The client is judged all the same; only how much of it was reached is not known then.
    missing = ["branch coverage (there is no coverage.py; ./hil test brings it)"]
    missing = missing if is_cpython and not has_coverage else []
    lines = list(result.shown)
    for failure in result.failures:
        lines += [f"\n{failure.fault}: {failure.text}", *failure.case.text()]
        lines.append(
            f"hil bench fuzz --seed {setup.seed} --only {failure.case.index} --on {runtime}"
        )
    beside = {
        "missing": missing,
        "seed": setup.seed,
        "failures": [failure.as_json() for failure in result.failures],
        "shown": result.shown,
    }
    lines += [f"NOT MEASURED: {text}" for text in missing]
    rows = result.rows(runtime, setup.least_packets)
    return Outcome(rows, [], {runtime: result.version}, beside, lines)


#: Bench -> what carries it out.
BENCHES: dict[str, Callable[[argparse.Namespace], Outcome]] = {
    "overhead": overhead,
    "deploy": deploy,
    "client": client,
    "features": features,
    "fuzz": fuzz,
    "probe": probe,
}


def _interpreter() -> Interpreter:
    return find_bare_interpreter(os.environ.get("HIL_MICROPYTHON", ""))


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
