"""The models of tones, infrared, the motion sensor, pins and the converter, by programs by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.scenario.signal import infrared_messages, tones
from harness.wire import infrared
from tests.virtual.board.conftest import soon

if TYPE_CHECKING:
    from harness.link.rig import InputValue
    from tests.virtual.board.conftest import BareBoard

SEND = """
import time
from machine import PWM, Pin
carrier = PWM(Pin(26), freq=38000, duty=0)
def send(pulses):
    for place, duration in enumerate(pulses):
        carrier.duty(0 if place % 2 else 341)
        time.sleep_us(duration)
    carrier.duty(0)
"""
LISTEN = """
import time
from machine import Pin
edges = []
receiver = Pin(5, Pin.IN)
receiver.irq(lambda pin: edges.append((time.ticks_us(), pin.value())))
"""
MOTION = """
from machine import I2C, Pin
from ustruct import unpack
bus = I2C(1, scl=Pin(18), sda=Pin(19), freq=100000)
def measured():
    return unpack('>7h', bus.readfrom_mem(0x68, 0x3B, 14))
"""


def wait_for(board: BareBoard, what: str, count: int = 1) -> None:
    """Wait until the bench has seen so many events of a kind."""
    seen = 0
    deadline = soon()
    while len([event for event in board.control.bench.events() if event.what == what]) < count:
        assert not deadline.is_expired
        seen = board.control.bench.wait_event(seen, deadline)


# Tones ----------------------------------------------------------------------------------------


def test_tones_are_heard_with_frequency_duty_and_length(bare: BareBoard) -> None:
    bare.run(
        "import time\nfrom machine import PWM, Pin\n"
        "p = PWM(Pin(25), freq=262, duty=512)\ntime.sleep_ms(60)\np.init(freq=440, duty=256)\n"
        "time.sleep_ms(30)\np.duty(0)\ntime.sleep_ms(20)\np.duty(512)\ntime.sleep_ms(10)\np.deinit()"
    )
    wait_for(bare, "tone", 5)
    heard = tones(bare.control.bench.events())
    assert [(each.frequency_hz, each.duty) for each in heard] == [
        (262, 0.5),
        (440, 0.25),
        (440, 0.5),
    ]
    for tone, least_ms in zip(heard, (60, 30, 10), strict=True):
        assert tone.duration_ms is not None
        # The interpreter's own sleep counts in whole milliseconds, begun ones too.
        assert tone.duration_ms > least_ms - 1
    state = bare.control.bench.state(soon())
    assert (state.frequency_hz, state.duty) == (0, 0.0)


def test_tone_still_sounds_in_the_state_and_ends_with_a_reset(bare: BareBoard) -> None:
    bare.run("from machine import PWM, Pin\np = PWM(Pin(25), freq=880, duty_u16=32768)")
    state = bare.control.bench.state(soon())
    assert (state.frequency_hz, state.duty) == (880, 0.5)
    assert [each.duration_ms for each in tones(bare.control.bench.events())] == [None]
    bare.line.write(b"\x04")
    bare.line.read_until(b"exit\r\n>")
    assert bare.control.bench.state(soon()).frequency_hz == 0


def test_inverted_pwm_is_seen_inverted(bare: BareBoard) -> None:
    bare.run("from machine import PWM, Pin\np = PWM(Pin(25), freq=500, duty_u16=16384, invert=1)")
    assert bare.control.bench.state(soon()).duty == 0.75


# Infrared -------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["ok", infrared.Code(0x10, 0xEF)], ids=["text", "code"])
def test_infrared_light_is_seen_as_what_it_says(
    bare: BareBoard, content: str | infrared.Code
) -> None:
    bare.run(SEND)
    # A busy host stretches a pulse now and then, in the middle of the program's own work; what is
    # measured here is the model, so the program may try again.
    seen = []
    for _ in range(5):
        bare.control.bench.take()
        bare.run(f"send({infrared.pulses(infrared.encode(content))!r})")
        wait_for(bare, "ir")
        (message,) = infrared_messages(bare.control.bench.events())
        seen.append((message.content, message.frequency_hz))
        if message.content == content:
            break
    assert seen[-1] == (content, 38000)


def test_light_without_a_carrier_has_frequency_zero(bare: BareBoard) -> None:
    bare.run("from machine import Pin\np = Pin(26, Pin.OUT)\np(1)\np(0)")
    wait_for(bare, "ir")
    (message,) = infrared_messages(bare.control.bench.events())
    assert (message.frequency_hz, len(message.durations_us), message.content) == (0, 1, None)


@pytest.mark.parametrize("program", ["", "time.sleep_ms(400)", "for i in range(60000): pass"])
def test_edges_come_with_the_spacing_that_was_sent(bare: BareBoard, program: str) -> None:
    pulses = infrared.pulses(infrared.encode(infrared.Code(7, 21)))
    bare.run(LISTEN)
    bare.start(
        f"print('ready')\n{program}\nwhile len(edges) < {len(pulses) + 1}: time.sleep_ms(5)\n"
        "print([edges[i + 1][0] - edges[i][0] for i in range(len(edges) - 1)])\n"
        "print([level for _, level in edges])"
    )
    bare.line.read_until(b"ready\r\n")
    bare.control.inputs.set("ir", pulses, soon())
    output, traceback = bare.finish()
    assert not traceback
    spacing, levels = (eval(line) for line in output.splitlines())  # noqa: S307, a list of ints
    assert [got - sent for got, sent in zip(spacing, pulses, strict=True)] == [0] * len(pulses)
    assert levels == [place % 2 for place in range(len(pulses) + 1)]
    assert infrared.message(spacing) == infrared.encode(infrared.Code(7, 21))


def test_edges_before_the_handler_are_not_told(bare: BareBoard) -> None:
    bare.control.inputs.set("ir", [9000, 4500, 560], soon())
    output = bare.run(LISTEN + "time.sleep_ms(30)\nprint(edges, receiver.value())")
    assert output == "[] 1\n"


def test_pin_of_a_receiver_that_has_heard_nothing_is_high(fresh: BareBoard) -> None:
    fresh.line.write(b"\r\x01")
    fresh.line.read_until(b"raw REPL; CTRL-B to exit\r\n>")
    output = fresh.run("import machine\nprint(machine.Pin(5, machine.Pin.IN).value())")
    assert output == "1\n"


def test_pulse_is_measured_by_polling(bare: BareBoard) -> None:
    bare.start(
        "import machine\nprint('ready')\n"
        "print(machine.time_pulse_us(machine.Pin(5, machine.Pin.IN), 0, 9000000))"
    )
    bare.line.read_until(b"ready\r\n")
    bare.control.inputs.set("ir", [60000], soon())
    output, traceback = bare.finish()
    assert not traceback, traceback
    # It began when it was sent, and was seen a moment later.
    assert 20000 < int(output) < 90000


# Motion ---------------------------------------------------------------------------------------


def test_motion_sensor_sleeps_until_it_is_woken(bare: BareBoard) -> None:
    output = bare.run(
        MOTION
        + "print(bus.scan(), bus.readfrom_mem(0x68, 0x75, 1), bus.readfrom_mem(0x68, 0x6B, 1))\n"
        "print(measured())\nbus.writeto_mem(0x68, 0x6B, b'\\0')\nprint(measured())\n"
        "bus.writeto(0x68, b'\\x75')\nprint(bus.readfrom(0x68, 1))\n"
        "bus.writeto_mem(0x68, 0x6B, b'\\x80')\nprint(measured())"
    )
    asleep = "(0, 0, 0, 0, 0, 0, 0)"
    awake = "(0, 0, 16384, -3920, 0, 0, 0)"
    assert output.splitlines() == ["[104] b'\\x98' b'@'", asleep, awake, "b'\\x98'", asleep]


def test_motion_is_measured_in_the_range_that_was_set(bare: BareBoard) -> None:
    bare.control.inputs.set("acceleration", (-1.0, 0.5, 1.5), soon())
    bare.control.inputs.set("rotation", (100.0, -50.0, 0.0), soon())
    bare.run(MOTION + "bus.writeto_mem(0x68, 0x6B, b'\\0')")
    for setting, turn in enumerate((131.0, 65.5, 32.8, 16.4)):
        value = setting << 3
        output = bare.run(
            f"bus.writeto_mem(0x68, 0x1B, bytes([{value}, {value}]))\nprint(measured())"
        )
        measured = eval(output)  # noqa: S307, a tuple of ints
        g = 16384 >> setting
        assert measured[:3] == (-g, g // 2, g + g // 2)
        assert measured[4:] == pytest.approx((100 * turn, -50 * turn, 0), abs=1)


def test_motion_beyond_the_range_stops_at_its_end(bare: BareBoard) -> None:
    bare.control.inputs.set("acceleration", (5.0, -5.0, 0.0), soon())
    output = bare.run(MOTION + "bus.writeto_mem(0x68, 0x6B, b'\\0')\nprint(measured()[:3])")
    assert output == "(32767, -32768, 0)\n"


def test_nothing_else_is_on_the_bus(bare: BareBoard) -> None:
    bare.run(MOTION + "other = I2C(0, scl=Pin(22), sda=Pin(21))")
    for attempt in ("bus.readfrom(0x69, 1)", "bus.writeto(0, b'')", "other.readfrom(0x68, 1)"):
        code = f"try:\n    {attempt}\nexcept OSError as error:\n    print(error.errno)"
        assert bare.run(code) == "19\n"
    assert bare.run("print(bus.scan(), other.scan())") == "[104] []\n"


def test_chip_says_what_it_was_told_to_be_or_is_not_there(bare: BareBoard) -> None:
    bare.control.inputs.set("imu_id", 0x68, soon())
    assert bare.run(MOTION + "print(bus.readfrom_mem(0x68, 0x75, 1))") == "b'h'\n"
    bare.control.inputs.set("imu_id", 0, soon())
    assert bare.run("print(bus.scan())") == "[]\n"


# Pins and converter ---------------------------------------------------------------------------


def test_pin_that_nothing_drives_follows_its_resistor(bare: BareBoard) -> None:
    code = (
        "from machine import Pin\n"
        "print([Pin(13, Pin.IN, pull).value() for pull in (None, Pin.PULL_UP, Pin.PULL_DOWN)])"
    )
    assert bare.run(code) == "[0, 1, 0]\n"
    bare.control.inputs.set("gpio13", 1, soon())
    assert bare.run(code) == "[1, 1, 1]\n"
    bare.control.inputs.set("gpio13", "open", soon())
    assert bare.run(code) == "[0, 1, 0]\n"


def test_open_drain_pin_pulls_down_and_lets_go(bare: BareBoard) -> None:
    output = bare.run(
        "from machine import Pin\np = Pin(13, Pin.OPEN_DRAIN, Pin.PULL_UP, value=0)\n"
        "print(p.value())\np.value(1)\nprint(p.value())"
    )
    assert output == "0\n1\n"


def test_signal_is_inverted(bare: BareBoard) -> None:
    bare.control.inputs.set("button_c", True, soon())  # noqa: FBT003, pressed
    output = bare.run(
        "from machine import Pin, Signal\ns = Signal(Pin(27, Pin.IN), invert=True)\n"
        "print(s.value())\nled = Signal(14, Pin.OUT, invert=True)\nled.on()"
    )
    assert output == "1\n"
    assert bare.control.bench.state(soon()).led == (255, 0, 0)


@pytest.mark.parametrize("volts", [0.5, 1.3, 3.3])
def test_converter_reads_up_to_its_full_scale(bare: BareBoard, volts: float) -> None:
    bare.control.inputs.set("light", volts / 3.3, soon())
    output = bare.run(
        "from machine import ADC, Pin\na = ADC(Pin(35))\n"
        "for attenuation in (ADC.ATTN_0DB, ADC.ATTN_2_5DB, ADC.ATTN_6DB, ADC.ATTN_11DB):\n"
        "    a.atten(attenuation)\n    print(a.read(), a.read_uv())"
    )
    for line, full_v in zip(output.splitlines(), (1.1, 1.5, 2.2, 3.3), strict=True):
        reading, microvolts = (int(part) for part in line.split())
        assert reading == pytest.approx(4095 * min(1, volts / full_v), abs=1)
        assert microvolts == pytest.approx(1e6 * min(volts, full_v), abs=1500)


def test_converter_has_no_attenuation_unless_told(bare: BareBoard) -> None:
    bare.control.inputs.set("light", 0.5, soon())
    assert bare.run("from machine import ADC, Pin\nprint(ADC(Pin(35)).read())") == "4095\n"


INPUTS: dict[str, InputValue] = {
    "button_a": True,
    "acceleration": (0.0, 1.0, 0.0),
    "ir": (560, 560, 560),
    "wifi": "down",
}


def test_setting_an_input_tells_when(bare: BareBoard) -> None:
    for name, value in INPUTS.items():
        before_s = bare.control.bench.state(soon()).at_s
        at_s = bare.control.inputs.set(name, value, soon())
        assert before_s <= at_s <= bare.control.bench.state(soon()).at_s
