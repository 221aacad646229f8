"""`hilprobe`: records, redirection, snapshots, and nothing left behind."""

from __future__ import annotations

import pytest

from harness.wire.probe_record import Record, RecordStream, Text
from tests.device.panel import frames
from tests.device.program import Seen, run_board


def records(seen: Seen) -> list[Record]:
    """Return the records among what a program printed."""
    stream = RecordStream()
    printed = ("\n".join(seen.lines) + "\n").encode()
    return [item for item in stream.receive(printed) if isinstance(item, Record)]


def text(seen: Seen) -> str:
    """Return what a program printed itself."""
    stream = RecordStream()
    printed = ("\n".join(seen.lines) + "\n").encode()
    found = stream.receive(printed) + stream.flush()
    return b"".join(item.data for item in found if isinstance(item, Text)).decode().strip()


def fields(source: str) -> list[tuple[str, dict[str, object]]]:
    """Return the records of a program that runs with the probe armed."""
    seen = run_board(f"import hilprobe\nhilprobe.arm()\nimport codey, time, network\n{source}")
    return [(record.kind, record.fields) for record in records(seen)]


@pytest.mark.parametrize(
    ("call", "px", "told", "how"),
    [
        ("show(38)", "54547c007c547c000000000000000000", "38", "show"),
        ("show('ok')", "000c12120c0000fe0814120000000000", "ok", "show"),
        ("show('12:28:1')", "007c00005c547444005c5474007c547c", "12:28", "show"),
        ("show_image('e00d')", "e00d" + "00" * 14, None, "image"),
        ("show('o', 0, 0)", "000c12120c00" + "00" * 10, "o", "show"),
        ("set_pixel(0, 0, True)", "80" + "00" * 15, None, "pixel"),
        ("toggle_pixel(15, 7)", "00" * 15 + "01", None, "pixel"),
        ("clear()", "00" * 16, None, "clear"),
        ("show('')", "00" * 16, "", "show"),
    ],
)
def test_each_display_effect_prints_a_record(
    call: str, px: str, told: str | None, how: str
) -> None:
    assert fields(f"codey.display.{call}") == [("display", {"px": px, "text": told, "how": how})]


@pytest.mark.parametrize("wait", ["True", "False"])
def test_scroll_prints_a_record_at_its_start_and_at_its_end(wait: str) -> None:
    seen = run_board(
        f"import hilprobe\nhilprobe.arm()\nimport codey, time\n"
        f"codey.display.show('hi\u4e09\\x04', wait={wait})\ntime.sleep(9)"
    )
    first, last = records(seen)
    assert (first.fields["text"], first.fields["how"], first.ticks_ms) == (
        "hi\u4e09\x04",
        "scroll",
        0,
    )
    assert (last.fields["px"], last.fields["how"], last.ticks_ms) == ("00" * 16, "clear", 2400)
    assert first.fields["px"] == frames(seen)[1][1]


def test_record_lines_are_ascii_without_control_bytes() -> None:
    seen = run_board(
        "import hilprobe\nhilprobe.arm()\nimport codey\n"
        "codey.display.show('\u6e29\U0001f600\\x04\\x1e\\x7f' * 100, wait=False)\n"
        "hilprobe.mark('\u6e29\\n', ['\\x04', None, 1.5])"
    )
    for line in seen.lines[:2]:
        assert line.startswith("\x1e")
        assert line.isascii()
        assert not set(line[1:-5]) & {"\x04", "\x1e", "\x1f", "\x7f"}
        assert len(line) < 4096
    shown, mark = records(seen)
    assert str(shown.fields["text"]).startswith("\u6e29\U0001f600\x04\x1e\x7f\u6e29")
    assert mark.fields == {"name": "\u6e29\n", "value": ["\x04", None, 1.5]}


def test_led_and_wifi_print_records() -> None:
    assert fields(
        "codey.led.show(1, 2, 3)\ncodey.led.set_red('x')\ncodey.led.off()\n"
        "codey.wifi.start('a', 'b')\n"
        "codey.wifi.is_connected()\nnetwork.state = 1010\ncodey.wifi.is_connected()\n"
        "codey.wifi.is_connected()\nnetwork.state = 1000\ncodey.wifi.is_connected()"
    ) == [
        ("led", {"rgb": [1, 2, 3]}),
        ("led", {"rgb": [0, 0, 0]}),
        ("wifi", {"state": "start"}),
        ("wifi", {"state": "connecting"}),
        ("wifi", {"state": "connected"}),
        ("wifi", {"state": "lost"}),
    ]


def test_sounds_infrared_messages_and_handlers_print_records() -> None:
    assert fields(
        "import event\n@event.received('go')\ndef on_go():\n    codey.stop_this_script()\n"
        "codey.speaker.play_tone(440, 1)\ncodey.speaker.volume = 50\ncodey.speaker.play_tone(880)\n"
        "codey.speaker.volume = 20\ncodey.ir.send('hi')\ncodey.broadcast('go')\ntime.sleep(1)"
    ) == [
        ("speaker", {"hz": 440, "volume": 100}),
        ("speaker", {"hz": 0, "volume": 100}),
        ("speaker", {"hz": 880, "volume": 50}),
        ("speaker", {"hz": 880, "volume": 20}),
        ("ir", {"what": "sent", "text": "hi"}),
        ("broadcast", {"text": "go"}),
        ("handler", {"name": "on_go", "what": "begin"}),
        ("handler", {"name": "on_go", "what": "end"}),
    ]


