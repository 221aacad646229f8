"""From packets of the interpreter to the bytes of a board."""

from __future__ import annotations

from harness.virtual.console import RAW_PROMPT, Console, Output

TAG = b"8 bytes."


def take(console: Console, *packets: bytes) -> Output:
    """Feed packets and return what they amount to."""
    output = Output()
    for packet in packets:
        console.take(packet, output)
    return output


def test_newline_gets_a_carriage_return_once() -> None:
    console = Console(TAG, is_raw=False)
    assert take(console, b"a\nb\r\nc", b"\n", b"\r", b"\n").data == b"a\r\nb\r\nc\r\n\r\n"


def test_binary_packet_is_left_alone_and_only_it() -> None:
    console = Console(TAG, is_raw=False)
    assert take(console, TAG + b"R", b"\n\r\n", b"\n").data == b"\n\r\n\r\n"


def test_report_is_taken_out_in_its_place() -> None:
    output = take(Console(TAG, is_raw=False), b"a", TAG + b"P\x01\x02", b"b")
    assert (bytes(output.data), output.reports) == (b"ab", [b"P\x01\x02"])


def test_banner_names_the_board_and_nothing_else_is_changed() -> None:
    console = Console(TAG, is_raw=False)
    output = take(console, b"MicroPython v9 on 2026-01-01", b"; linux [GCC 14] version", b"\r\n")
    assert output.data == b"MicroPython v9 on 2026-01-01; Codey virtual with ESP32\r\n"
    assert take(console, b"print('; linux [GCC 14] version')").data.count(b"linux") == 1


def test_mode_follows_the_prompts() -> None:
    console = Console(TAG, is_raw=False)
    take(console, RAW_PROMPT, b">")
    assert console.is_raw
    take(console, b"MicroPython", b">>> ")
    assert not console.is_raw


def test_boot_into_raw_mode_hides_the_friendly_prompt_only() -> None:
    console = Console(TAG, is_raw=True)
    output = take(
        console,
        b"from boot.py\n",
        TAG + b"Brepl",
        b"MicroPython v9",
        b"\r\n",
        b">>> ",
        b"\r\n",
        RAW_PROMPT,
        b">",
    )
    assert output.data == b"from boot.py\r\n" + RAW_PROMPT + b">"
    assert console.is_raw
    assert console.at_prompt
