"""The fuzzer goes red for a client that is broken, in each way that it looks for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness import shipped
from harness.bench.client_worker import Interpreter
from harness.bench.fuzz import MOST_FAILURES, Setup, measure
from harness.bench.fuzz_judge import (
    AFTERWARDS,
    ENDED,
    EXCEPTION,
    HANG,
    HEAP,
    RESULT,
    TIME,
)
from harness.bench.fuzz_result import Result
from harness.bench.fuzz_worker import Runtime, cpython, micropython

#: Appended to `mqtt.py`: a client that is broken -> what the fuzzer calls it.
HEAD = "\n\n_receive, _publish = MQTTClient.wait_msg, MQTTClient.publish\n"
BROKEN = {
    "index error": (
        EXCEPTION,
        """
def broken(self, *args):
    try:
        _receive(self, *args)
    except MQTTException:
        return b''[0]
MQTTClient.wait_msg = broken
""",
    ),
    "endless loop": (
        HANG,
        """
def broken(self, *args):
    try:
        _receive(self, *args)
    except MQTTException:
        while True:
            pass
MQTTClient.wait_msg = broken
""",
    ),
    "endless polling": (
        HANG,
        """
def broken(self, *args):
    try:
        _receive(self, *args)
    except MQTTException:
        while True:
            ticks_ms()
from time import ticks_ms
MQTTClient.wait_msg = broken
""",
    ),
    "exit": (
        ENDED,
        """
def broken(self, *args):
    try:
        _receive(self, *args)
    except MQTTException:
        import sys
        sys.exit(3)
MQTTClient.wait_msg = broken
""",
    ),
    "leak of the client": (
        HEAP,
        """
_take = MQTTClient._take
def broken(self, *args):
    if not hasattr(self, 'kept'):
        self.kept = []
    self.kept.append(bytearray(40))
    return _take(self, *args)
MQTTClient._take = broken
""",
    ),
    "leak of the module": (
        HEAP,
        """
_kept = []
def broken(self, *args):
    _kept.append([bytearray(40) for _ in range(10)])
    _receive(self, *args)
MQTTClient.wait_msg = broken
""",
    ),
    "no way back": (
        AFTERWARDS,
        """
_again = MQTTClient.reconnect
def broken(self):
    if self._held:
        raise OSError(113)
    return _again(self)
MQTTClient.reconnect = broken
""",
    ),
    "socket left open": (
        AFTERWARDS,
        """
def broken(self, *args):
    try:
        _receive(self, *args)
    except MQTTException:
        socket.socket()
        raise
import socket
MQTTClient.wait_msg = broken
""",
    ),
    "acknowledgement not awaited": (
        RESULT,
        """
def broken(self, topic, msg, retain=False, qos=0):
    try:
        _publish(self, topic, msg, retain, qos)
    except OSError as error:
        if error.args[0] != 110:
            raise
MQTTClient.publish = broken
""",
    ),
    "malformed packet swallowed": (
        RESULT,
        """
def broken(self, *args):
    try:
        _receive(self, *args)
    except MQTTException:
        pass
MQTTClient.wait_msg = broken
""",
    ),
    "made-up message": (
        RESULT,
        """
_free = [True]
def broken(self, *args):
    if _free:  # the callback may come here again
        _free.pop()
        try:
            self._callback('fuzz/a', 'never sent')
        finally:
            _free.append(True)
    _receive(self, *args)
MQTTClient.wait_msg = broken
""",
    ),
    "message lost": (
        RESULT,
        """
def broken(self, *args):
    mine = self._callback
    self._callback = lambda topic, msg: topic == 'fuzz/b' or mine(topic, msg)
    try:
        _receive(self, *args)
    finally:
        self._callback = mine
MQTTClient.wait_msg = broken
""",
    ),
    "late": (
        TIME,
        """
def broken(self, *args):
    sleep_ms(70000)
    return _publish(self, *args)
from time import sleep_ms
MQTTClient.publish = broken
""",
    ),
}


def broken(folder: Path, code: str) -> Path:
    """Return a folder with a client that ends in `code`."""
    place = folder / "device_src"
    shutil.copytree(shipped.device_src(), place)
    with (place / "mqtt.py").open("a", encoding="utf-8") as file:
        file.write(HEAD + code)
    return place


def fuzz(runtime: Runtime, folder: Path, packets: int = 2500) -> Result:
    return measure(Setup(runtime, folder, packets, seed=1, silent_s=1.5), lambda _: None)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_client_is_found(tmp_path: Path, name: str) -> None:
    fault, code = BROKEN[name]
    result = fuzz(cpython(), broken(tmp_path, code))
    assert {failure.fault for failure in result.failures} == {fault}
    assert len(result.failures) <= MOST_FAILURES


@pytest.mark.parametrize("name", ["index error", "endless loop", "exit", "leak of the client"])
def test_broken_client_is_found_on_micropython(
    interpreter: Interpreter, tmp_path: Path, name: str
) -> None:
    fault, code = BROKEN[name]
    result = fuzz(micropython(interpreter.command), broken(tmp_path, code), 900)
    assert {failure.fault for failure in result.failures} == {fault}