@pytest.mark.parametrize(
    ("data", "what", "text"),
    [("b'ok\\n'", "received", "ok"), ("(4, 251, 88, 167)", "code", "4 88")],
)
def test_infrared_that_comes_prints_a_record(data: str, what: str, text: str) -> None:
    assert fields(
        "import machine\nfrom codey.infrared import _pulses\ncodey.ir.receive()\n"
        f"time.sleep_ms(50)\nfor light, dark in _pulses({data}):\n"
        "    machine.drive(5, 0)\n    time.sleep_us(light)\n    machine.drive(5, 1)\n"
        "    time.sleep_us(dark)\ntime.sleep_ms(50)"
    ) == [("ir", {"what": what, "text": text})]


def test_records_can_be_off_or_chosen() -> None:
    source = "import codey\ncodey.display.show(1)\ncodey.led.off()"
    assert records(run_board(f"import hilprobe\nhilprobe.arm(records=False)\n{source}")) == []
    chosen = records(run_board(f"import hilprobe\nhilprobe.arm(names=('led',))\n{source}"))
    assert [record.kind for record in chosen] == ["led"]


def test_snapshot_tells_what_was_commanded_and_what_the_buffers_hold() -> None:
    seen = run_board(
        "import hilprobe\nhilprobe.arm(records=False)\nimport codey\ncodey.display.show(38)\n"
        "codey.led.show(1, 2, 3)\ncodey.display.buffer[0] = 255\nhilprobe.snapshot()"
    )
    (record,) = records(seen)
    px = "54547c007c547c000000000000000000"
    assert record.kind == "snapshot"
    assert record.fields == {
        "commanded": {"px": px, "text": "38", "rgb": [1, 2, 3]},
        "device": {"px": "ff" + px[2:], "rgb": [1, 2, 3]},
        "armed": True,
    }


def test_snapshot_unarmed_has_no_commanded_state() -> None:
    (record,) = records(run_board("import hilprobe\nhilprobe.snapshot()"))
    assert record.fields == {
        "commanded": None,
        "device": {"px": "00" * 16, "rgb": [0, 0, 0]},
        "armed": False,
    }


@pytest.mark.parametrize("early", ["", "import mqtt, codey\n"])
def test_host_names_are_redirected_for_programs_that_know_nothing(early: str) -> None:
    seen = run_board(
        f"{early}import hilprobe\n"
        "hilprobe.arm(hosts={'mq.makeblock.com': ('127.0.0.1', 1234),"
        " '10.9.9.9': ('127.0.0.1', 5)})\n"
        "import socket, usocket, mqtt, sys\n"
        "for s in socket, usocket, sys.modules['mqtt_stream'].socket:\n"
        "    for host in 'mq.makeblock.com', '10.9.9.9', '127.0.0.1':\n"
        "        print(s.sockaddr(s.getaddrinfo(host, 99)[0][-1])[1:3], end=' ')\n"
    )
    one = "".join(f"(b'\\x7f\\x00\\x00\\x01', {port}) " for port in (1234, 5, 99))
    assert seen.lines[0] == one * 3


def test_star_redirects_any_name_but_no_address() -> None:
    seen = run_board(
        "import hilprobe\nhilprobe.arm(hosts={'*': ('127.0.0.1', 7)})\nimport socket\n"
        "for host in 'no.such.name.example', '127.0.0.2':\n"
        "    print(socket.sockaddr(socket.getaddrinfo(host, 99)[0][-1])[1:3], end=' ')"
    )
    assert seen.lines[0] == "(b'\\x7f\\x00\\x00\\x01', 7) (b'\\x7f\\x00\\x00\\x02', 99) "


@pytest.mark.parametrize("early", ["", "import codey\n"])
def test_wifi_credentials_are_replaced_and_never_printed(early: str) -> None:
    seen = run_board(
        f"{early}import hilprobe\nhilprobe.arm(wifi=('lab', 'geheim'))\nimport codey\n"
        f"codey.wifi.start('own', 'own')\n"
        "import network\nstation = network.WLAN(network.STA_IF)\nstation.connect('x', 'y')\n"
        "print(network.WLAN.IF_STA, station.isconnected())\nhilprobe.snapshot()"
    )
    connects = [call for call in seen.calls if call[0] == "connect"]
    assert connects == [["connect", "lab", "geheim"]] * 2
    assert "geheim" not in "".join(seen.lines)
    assert text(seen) == "0 False"


def test_disarm_leaves_nothing_behind() -> None:
    seen = run_board(
        "import sys, socket, network, mqtt, codey\n"
        "from codey import observer\n"
        "def state():\n"
        "    return [sys.modules.get(n) for n in ('socket', 'usocket', 'network')] + [\n"
        "        sys.modules['mqtt_stream'].socket, sys.modules['codey.station'].network,"
        " observer.notify]\n"
        "before = state()\n"
        "import hilprobe\nhilprobe.arm(hosts={'*': ('1.1.1.1', 1)}, wifi=('a', 'b'))\n"
        "hilprobe.arm(hosts={'*': ('2.2.2.2', 2)}, wifi=('c', 'd'))\n"
        "print(all(a is not b for a, b in zip(before, state())))\n"
        "hilprobe.disarm()\nhilprobe.disarm()\n"
        "print(all(a is b for a, b in zip(before, state())))\ncodey.display.show(1)"
    )
    assert seen.lines[:2] == ["True", "True"]
    assert records(seen) == []


def test_unarmed_neither_codey_nor_mqtt_knows_the_probe() -> None:
    seen = run_board(
        "import sys, mqtt, codey\nprint('hilprobe' in sys.modules)\n"
        "from codey import observer\nprint(observer.notify)"
    )
    assert seen.lines[:2] == ["False", "None"]
