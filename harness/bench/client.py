"""Our MQTT client beside others, on one interpreter and one broker, in one run.

The interpreter is the one of the virtual board, started bare: without the models of the board's
peripherals and sockets, which would be measured too. Each client has a process of its own, with the
heap of a board; they are asked in turn (A, B, C, A, B, C), so that what else the machine does hits
all alike. Rates are the best of the turns, since others can only take time away; the echo's
percentiles are those of all turns together.

Clients and broker share one core. Wherever the system happens to put them otherwise decides more
than the client does: of nine turns the slowest and the fastest were a factor of 2 to 6 apart
(QoS 1: 5,000 to 31,000 publishes/s), on one core 3 %.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.bench.client_broker import one_core, quiet_mosquitto
from harness.bench.client_figure import (
    ECHO_P50,
    ECHO_P99,
    IMPORT,
    LEAST_MPY,
    LEAST_PY,
    SIZE_MPY,
    SIZE_PY,
    SIZES,
    SMALL_BYTES,
    Table,
    figure_rows,
    heap_name,
    publish_name,
    receive_name,
)
from harness.bench.client_ledger import ledger_rows
from harness.bench.client_memory import (
    compile_files,
    find_mpy_cross,
    import_of,
    least_heap_bytes,
)
from harness.bench.client_peer import (
    LOOP,
    OURS,
    PUBLISHED,
    Client,
    PeerAbsentError,
    file_sha256,
    named_client,
    published_client,
)
from harness.bench.client_worker import Interpreter, Worker
from harness.bench.row import Row
from harness.broker.broker import BrokerAddress
from harness.deadline import Deadline
from harness.errors import DeviceException, LinkLost, LinkTimeout

#: Many short turns: in a long one something else comes in between on any machine.
TURNS = 30
#: Timed measures of one client in one turn: nine of publishing, three of receiving, the echo.
TIMED = 13
#: A measure overruns its slice by an eighth, and by a delayed acknowledgement or two.
ANSWER_S = 20.0
HEAP_PUBLISHES = 50
START_S = 10.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Setup:
    """What the bench works with.

    Attributes:
        interpreter: How MicroPython is started.
        mosquitto: The broker's program.
        device_src: Our client's folder.
        cache: Where published clients are kept.
        peers: Other clients: name and folder.
        seconds: How long the timed measures take together, about.
        is_long: Whether to publish over the wrap of the packet ids, too.
        pip_arguments: More arguments for pip, such as another index.
    """

    interpreter: Interpreter
    mosquitto: Path
    device_src: Path
    cache: Path
    peers: Mapping[str, Path] = field(default_factory=dict)
    seconds: float = 60.0
    is_long: bool = False
    pip_arguments: Sequence[str] = ()


@dataclass
class Result:
    """What came of it.

    Attributes:
        rows: The table.
        missing: What could not be measured, in words.
        clients: Name, package, and the SHA-256 of each file, of each client.
        versions: Of interpreter and broker, and the core they ran on.
    """

    rows: list[Row] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    clients: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)


def measure(setup: Setup, say: Say) -> Result:
    """Measure everything.

    Args:
        setup: What to work with.
        say: Is told what is being done, and what a client cannot do.

    Raises:
        DeviceException: Our client raised; what a peer raises leaves it out of that row.
    """
    result = Result()
    table: Table = {}
    with tempfile.TemporaryDirectory(prefix="hil-bench-") as name:
        folder = Path(name)
        clients = _clients(setup, folder, result)
        for text in result.missing:
            say(f"left out: {text}")
        with (
            one_core() as core,
            quiet_mosquitto(setup.mosquitto, Deadline.after(START_S)) as broker,
        ):
            result.versions |= {"core": core, "mosquitto": broker.version}
            with _workers(setup.interpreter, clients, broker.address) as workers:
                _Timing(workers, table, setup.seconds, say).measure()
                result.versions["micropython"] = workers[0].version
            _memory(setup.interpreter, clients, broker.address, folder, table, result, say)
    rows, missing = figure_rows(table)
    result.rows += rows
    result.missing += missing
    if setup.is_long:
        say("publishing over the wrap of the packet ids")
        result.rows += ledger_rows(setup.interpreter, clients[0], setup.mosquitto)
    return result


def _clients(setup: Setup, folder: Path, result: Result) -> list[Client]:
    named = [named_client(name, place) for name, place in setup.peers.items()]
    clients = [Client(OURS, "mqtt", setup.device_src.absolute())]
    for name in PUBLISHED:
        try:
            peer = published_client(name, setup.cache, folder / name, setup.pip_arguments)
        except PeerAbsentError as error:
            result.missing.append(f"{name} ({error})")
        else:
            clients.append(peer)
    return [*clients, *named, Client(LOOP, "", folder)]


@contextlib.contextmanager
def _workers(
    interpreter: Interpreter, clients: list[Client], address: BrokerAddress
) -> Iterator[list[Worker]]:
    with contextlib.ExitStack() as stack:
        workers = [Worker(interpreter, client, address) for client in clients]
        for worker in workers:
            stack.callback(worker.close)
        yield workers


class _Timing:
    """What is asked of the workers, in turns."""

    def __init__(self, workers: list[Worker], table: Table, seconds: float, say: Say) -> None:
        self._workers = workers
        self._table = table
        self._slice_us = max(1000, int(seconds * 1e6 / (TURNS * TIMED * len(workers))))
        self._say = say
        self._unable: set[tuple[str, str]] = set()

    def measure(self) -> None:
        for qos in (0, 1, 2):
            for size_bytes in SIZES:
                name = publish_name(qos, size_bytes)
                self._rate(name, "publish", qos, size_bytes, self._slice_us)
        for size_bytes in SIZES:
            self._rate(receive_name(size_bytes), "receive", size_bytes, self._slice_us)
        self._echo()
        for qos in (0, 1, 2):
            values = self._table.setdefault(heap_name(qos), {})
            for worker in self._workers:
                if not worker.client.is_loop and (
                    answer := self._ask(
                        heap_name(qos), worker, "heap", qos, SMALL_BYTES, HEAP_PUBLISHES
                    )
                ):
                    values[worker.client.name] = answer["size_bytes"] / answer["count"]

    def _rate(self, name: str, measure: str, *numbers: int) -> None:
        values = self._table.setdefault(name, {})
        for worker, answer in self._turns(name, measure, *numbers):
            per_s = answer["count"] / answer["took_us"] * 1e6
            values[worker.client.name] = max(per_s, values.get(worker.client.name, 0.0))

    def _echo(self) -> None:
        times_us: dict[str, list[int]] = {}
        for worker, answer in self._turns(ECHO_P50, "echo", SMALL_BYTES, self._slice_us):
            times_us.setdefault(worker.client.name, []).extend(answer["times_us"])
        for name, times in times_us.items():
            ordered = sorted(times)
            self._table.setdefault(ECHO_P50, {})[name] = statistics.median(ordered) / 1000
            at = min(len(ordered) - 1, len(ordered) * 99 // 100)
            self._table.setdefault(ECHO_P99, {})[name] = ordered[at] / 1000

    def _turns(
        self, name: str, measure: str, *numbers: int
    ) -> Iterator[tuple[Worker, dict[str, Any]]]:
        self._say(name)
        for _ in range(TURNS):
            for worker in self._workers:
                if answer := self._ask(name, worker, measure, *numbers):
                    yield worker, answer

    def _ask(self, name: str, worker: Worker, measure: str, *numbers: int) -> dict[str, Any] | None:
        """Ask a worker; None when a peer cannot do it, which is said once and not tried again."""
        unable = (worker.client.name, name)
        if unable in self._unable:
            return None
        limit_s = self._slice_us / 1e6 * 2 + ANSWER_S
        try:
            return worker.ask(measure, *numbers, deadline=Deadline.after(limit_s))
        except (DeviceException, LinkLost, LinkTimeout) as error:
            if worker.client.name == OURS:
                raise
            self._unable.add(unable)
            self._say(f"{worker.client.name} cannot: {name}; {error.got.splitlines()[-1]}")
            return None


def _memory(
    interpreter: Interpreter,
    clients: list[Client],
    address: BrokerAddress,
    folder: Path,
    table: Table,
    result: Result,
    say: Say,
) -> None:
    """Measure imports, least heaps and sizes, and note what each client consists of."""
    say("memory")
    compiler = find_mpy_cross()
    if compiler is None:
        result.missing.append(
            "all that needs .mpy files (there is no mpy-cross; ./hil test brings it)"
        )
    for client in clients:
        if client.is_loop:
            continue
        name = client.name
        found = import_of(interpreter, client)
        paths = [client.folder / file for file in found.files]
        table.setdefault(IMPORT, {})[name] = found.size_bytes
        table.setdefault(SIZE_PY, {})[name] = sum(path.stat().st_size for path in paths)
        places = {LEAST_PY: client.folder}
        if compiler is not None:
            compiled = folder / "mpy" / name
            size_bytes = compile_files(compiler, client, found.files, compiled)
            table.setdefault(SIZE_MPY, {})[name] = size_bytes
            places[LEAST_MPY] = compiled
        for what, place in places.items():
            least = least_heap_bytes(interpreter, client, place, address)
            if least is not None:
                table.setdefault(what, {})[name] = least
        result.clients.append(
            {
                "name": name,
                "package": client.package,
                "files": {
                    file.as_posix(): file_sha256(client.folder / file) for file in found.files
                },
            }
        )
