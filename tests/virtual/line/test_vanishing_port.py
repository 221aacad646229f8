"""A port that comes back under another name in the middle of a run: one test is lost with it."""

from __future__ import annotations

from harness.link.virtual import VirtualSettings
from tests.virtual.fault.command import Commands
from tests.virtual.line.bench import Bench

SUITE = """
    from harness.deadline import Deadline
    from harness.link.virtual import VirtualControl, find_control

    def test_before(board):
        board.exec("print(1)")

    def test_vanishes(board):
        program = board.start("print('go')\\nwhile True: pass")
        program.expect_text("go", 10)
        control = VirtualControl(find_control({port!r}))
        control.ask("vanish", Deadline.after(5))
        control.close()
        program.expect_text("never", 20)

    def test_after(board):
        assert board.exec("print(6 * 7)") == "42\\n"
"""


def test_run_goes_on_behind_the_ports_new_name(hil: Commands) -> None:
    bench = Bench(VirtualSettings())
    try:
        port = bench.port
        name = hil.scenario(SUITE.format(port=port))
        done = hil.run("run", name, "--board", f"port:{port}", limit_s=90)
        assert done.verdicts == {
            "test_before": "pass",
            "test_vanishes": "blocked",
            "test_after": "pass",
        }
        assert done.code == 10
        steps = [entry for entry in done.journal if entry["kind"] == "step"]
        rungs = [(step["name"], step["ok"]) for step in steps if "recovery" in step["name"]]
        assert rungs == [("recovery: reopen", True)]
        assert bench.port != port
    finally:
        bench.close()
