"""The REPL of a virtual board, and what Ctrl-C, Ctrl-D and resets do on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.virtual.board.conftest import BareBoard

RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"

WAITS = {
    "busy loop": "while True: pass",
    "allocating loop": "while True: x = [0] * 50",
    "sleep": "import time\ntime.sleep(1000)",
    "poll": "import select, sys\np = select.poll()\np.register(sys.stdin, 1)\np.poll()",
    "socket": (
        "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.bind(('127.0.0.1', 0))\ns.recvfrom(10)"
    ),
    "sleep in a loop that swallows exceptions": (
        "import time\nwhile True:\n try: time.sleep_ms(1)\n except Exception: pass"
    ),
}
BOOT_FILES = (
    "f = open('boot.py', 'w'); f.write('print(\"boot\", __name__)\\nvalue = 7')\nf.close()\n"
    "f = open('main.py', 'w'); f.write('print(\"main\", value)')\nf.close()"
)


def test_banner_of_a_fresh_board_is_a_boards(fresh: BareBoard) -> None:
    fresh.line.write(b"\x02")
    text = fresh.line.read_until(b">>> ").decode()
    assert "MicroPython " in text
    assert '; Codey virtual with ESP32\r\nType "help()" for more information.\r\n>>> ' in text


def test_print_ends_in_cr_lf(bare: BareBoard) -> None:
    bare.start("print('a\\nb')\nprint('c\\r')")
    assert bare.finish() == ("a\r\nb\r\nc\r\n", "")


def test_stdout_buffer_sends_all_bytes_as_they_are(bare: BareBoard) -> None:
    bare.line.write(
        b"import sys\nprint('text')\nw = sys.stdout.buffer.write\nw(b'<')\n"
        b"w(b'')\nn = w(bytes(range(256)))\nprint('\\n', n)\x04"
    )
    data = b"OKtext\r\n<" + bytes(range(256)) + b"\r\n 256\r\n\x04\x04>"
    received = bare.line.read_until(b"256\r\n\x04\x04>")
    assert received == data


@pytest.mark.parametrize("program", WAITS.values(), ids=WAITS.keys())
@pytest.mark.parametrize("way", ["raw paste", "plain raw", "friendly"])
def test_ctrl_c_ends_a_program(bare: BareBoard, way: str, program: str) -> None:
    line = bare.line
    if way == "friendly":
        line.write(b"\x02")
        line.read_until(b">>> ")
        # The paste mode of the friendly prompt, as the line editor would indent on its own.
        line.write(b"\x05")
        line.read_until(b"=== ")
        line.write(b"print('begun')\r" + program.replace("\n", "\r").encode() + b"\x04")
        line.read_until(b"begun\r\n")
        end = b">>> "
    elif way == "plain raw":
        bare.start("print('begun')\n" + program)
        line.read_until(b"begun\r\n")
        end = b"\x04>"
    else:
        line.write(b"\x05A\x01")
        line.read_until(b"R\x01\x80\x00\x01")
        line.write(b"print('begun')\n" + program.encode() + b"\x04")
        line.read_until(b"begun\r\n")
        end = b"\x04>"
    line.write(b"\x03")
    assert b"KeyboardInterrupt" in line.read_until(end)


def test_ctrl_c_in_one_write_with_the_program_ends_it(bare: BareBoard) -> None:
    bare.line.write(b"while True: pass\x04\x03")
    assert b"KeyboardInterrupt" in bare.line.read_until(b"\x04>")


def test_ctrl_c_twice_at_once_interrupts_and_the_repl_lives(bare: BareBoard) -> None:
    bare.start("while True: pass")
    bare.line.write(b"\x03\x03")
    assert b"KeyboardInterrupt" in bare.line.read_until(b"\x04>")
    assert bare.run("print(1)") == "1\n"


def test_ctrl_c_many_times_into_the_allocator_never_hangs(bare: BareBoard) -> None:
    for _ in range(60):
        bare.start("while True: x = [0] * 50")
        bare.line.write(b"\x03")
        assert bare.finish()[1].startswith("Traceback")
    assert bare.run("print(1)") == "1\n"


def test_ctrl_c_gets_through_to_a_program_that_leaves_its_input_unread(bare: BareBoard) -> None:
    bare.start("print('begun')\nwhile True: pass")
    bare.line.read_until(b"begun\r\n")
    for _ in range(64):
        bare.line.write(b"x" * 4096)
    bare.line.write(b"\x03")
    assert b"KeyboardInterrupt" in bare.line.read_until(b"\x04>")


def test_all_bytes_reach_the_program_after_kbd_intr_minus_1(bare: BareBoard) -> None:
    payload = bytes(range(256)) * 8
    bare.start(
        "import micropython, sys\nmicropython.kbd_intr(-1)\nprint('ready')\n"
        f"data = sys.stdin.buffer.read({len(payload)})\nmicropython.kbd_intr(3)\n"
        f"print(data == bytes(range(256)) * 8)\nwhile True: pass"
    )
    bare.line.read_until(b"ready\r\n")
    bare.line.write(payload)
    assert bare.line.read_until(b"\r\n") == b"True\r\n"
    bare.line.write(b"\x03")
    assert b"KeyboardInterrupt" in bare.line.read_until(b"\x04>")


def test_a_program_that_ends_with_ctrl_c_off_leaves_it_on_for_the_next(bare: BareBoard) -> None:
    bare.run("import micropython\nmicropython.kbd_intr(-1)")
    bare.start("print('begun')\nwhile True: pass")
    bare.line.read_until(b"begun\r\n")
    bare.line.write(b"\x03")
    assert b"KeyboardInterrupt" in bare.line.read_until(b"\x04>")


def test_soft_reset_in_friendly_mode_runs_boot_and_main(bare: BareBoard) -> None:
    bare.run(BOOT_FILES)
    bare.line.write(b"\x02")
    bare.line.read_until(b">>> ")
    bare.line.write(b"\x04")
    text = bare.line.read_until(b">>> ").decode()
    assert text.startswith("\r\nMPY: soft reboot\r\nboot __main__\r\nmain 7\r\nMicroPython ")
    bare.line.write(b"value + 1\r")
    assert bare.line.read_until(b">>> ") == b"value + 1\r\n8\r\n>>> "


def test_soft_reset_in_raw_mode_leaves_main_out(bare: BareBoard) -> None:
    bare.run(BOOT_FILES)
    bare.line.write(b"\x04")
    answer = bare.line.read_until(RAW_PROMPT)
    assert answer == b"OK\r\nMPY: soft reboot\r\nboot __main__\r\n" + RAW_PROMPT
    assert bare.run("print(value)") == "7\n"


def test_soft_reset_forgets_variables_and_modules(bare: BareBoard) -> None:
    bare.run("import json\nkept = 1")
    bare.line.write(b"\x04")
    bare.line.read_until(RAW_PROMPT)
    assert bare.run("import sys\nprint('kept' in globals(), 'json' in sys.modules)") == (
        "False False\n"
    )


@pytest.mark.parametrize("code", ["import sys\nsys.exit()", "import machine\nmachine.soft_reset()"])
def test_exit_of_a_program_is_a_soft_reset(bare: BareBoard, code: str) -> None:
    bare.start(f"print('out')\n{code}")
    answer = bare.line.read_until(RAW_PROMPT)
    assert answer == b"out\r\n\x04\x04MPY: soft reboot\r\n" + RAW_PROMPT
    assert bare.run("import machine\nprint(machine.reset_cause())") == "5\n"


def test_exception_in_boot_py_is_shown_and_main_runs(bare: BareBoard) -> None:
    bare.run(
        "f = open('boot.py', 'w'); f.write('1 / 0')\nf.close()\n"
        "f = open('main.py', 'w'); f.write('print(\"main\")')\nf.close()"
    )
    bare.line.write(b"\x02\x04")
    text = bare.line.read_until(b"main\r\n").decode()
    assert 'File "boot.py", line 1, in <module>\r\nZeroDivisionError' in text


def test_ctrl_c_ends_an_endless_main_py(bare: BareBoard) -> None:
    bare.run("f = open('main.py', 'w'); f.write('print(\"main\")\\nwhile True: pass')\nf.close()")
    bare.line.write(b"\x02")
    bare.line.read_until(b">>> ")
    bare.line.write(b"\x04")
    bare.line.read_until(b"main\r\n")
    bare.line.write(b"\x03")
    text = bare.line.read_until(b">>> ").decode()
    assert 'File "main.py", line 2' in text
    assert "KeyboardInterrupt" in text
    assert "Codey virtual with ESP32" in text


def test_machine_reset_runs_no_finally_and_ends_in_the_friendly_prompt(bare: BareBoard) -> None:
    bare.start("import machine\ntry:\n machine.reset()\nfinally:\n print('finally')")
    text = bare.line.read_until(b">>> ")
    assert b"finally" not in text
    assert text.startswith(b"MicroPython ")
    bare.enter_raw()
    assert bare.run("import machine\nprint(machine.reset_cause())") == "2\n"


def test_input_behind_a_soft_reset_is_not_lost(bare: BareBoard) -> None:
    bare.line.write(b"\x04print(5)\x04")
    answer = bare.line.read_until(b"\x04\x04>")
    assert answer.endswith(RAW_PROMPT + b"OK5\r\n\x04\x04>")
