"""`codey.led`, `codey.wifi` and the timer over their pins and the station."""

from __future__ import annotations

import pytest

from tests.device.panel import colours
from tests.device.program import run_board

W = "from codey import wifi as w\nimport network, time, machine\n"


@pytest.mark.parametrize(
    ("calls", "colour"),
    [
        ("show(0, 0, 255)", (0, 0, 255)),
        ("show(255, 0, 0)", (255, 0, 0)),
        ("show(0, 255, 0)", (0, 255, 0)),
        ("show(1, 2, 3)", (1, 2, 3)),
        ("show(2555, -1, 9.9)", (255, 0, 9)),
        ("show(float('inf'), float('-inf'), 7)", (255, 0, 7)),
        ("set_red(9)", (9, 5, 6)),
        ("set_green(300)", (4, 255, 6)),
        ("set_blue(-3)", (4, 5, 0)),
        ("off()", (0, 0, 0)),
        ("show(True, 0, 0)", (4, 5, 6)),
        ("show('1', 0, 0)", (4, 5, 6)),
        ("show(1, None, 0)", (4, 5, 6)),
        ("show(1, 0, float('nan'))", (4, 5, 6)),
        ("set_red(True)", (4, 5, 6)),
        ("set_green('1')", (4, 5, 6)),
        ("set_blue([])", (4, 5, 6)),
    ],
)
def test_led_shows_by_duty_what_it_was_told(calls: str, colour: tuple[int, int, int]) -> None:
    seen = run_board(
        f"from codey import led\nled.show(4, 5, 6)\nprint(led.{calls})\nprint(led.rgb)"
    )
    assert colours(seen)[-1] == colour
    assert seen.lines[:2] == ["None", str(colour)]


def test_led_is_off_after_import_at_5_khz_with_red_inverted() -> None:
    seen = run_board("import codey")
    assert [duty for _, _, duty in seen.duties] == [1023, 0, 0]
    assert seen.calls == [["pwm", 14, 5000], ["pwm", 21, 5000], ["pwm", 4, 5000]]
    assert colours(seen)[-1] == (0, 0, 0)


def test_wifi_start_returns_at_once_and_connects_the_station() -> None:
    seen = run_board(
        W
        + "w.start('ssid', 'secret', w.STA)\nprint(time.ticks_ms(), w.wifi_mode, w.is_connected())"
    )
    assert seen.calls[3:] == [["active", True], ["connect", "ssid", "secret"]]
    assert seen.lines[0] == "0 1 False"


def test_wifi_is_connected_takes_50_ms_and_is_true_with_an_address() -> None:
    seen = run_board(
        W + "print(w.is_connected(), time.ticks_ms())\nw.start('s', 'p')\nprint(w.is_connected())\n"
        "network.state = network.STAT_GOT_IP\nprint(w.is_connected(), time.ticks_ms())"
    )
    assert seen.lines[:3] == ["False 50", "False", "True 150"]


@pytest.mark.parametrize(
    ("between", "calls"),
    [
        ("w.start('s', 'p')", [["active", True]]),
        ("network.state = 1010; w.start('s', 'p')", [["active", True]]),
        ("network.state = 1000; w.start('s', 'p')", [["active", True], ["connect", "s", "p"]]),
        ("w.start('s', 'q')", [["active", True], ["disconnect"], ["connect", "s", "q"]]),
        ("w.start('s', 5)", [["active", True], ["disconnect"], ["connect", "s", "5"]]),
        ("w.start('s', 'q', w.AP)", []),
        ("w.start('s', 'q', w.APSTA)", []),
        ("w.start('s' * 33, 'q')", []),
        ("w.start('s', '\u6e29' * 11)", []),
    ],
)
def test_wifi_start_again(between: str, calls: list[list[object]]) -> None:
    seen = run_board(W + f"w.start('s', 'p')\ndel machine.calls[:]\n{between}")
    assert seen.calls == calls


def test_timer_counts_from_import_in_tenths_and_is_reset() -> None:
    seen = run_board(
        "import time\ntime.sleep(3)\nimport codey\ntime.sleep_ms(1290)\nprint(codey.get_timer())\n"
        "codey.reset_timer()\nprint(codey.get_timer())"
    )
    assert seen.lines[:2] == ["1.2", "0.0"]


def test_import_seeds_random() -> None:
    source = "import random\nrandom.seed(1)\nimport codey\nprint(random.getrandbits(24))"
    assert run_board(source).lines[0] != run_board(source).lines[0]


def test_page_example_runs_up_to_the_network_unchanged() -> None:
    seen = run_board(
        "import network\n"
        "class Mqtt:\n"
        "    class MQTTClient:\n"
        "        def __init__(self, *arguments, **options):\n"
        "            print(arguments, sorted(options.items()))\n"
        "        def connect(self):\n            raise SystemExit\n"
        "import sys\nsys.modules['mqtt'] = Mqtt\n"
        "network.WLAN.isconnected = lambda self: True\n"
        "source = open(sys.path[1] + '/../fixtures/programs/page_example.py').read()\n"
        "try:\n    exec(source)\nexcept SystemExit:\n    print('connecting')"
    )
    assert seen.lines[0].startswith("('20180911203800', 'mq.makeblock.com')")
    assert seen.lines[1] == "connecting"
