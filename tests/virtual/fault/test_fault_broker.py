"""A broker that is missing or dies: what needs it is blocked, never failed; the rest goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.virtual.fault.command import Commands

TESTS = """
    import os
    import signal

    def test_before(board, mqtt):
        mqtt.publish("a", "b", qos=1)

    def test_it_dies(board, broker, mqtt):
        inbox = mqtt.subscribe("a")
        os.kill(broker.pid, signal.SIGKILL)
        inbox.expect("a", "b", within_s=5)

    def test_needs_it(board, mqtt):
        mqtt.publish("a", "b")

    def test_panel(board, display):
        board.exec("import codey; codey.display.show(38)")
        display.shows("38")

    def test_program(board):
        board.start("print('still here')").expect_text("still here", 5)
"""

DIES_UNDER_THE_BOARD = """
    import os
    import signal
    from harness.scenario.device_client import JOIN_WIFI

    def test_it_dies(board, broker):
        board.exec(JOIN_WIFI)
        board.exec(
            "from mqtt import MQTTClient\\n"
            "c = MQTTClient('x', 'broker.lab', user='test', password='test')\\nc.connect()"
        )
        os.kill(broker.pid, signal.SIGKILL)
        for _ in range(100):
            board.exec("c.publish('a', 'b')")
"""


def test_broker_that_dies_blocks_what_needs_it_and_nothing_else(hil: Commands) -> None:
    done = hil.run("run", hil.scenario(TESTS))
    assert done.code == 10
    assert done.verdicts == {
        "test_before": "pass",
        "test_it_dies": "blocked",
        "test_needs_it": "blocked",
        "test_panel": "pass",
        "test_program": "pass",
    }
    (needing,) = (x for x in done.journal if x["kind"] == "test.end" and "needs" in x["test"])
    assert needing["parts"]["tried"] == "the broker has ended in the middle of the run"
    assert "ended by signal 9" in needing["parts"]["got"]
    assert all(needing["parts"].values())


def test_board_whose_broker_dies_is_not_accused(hil: Commands) -> None:
    done = hil.run("run", hil.scenario(DIES_UNDER_THE_BOARD))
    assert done.code == 10
    assert done.verdicts["test_it_dies"] == "blocked"
    (ended,) = (x for x in done.journal if x["kind"] == "test.end")
    assert ended["message"].startswith("the broker has ended in the middle of the run")
    # What the product said stands beside it.
    assert "meanwhile the test said: the code on the board raised" in ended["message"]


@pytest.mark.parametrize("named", [None, "/nowhere/mosquitto", "."])
def test_missing_mosquitto_blocks_what_needs_it_and_nothing_else(
    hil: Commands, named: str | None
) -> None:
    nothing = hil.folder / "empty"
    nothing.mkdir()
    usual = [Path(p) for p in ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")]
    if named is None and any((each / "mosquitto").exists() for each in usual):
        pytest.skip("a Mosquitto is installed where it is found without PATH")
    done = hil.run(
        "run", hil.scenario(TESTS), environment={"PATH": str(nothing), "HIL_MOSQUITTO": named}
    )
    assert done.code == 10
    assert done.verdicts == {
        "test_before": "blocked",
        "test_it_dies": "blocked",
        "test_needs_it": "blocked",
        "test_panel": "pass",
        "test_program": "pass",
    }
    said = "there is no Mosquitto on this machine" if named is None else "cannot be run"
    assert said in done.out


def test_mosquitto_that_is_none_is_told_within_its_deadline(hil: Commands) -> None:
    done = hil.run(
        "run",
        hil.scenario("def test_one(broker): pass"),
        environment={"HIL_MOSQUITTO": "/bin/true"},
    )
    assert done.code == 10
    assert "Mosquitto does not start" in done.out
    assert done.seconds < 10


def test_external_broker_that_does_not_answer_blocks(hil: Commands) -> None:
    done = hil.run(
        "run", hil.scenario("def test_one(mqtt): pass"), "--hil-broker", "mqtt://127.0.0.1:1"
    )
    assert done.code == 10
    assert done.verdicts == {"test_one": "blocked"}
    assert "mqtt://127.0.0.1:1" in done.out


def test_play_and_doctor_without_mosquitto_say_what_to_do(hil: Commands) -> None:
    (hil.folder / "program.py").write_text("print(1)\n", encoding="utf-8")
    nowhere = {"HIL_MOSQUITTO": "/nowhere/mosquitto"}
    played = hil.run("play", "program.py", environment=nowhere)
    assert played.code == 10
    assert "/nowhere/mosquitto" in played.err.splitlines()[-1]
    looked = hil.run("doctor", "--json", environment=nowhere)
    assert looked.code == 10
    (finding,) = (x for x in looked.json["findings"] if x["what"] == "mosquitto")
    assert finding["state"] == "bad"
