from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import shipped
from harness.bench.client_broker import QuietBroker
from harness.bench.client_memory import import_of, least_heap_bytes
from harness.bench.client_peer import OURS, Client
from harness.bench.client_worker import Interpreter, Worker, parse_answer
from harness.broker.broker import BrokerAddress
from harness.deadline import Deadline
from harness.errors import (
    ConfigError,
    DeviceException,
    LinkLost,
    LinkTimeout,
    RemoteProtocolError,
)

NOWHERE = BrokerAddress("127.0.0.1", 1)

MakeWorker = Callable[[str], Worker]


@pytest.fixture
def make_worker(interpreter: Interpreter, tmp_path: Path) -> Iterator[MakeWorker]:
    """Return a function that makes a worker for a client whose code is given."""
    made: list[Worker] = []

    def make(connect: str) -> Worker:
        (tmp_path / "mqtt.py").write_text(
            "class MQTTClient:\n"
            "    def __init__(self, *_): pass\n"
            "    def set_callback(self, f): pass\n"
            f"    def connect(self): {connect}\n"
        )
        made.append(Worker(interpreter, Client("made", "mqtt", tmp_path), NOWHERE))
        return made[-1]

    yield make
    for worker in made:
        worker.close()


@pytest.mark.parametrize("line", [b"", b"text of a client", b" bench:{}"])
def test_line_that_is_no_answer_gives_none(line: bytes) -> None:
    assert parse_answer(line) is None


def test_answer_is_its_object() -> None:
    assert parse_answer(b'bench:{"count": 3, "times_us": [1, 2]}') == {
        "count": 3,
        "times_us": [1, 2],
    }


@pytest.mark.parametrize("line", [b"bench:", b'bench:{"count": ', b"bench:[1]", b"bench:\xff"])
def test_answer_that_cannot_be_read_is_an_error(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse_answer(line)
    assert caught.value.received == line


def test_client_that_raises_is_told_and_lives_on(make_worker: MakeWorker) -> None:
    worker = make_worker("print('noise'); raise ValueError('no')")
    for _ in range(2):
        with pytest.raises(DeviceException) as caught:
            worker.ask("publish", 0, 16, 1000, deadline=Deadline.after(10.0))
        assert (caught.value.type_name, caught.value.message) == ("ValueError", "no")
    assert "MicroPython" in worker.version


def test_client_that_ends_is_told_with_its_last_words(make_worker: MakeWorker) -> None:
    worker = make_worker("import sys; print('last', end=''); sys.exit(3)")
    with pytest.raises(LinkLost) as caught:
        worker.ask("echo", 16, 1000, deadline=Deadline.after(10.0))
    assert caught.value.got == "last"


def test_client_that_hangs_is_ended_at_the_deadline(make_worker: MakeWorker) -> None:
    worker = make_worker("\n        while True: pass")
    with pytest.raises(LinkTimeout):
        worker.ask("echo", 16, 1000, deadline=Deadline.after(0.5))
    assert worker._process is None


def test_client_with_a_wrong_syntax_cannot_be_imported(
    interpreter: Interpreter, tmp_path: Path
) -> None:
    (tmp_path / "mqtt.py").write_text("class\n")
    with pytest.raises(ConfigError, match="cannot be imported"):
        import_of(interpreter, Client("made", "mqtt", tmp_path))


def test_import_tells_the_heap_and_the_files(interpreter: Interpreter, tmp_path: Path) -> None:
    (tmp_path / "mqtt.py").write_text("import mqtt_part\n")
    (tmp_path / "mqtt_part.py").write_text("kept = bytearray(5000)\n")
    (tmp_path / "unused.py").write_text("")
    found = import_of(interpreter, Client("made", "mqtt", tmp_path))
    assert 5000 < found.size_bytes < 7000
    assert found.files == (Path("mqtt.py"), Path("mqtt_part.py"))


def test_least_heap_grows_by_what_a_client_keeps(
    interpreter: Interpreter, broker: QuietBroker, tmp_path: Path
) -> None:
    ours = Client(OURS, "mqtt", shipped.device_src())
    for path in ours.folder.glob("mqtt*.py"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    with (tmp_path / "mqtt.py").open("a") as file:
        file.write("kept = bytearray(40000)\n")
    fat = Client("fat", "mqtt", tmp_path)
    least = least_heap_bytes(interpreter, ours, ours.folder, broker.address)
    more = least_heap_bytes(interpreter, fat, fat.folder, broker.address)
    assert least is not None
    assert more is not None
    assert 15000 < more - least < 45000


def test_client_that_echoes_with_no_heap_has_no_least_one(
    interpreter: Interpreter, tmp_path: Path
) -> None:
    (tmp_path / "mqtt.py").write_text("raise ImportError\n")
    client = Client("made", "mqtt", tmp_path)
    assert least_heap_bytes(interpreter, client, tmp_path, NOWHERE) is None
