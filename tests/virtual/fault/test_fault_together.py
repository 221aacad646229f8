"""Two runs at once: each has its board, its broker and its folder; one port has one user."""

from __future__ import annotations

import signal

from tests.virtual.fault.command import Commands

TESTS = """
    import os

    def test_talks(board, mqtt, display):
        inbox = mqtt.subscribe("who")
        mqtt.publish("who", os.environ["WHO"], qos=1)
        inbox.expect("who", os.environ["WHO"])
        board.exec("import codey; codey.display.show(" + os.environ["WHO"] + ")")
        display.shows(os.environ["WHO"])
        assert [m.payload for m in inbox.all] == [os.environ["WHO"].encode()]
"""


def test_two_runs_at_once_do_not_meet(hil: Commands) -> None:
    name = hil.scenario(TESTS)
    running = [hil.start("run", name, environment={"WHO": who}) for who in ("12", "34")]
    done = [each.wait() for each in running]
    assert [each.code for each in done] == [0, 0]
    assert len({each.folder for each in done}) == 2
    ids = {entry["id"] for each in done for entry in each.journal if entry["kind"] == "board.open"}
    assert len(ids) == 2


def test_second_run_on_a_port_is_told_that_it_is_busy(hil: Commands) -> None:
    _, port = hil.board()
    name = hil.scenario(
        """
        from pathlib import Path

        def test_long(board):
            board.exec("print(1)")
            Path("ready").touch()
            board.start("while True: pass").expect_text("never", 60)
        """
    )
    first = hil.start("run", name, "--board", f"port:{port}")
    first.until((hil.folder / "ready").exists)
    second = hil.run("run", name, "--board", f"port:{port}")
    assert second.code == 11
    assert "another run holds the board" in second.out
    assert f"pid {first.process.pid}, for " in second.out
    assert f"run {name} --board port:{port}" in second.out
    other = hil.run("exec", "1", "--board", f"port:{port}")
    assert other.code == 11
    assert f"pid {first.process.pid}, for " in other.line
    # The first one did not notice.
    first.send(signal.SIGINT)
    assert first.wait().code == 2
    assert hil.run("exec", "print(1)", "--board", f"port:{port}").out == "1\n"
