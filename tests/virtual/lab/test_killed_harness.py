"""SIGKILL of the harness at any moment of a push and of a test: the next run works at once.

A seeded handful of moments; ``HIL_KILLS=50`` tries as many as that.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Callable

from harness import shipped
from harness.board.manifest import load_manifest
from harness.lab.lease import list_leases
from harness.link.virtual import VirtualProcess
from tests.virtual.fault.command import Commands

KILLS = int(os.environ.get("HIL_KILLS", "2"))

#: From the start of the process to the middle of its last test.
SPAN_S = 5.0

#: A run that takes a board which nobody holds is done in some seconds; this is for a busy machine.
AT_ONCE_S = 30.0

SUITE = """
    def test_talks(board, mqtt):
        inbox = mqtt.subscribe("x")
        mqtt.publish("x", "1", qos=1)
        inbox.expect("x", "1")
        board.exec("print(1)")

    def test_program(board):
        board.start("print('go')\\nwhile True: pass").expect_text("go", 10)

    def test_ignores_ctrl_c(board):
        source = "import micropython\\nmicropython.kbd_intr(-1)\\nprint('go')\\nwhile True: pass"
        board.start(source).expect_text("go", 10)
        board.running = None
"""


def test_harness_that_is_killed_leaves_no_lock_no_orphan_and_a_board_that_works(
    hil: Commands, make_board: Callable[[], VirtualProcess]
) -> None:
    moments = random.Random(5)  # noqa: S311 (moments of a test)
    killed = hil.scenario(SUITE)
    short = hil.scenario("def test_it(board): board.exec('print(1)')", "test_short.py")
    port = make_board().port
    pushed = max(load_manifest(shipped.device_src()).files)
    for number in range(KILLS):
        if number % 2:
            # So that there is something to push again.
            hil.run("exec", f"import os; os.remove({pushed!r})", "--board", f"port:{port}")
        running = hil.start("run", killed, "--board", f"port:{port}")
        wait_s = moments.uniform(0.2, SPAN_S)
        try:
            running.process.wait(wait_s)
        except subprocess.TimeoutExpired:
            running.process.send_signal(signal.SIGKILL)
            running.process.wait()
        assert not [key for key in list_leases() if key in port.replace("/", "-")]
        done = hil.run("run", short, "--board", f"port:{port}")
        assert done.code == 0, (wait_s, done.out)
        assert done.verdicts == {"test_it": "pass"}
        assert done.seconds < AT_ONCE_S
    hil.until_gone("harness.cli run")
    hil.until_gone("mosquitto")
