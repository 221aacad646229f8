"""A broker that says anything, right and wrong, in simulated time; `hil bench fuzz` says more."""

from __future__ import annotations

import pytest

from harness import shipped
from harness.bench.fuzz import Setup, measure, packet_tables
from harness.bench.fuzz_worker import Runtime, cpython, micropython
from tests.device.conftest import Start
from tests.device.peer import Peer, publish
from tests.device.program import DEVICE_SRC, micropython_command

SEED = 20261127


def runtime_of(name: str) -> Runtime:
    return cpython() if name == "cpython" else micropython((micropython_command(),))


@pytest.mark.parametrize(("name", "packets"), [("cpython", 10_000), ("micropython", 2_000)])
def test_whatever_comes_each_call_ends_in_one_of_three_ways(name: str, packets: int) -> None:
    tables = packet_tables(shipped.fixtures() / "packets")
    setup = Setup(runtime_of(name), DEVICE_SRC, packets, SEED, tables)
    result = measure(setup, lambda _: None)
    assert [f"{each.fault}: {each.text}\n{each.case.text()}" for each in result.failures] == []
    assert [row for row in result.rows(name, packets) if not row.ok] == []
    assert {"returned", "MQTTException", "OSError 104", "OSError 110", "OSError 12"} <= set(
        result.outcomes
    )


@pytest.mark.parametrize(("call", "ending"), [("check_msg", "200"), ("wait_msg", "OSError 12")])
def test_callback_that_asks_for_more_ends_however_much_there_is(
    start: Start, peer: Peer, call: str, ending: str
) -> None:
    # Each message began another call in the call before, until the stack was full.
    program = start(
        "n = 0\n"
        f"def more(topic, msg):\n    global n\n    n += 1\n    c.{call}()\n"
        "c = make()\nc.set_callback(more)\nc.connect()\n"
        "try:\n    while n < 200:\n        c.wait_msg()\n    print(n)\n"
        "except OSError as e:\n    print('OSError', e.args[0])\n"
    )
    peer.greet()
    peer.send(b"".join(publish("t", "m") for _ in range(200)))
    assert program.end() == [ending]
