"""What the bench sees of a program that drives pins, and what inputs do to a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.deadline import Deadline
from harness.errors import ConfigError

if TYPE_CHECKING:
    from tests.virtual.board.conftest import BareBoard

# A driver by hand, so that the model is not measured by the code that it will judge.
PANEL = """
from machine import Pin
clock = Pin(23, Pin.OUT, value=1)
data = Pin(22, Pin.OUT, value=1)
def transfer(*values):
    data(0)
    for value in values:
        for bit in range(8):
            clock(0)
            data(value >> bit & 1)
            clock(1)
    clock(0)
    data(0)
    clock(1)
    data(1)
"""
COLUMNS = bytes(range(0x80, 0x90))


def soon() -> Deadline:
    """Return a deadline that only a broken board misses."""
    return Deadline.after(5)


def test_panel_driven_by_hand_is_seen(bare: BareBoard) -> None:
    bare.run(PANEL + f"transfer(0x40)\ntransfer(0xC0, *{COLUMNS!r})\ntransfer(0x8A)")
    assert bare.control.bench.state(soon()).columns == COLUMNS
    state = bare.control.bench.state(soon())
    assert (state.brightness, state.violations) == (2, ())
    # One event: what came into the memory while the display was off was not to be seen.
    assert [event.columns for event in bare.control.bench.events()] == [COLUMNS]


def test_panel_is_dark_while_the_display_is_off(bare: BareBoard) -> None:
    bare.run(
        PANEL + f"transfer(0x40)\ntransfer(0xC0, *{COLUMNS!r})\ntransfer(0x8F)\ntransfer(0x80)"
    )
    assert bare.control.bench.state(soon()).columns == bytes(16)


def test_panel_keeps_its_picture_over_a_reset_and_loses_it_with_the_supply(
    bare: BareBoard,
) -> None:
    bare.run(PANEL + f"transfer(0x40)\ntransfer(0xC0, *{COLUMNS!r})\ntransfer(0x8F)")
    bare.control.lines.hard_reset(soon())
    bare.line.read_until(b">>> ")
    assert bare.control.bench.state(soon()).columns == COLUMNS
    bare.control.power.off(soon())
    assert bare.control.bench.state(soon()).columns == bytes(16)
    assert bare.control.bench.events()[-1].columns == bytes(16)


def test_panel_stop_within_a_byte_is_a_protocol_error(bare: BareBoard) -> None:
    bare.run(PANEL + "data(0); clock(0); data(1); clock(1); clock(0); clock(1); clock(0); data(0)")
    bare.run("clock(1); data(1)")
    assert bare.control.bench.state(soon()).violations == ("a stop within a byte",)
    assert [event.what for event in bare.control.bench.events()] == ["violation"]


def test_reset_in_the_midst_of_a_transfer_leaves_a_panel_that_works(bare: BareBoard) -> None:
    bare.run(PANEL + "data(0); clock(0); data(1); clock(1); clock(0)")
    bare.line.write(b"\x04")
    bare.line.read_until(b"exit\r\n>")
    bare.run(PANEL + f"transfer(0x40)\ntransfer(0xC0, *{COLUMNS!r})\ntransfer(0x8A)")
    state = bare.control.bench.state(soon())
    assert (state.columns, state.violations) == (COLUMNS, ())


@pytest.mark.parametrize(
    "setting",
    [
        "PWM(Pin({pin}), freq=5000, duty={duty})",
        "PWM(Pin({pin}), 5000).duty({duty})",
        "PWM(Pin({pin}), freq=5000, duty_u16={duty_u16})",
    ],
)
@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 1, 254), (7, 128, 255), (0, 0, 0)])
def test_led_shows_the_colour_with_red_inverted(
    bare: BareBoard, setting: str, colour: tuple[int, int, int]
) -> None:
    lines = ["from machine import PWM, Pin"]
    for pin, value in zip((14, 21, 4), colour, strict=True):
        duty, duty_u16 = value * 4, value * 257
        if pin == 14:
            duty, duty_u16 = 1023 - duty, 65535 - duty_u16
        lines.append("kept = " + setting.format(pin=pin, duty=duty, duty_u16=duty_u16))
    bare.run("\n".join(lines))
    assert bare.control.bench.state(soon()).led == colour


def test_led_channels_set_one_after_the_other_are_one_change(bare: BareBoard) -> None:
    bare.run(
        "from machine import PWM, Pin\nchannels = [PWM(Pin(p), freq=5000, duty=d) for p, d in"
        " ((14, 1023), (21, 0), (4, 0))]\n"
    )
    bare.control.bench.state(soon())
    bare.control.bench.take()
    bare.run("for channel, duty in zip(channels, (3, 1020, 400)): channel.duty(duty)")
    bare.control.bench.state(soon())
    assert [event.led for event in bare.control.bench.events()] == [(255, 255, 100)]


def test_led_is_dark_after_a_soft_reset(bare: BareBoard) -> None:
    bare.run("from machine import PWM, Pin\nled = PWM(Pin(4), freq=5000, duty=1020)")
    assert bare.control.bench.state(soon()).led == (0, 0, 255)
    bare.line.write(b"\x04")
    bare.line.read_until(b"exit\r\n>")
    assert bare.control.bench.state(soon()).led == (0, 0, 0)


@pytest.mark.parametrize(
    ("name", "pin", "released"), [("button_a", 2, 0), ("button_c", 27, 1), ("gpio13", 13, 0)]
)
def test_input_pin_follows_the_bench(bare: BareBoard, name: str, pin: int, released: int) -> None:
    code = f"from machine import Pin\nprint(Pin({pin}, Pin.IN).value())"
    assert bare.run(code) == f"{released}\n"
    bare.control.inputs.set(name, True, soon())  # noqa: FBT003, pressed
    assert bare.run(code) == f"{1 - released}\n"
    bare.line.write(b"\x04")
    bare.line.read_until(b"exit\r\n>")
    assert bare.run(code) == f"{1 - released}\n"


def test_adc_reads_the_fraction_that_was_set(bare: BareBoard) -> None:
    bare.control.inputs.set("potentiometer", 0.5, soon())
    code = "from machine import ADC, Pin\na = ADC(Pin(39), atten=ADC.ATTN_11DB)\n"
    code += "print(a.read_u16(), a.read())"
    assert bare.run(code) == "32768 2048\n"


@pytest.mark.parametrize(
    ("name", "value"), [("nose", 1), ("gpio40", 1), ("light", 2), ("wifi", "odd"), ("light", "x")]
)
def test_input_that_does_not_exist_is_refused(
    bare: BareBoard, name: str, value: float | str
) -> None:
    with pytest.raises(ConfigError):
        bare.control.inputs.set(name, value, soon())


def test_pin_interrupt_comes_while_the_program_sleeps(bare: BareBoard) -> None:
    bare.start(
        "from machine import Pin\nimport time\nseen = []\n"
        "Pin(2, Pin.IN).irq(seen.append, Pin.IRQ_RISING)\nprint('ready')\n"
        "while not seen: time.sleep_ms(500)\nprint(seen)"
    )
    bare.line.read_until(b"ready\r\n")
    bare.control.inputs.set("button_a", True, soon())  # noqa: FBT003, pressed
    assert bare.finish() == ("[Pin(2)]\r\n", "")


def test_timers_fire_while_the_program_sleeps(bare: BareBoard) -> None:
    output = bare.run(
        "from machine import Timer\nimport time\nticks = []\n"
        "t = Timer(0)\nt.init(period=20, mode=Timer.PERIODIC, callback=ticks.append)\n"
        "once = Timer(1, period=30, mode=Timer.ONE_SHOT, callback=lambda t: print('once'))\n"
        "time.sleep_ms(110)\nt.deinit()\nn = len(ticks)\ntime.sleep_ms(50)\n"
        "print(3 <= n <= 5, len(ticks) == n, ticks[0] is t)"
    )
    assert output == "once\nTrue True True\n"


TICK = (
    "from machine import PWM, Pin, Timer\nled = PWM(Pin(4), freq=5000, duty=0)\n"
    "Timer(0).init(period=30, mode=Timer.ONE_SHOT, callback=lambda t: led.duty(1020))\n"
)


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("", id="at the prompt"),
        pytest.param("while True: pass", id="in a busy loop"),
        pytest.param("import sys\nsys.stdin.buffer.read(5)", id="while it reads its input"),
        pytest.param(
            "import select, sys\np = select.poll()\np.register(sys.stdin, 1)\np.poll()",
            id="while it polls",
        ),
    ],
)
def test_timer_fires_whatever_the_program_does(bare: BareBoard, program: str) -> None:
    bare.start(TICK + program)
    assert bare.control.bench.wait_event(0, soon()) == 1
    assert bare.control.bench.events()[0].led == (0, 0, 255)


def test_each_of_many_timers_fires_at_the_prompt(bare: BareBoard) -> None:
    bare.run(
        "from machine import PWM, Pin, Timer\nled = PWM(Pin(4), freq=5000, duty=0)\n"
        "for pin in (2, 12, 27):\n    Pin(pin, Pin.IN).irq(print)\n"
        "busy = [Timer(n, period=1, mode=Timer.PERIODIC, callback=id) for n in range(3)]\n"
        "Timer(3).init(period=30, mode=Timer.ONE_SHOT, callback=lambda t: led.duty(1020))\n"
    )
    assert bare.control.bench.wait_event(0, soon()) == 1
    assert bare.control.bench.events()[0].led == (0, 0, 255)


def test_ctrl_c_reaches_the_program_and_not_the_timers(bare: BareBoard) -> None:
    bare.run(
        "from machine import Timer\nkept = []\ndef work(t): kept[:] = [str(i) for i in range(20)]\n"
        "Timer(0).init(period=3, mode=Timer.PERIODIC, callback=work)"
    )
    for _ in range(40):
        bare.start("while True: x = [0] * 50")
        bare.line.write(b"\x03")
        _, traceback = bare.finish()
        assert "KeyboardInterrupt" in traceback
        assert "_timers" not in traceback
    assert bare.run("print(len(kept))") == "20\n"


def test_soft_reset_ends_timers(bare: BareBoard) -> None:
    bare.run(TICK.replace("ONE_SHOT", "PERIODIC"))
    bare.line.write(b"\x04")
    bare.line.read_until(b"exit\r\n>")
    bare.control.bench.state(soon())
    bare.control.bench.take()
    bare.run("import time\ntime.sleep_ms(50)")
    bare.control.bench.state(soon())
    assert bare.control.bench.events() == []


def test_exception_in_a_timer_is_printed_and_the_program_goes_on(bare: BareBoard) -> None:
    output = bare.run(
        "from machine import Timer\nimport time\n"
        "Timer(0).init(period=5, mode=Timer.ONE_SHOT, callback=lambda t: 1 / 0)\n"
        "time.sleep_ms(20)\nprint('on')"
    )
    assert "ZeroDivisionError" in output
    assert output.endswith("on\n")


def test_time_begins_with_the_board(bare: BareBoard) -> None:
    output = bare.run(
        "import time\nprint(time.ticks_ms() < 10000, time.time() < 10, time.gmtime()[:3],"
        " time.mktime(time.gmtime(86400)), time.ticks_diff(5, 0x3fffffff))"
    )
    assert output == "True True (2000, 1, 1) 86400 6\n"


def test_rtc_sets_the_clock(bare: BareBoard) -> None:
    output = bare.run(
        "import machine, time\nmachine.RTC().datetime((2026, 11, 23, 0, 12, 30, 15, 0))\n"
        "print(time.localtime()[:6], machine.RTC().datetime()[:7])"
    )
    assert output == "(2026, 11, 23, 12, 30, 15) (2026, 11, 23, 0, 12, 30, 15)\n"


def test_identity_is_the_same_on_all_ways(bare: BareBoard) -> None:
    output = bare.run("import machine, network\nprint(machine.unique_id().hex(), machine.freq())")
    assert output == f"{bare.process.id} 240000000\n"
    assert bare.control.identity["id"] == bare.process.id


def test_names_of_the_old_generation_are_the_models(bare: BareBoard) -> None:
    output = bare.run(
        "import usocket, socket, utime, time, uselect, select, uos, os, umachine, machine\n"
        "print(usocket.socket is socket.socket, utime.sleep is time.sleep,"
        " uselect.poll is select.poll, uos.listdir is os.listdir, umachine.Pin is machine.Pin)"
    )
    assert output == "True True True True True\n"
