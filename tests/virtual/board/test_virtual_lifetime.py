"""What a virtual board leaves behind, however it ends: nothing."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.deadline import Deadline
from harness.errors import InterpreterUnsuitable, LinkLost, LinkOpenFailed
from harness.link.virtual import VirtualControl, VirtualSettings, find_control, start_virtual
from harness.virtual.place import control_path

if TYPE_CHECKING:
    from tests.virtual.board.conftest import BareBoard, MakeBoard

PARENT = (
    "import sys\nfrom harness.deadline import Deadline\n"
    "from harness.link.virtual import *\n"
    "board = start_virtual(VirtualSettings(), Deadline.after(10))\n"
    "print(board.port, VirtualControl(find_control(board.port)).identity['pid'], flush=True)\n"
    "sys.stdin.read()"
)


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in text.split()]


def await_end(pid: int) -> None:
    """Wait until a process, not necessarily ours, has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ready, _, _ = select.select([descriptor], [], [], 10)
        assert ready, f"process {pid} did not end"
    finally:
        os.close(descriptor)


def listeners(path: Path) -> list[int]:
    """Return the supervisor at a control socket, if any: another board may have the number now."""
    if find_control("/" + path.stem.replace("-", "/")) is None:
        assert not path.exists()
        return []
    control = VirtualControl(path)
    control.close()
    return [int(control.identity["pid"])]


def test_close_leaves_no_process_port_or_socket(bare: BareBoard) -> None:
    supervisor = int(bare.control.identity["pid"])
    (interpreter,) = children_of(supervisor)
    path = control_path(bare.port)
    bare.process.close()
    await_end(interpreter)
    await_end(supervisor)
    assert supervisor not in listeners(path)


def test_supervisor_killed_in_a_busy_loop_takes_the_interpreter_along(bare: BareBoard) -> None:
    supervisor = int(bare.control.identity["pid"])
    (interpreter,) = children_of(supervisor)
    bare.start("while True: pass")
    os.kill(supervisor, signal.SIGKILL)
    await_end(interpreter)
    with pytest.raises(LinkLost):
        bare.control.bench.state(Deadline.after(5))
    assert supervisor not in listeners(control_path(bare.port))


def test_parent_killed_takes_supervisor_and_interpreter_along() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        port, supervisor = parent.stdout.readline().split()
        (interpreter,) = children_of(int(supervisor))
        parent.kill()
        await_end(int(supervisor))
        await_end(interpreter)
    assert int(supervisor) not in listeners(control_path(port))


def test_two_boards_know_nothing_of_each_other(make_board: MakeBoard) -> None:
    boards = [make_board(VirtualSettings(name=name)) for name in ("one", "two")]
    ids = set()
    for number, board in enumerate(boards):
        board.enter_raw()
        board.run(f"f = open('n', 'w')\nf.write('{number}')\nf.close()")
        ids.add(board.run("import machine\nprint(machine.unique_id().hex())").strip())
    assert [board.run("print(open('n').read())") for board in boards] == ["0\n", "1\n"]
    assert ids == {board.process.id for board in boards}
    assert len(ids) == 2


def test_interpreter_that_dies_is_told_and_started_again(bare: BareBoard) -> None:
    (interpreter,) = children_of(int(bare.control.identity["pid"]))
    os.kill(interpreter, signal.SIGSEGV)
    text = bare.line.read_until(b">>> ")
    assert b"the interpreter died (SIGSEGV)" in text
    assert bare.control.ask("state", Deadline.after(5))["crashes"] == 1


def test_boot_that_exits_at_once_does_not_keep_restarting_at_full_speed(bare: BareBoard) -> None:
    bare.run("f = open('boot.py', 'w'); f.write('raise SystemExit')\nf.close()")
    bare.line.write(b"\x04")
    text = b""
    while text.count(b"soft reboot") < 6:
        text += bare.line.read_until(b"soft reboot\r\n")
    # Three free ones, then pauses that double; without them it would be hundreds by now.
    assert bare.control.ask("state", Deadline.after(5))["boots"] < 10
    bare.control.lines.hard_reset(Deadline.after(5))
    assert bare.control.ask("state", Deadline.after(5))["boots"] < 12


def test_heap_too_small_to_boot_is_told_and_bounded(make_board: MakeBoard) -> None:
    board = make_board(VirtualSettings(heap="4k"))
    assert b"the interpreter died" in board.line.read_until(b"hard reset\r\n")


def test_output_with_the_port_closed_is_lost(bare: BareBoard) -> None:
    bare.start(
        "import machine, time\ntime.sleep_ms(100)\nprint('unheard')\n"
        "led = machine.PWM(machine.Pin(4), freq=5000, duty=1020)\ntime.sleep(1000)"
    )
    bare.line.close()
    # The LED comes after the print.
    assert bare.control.bench.wait_event(0, Deadline.after(10)) == 1
    bare.line = type(bare.line)(bare.port)
    bare.line.write(b"\x03\x02")
    text = bare.line.read_until(b">>> ")
    assert b"KeyboardInterrupt" in text
    assert b"unheard" not in text


def test_client_that_does_not_read_does_not_stop_the_board(bare: BareBoard) -> None:
    bare.start(
        "import machine\nfor i in range(20000): print('0123456789')\n"
        "led = machine.PWM(machine.Pin(4), freq=5000, duty=1020)\nwhile True: pass"
    )
    control = bare.control
    seen = control.bench.wait_event(0, Deadline.after(10))
    assert [event.led for event in control.bench.events()[:seen]] == [(0, 0, 255)]
    assert control.ask("state", Deadline.after(5))["lost_output_bytes"] > 0


def test_interpreter_that_is_absent_is_told_in_one_line() -> None:
    settings = VirtualSettings(micropython="/nowhere/micropython")
    with pytest.raises(InterpreterUnsuitable) as caught:
        start_virtual(settings, Deadline.after(5))
    assert caught.value.on == "/nowhere/micropython"
    assert "\n" not in caught.value.one_line()


def test_interpreter_that_is_none_ends_in_bounded_time(make_board: MakeBoard) -> None:
    board = make_board(VirtualSettings(micropython="/bin/false"))
    assert b"died (exit code 1)" in board.line.read_until(b"hard reset\r\n")


def test_control_of_a_port_that_is_no_virtual_board_is_none(tmp_path: Path) -> None:
    assert find_control("/dev/null") is None
    assert find_control(str(tmp_path / "absent")) is None


def test_control_is_found_through_a_link_to_the_port(bare: BareBoard, tmp_path: Path) -> None:
    link = tmp_path / "board"
    link.symlink_to(bare.port)
    assert find_control(str(link)) == find_control(bare.port)


def test_control_socket_without_listener_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LinkOpenFailed):
        VirtualControl(tmp_path / "absent.sock")
