"""From what the interpreter writes to what a board sends: reports taken out, newlines, the banner.

Each write of the interpreter arrives as one packet, so its own texts (banner, prompt) are told from
a program's output by being a whole packet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: Length of the tag that marks a report.
TAG_BYTES = 8
PROMPT = b">>> "
RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n"
#: What the interpreter's banner says it runs on, and what the board's says.
MACHINE = b"Codey virtual with ESP32"
_HOST_MACHINE = re.compile(rb"; linux .*version\Z")
_BARE_NEWLINE = re.compile(rb"(?<!\r)\n")
_RAW_NEXT = b"R"
#: How the banner and a piece of code end.
_RAW_PROMPTS = (b"\n>", b"\x04>")


@dataclass
class Output:
    """What a run of packets amounts to.

    Attributes:
        data: For the line.
        reports: Of the models, without the tag, in order.
    """

    data: bytearray = field(default_factory=bytearray)
    reports: list[bytes] = field(default_factory=list)


class Console:
    """State machine for one run of the interpreter.

    Attributes:
        is_raw: Whether it is in, or goes on to, the raw REPL.
        at_prompt: Whether the boot is over.
        packet_count: Packets taken so far.
    """

    def __init__(self, tag: bytes, *, is_raw: bool) -> None:
        """Begin with a boot.

        Args:
            tag: How report packets begin, 8 bytes.
            is_raw: Whether the raw REPL follows; its banner then takes the place of the other.
        """
        self.is_raw = is_raw
        self.at_prompt = False
        self.packet_count = 0
        self._goes_raw = is_raw
        self._tag = tag
        self._is_hidden = False
        self._next_is_binary = False
        self._last = b""

    @property
    def at_raw_prompt(self) -> bool:
        """Whether the raw REPL has said that it waits for code, and nothing since."""
        return self.is_raw and self._last in _RAW_PROMPTS

    def take(self, packet: bytes, output: Output) -> None:
        """Take one packet over into `output`."""
        self.packet_count += 1
        if packet.startswith(self._tag):
            report = packet[TAG_BYTES:]
            if report == _RAW_NEXT:
                self._next_is_binary = True
            else:
                self._note_boot(report)
                output.reports.append(report)
            return
        if self._next_is_binary:
            self._next_is_binary = False
            self._send(packet, output)
            return
        if self._is_hidden and not self._is_first_shown(packet):
            return
        if packet == RAW_PROMPT:
            self.is_raw = True
        elif packet == PROMPT:
            self.is_raw = False
        elif _HOST_MACHINE.match(packet):
            packet = b"; " + MACHINE
        if packet.startswith(b"\n") and self._last[-1:] == b"\r":
            self._send(b"\n", output)
            packet = packet[1:]
        self._send(_BARE_NEWLINE.sub(b"\r\n", packet), output)

    def _note_boot(self, report: bytes) -> None:
        if report == b"Brepl":
            self.at_prompt = True
            # Going on in raw mode, the banner and prompt of the friendly one are not for the line.
            self._is_hidden = self._goes_raw

    def _is_first_shown(self, packet: bytes) -> bool:
        self._is_hidden = packet != RAW_PROMPT
        return not self._is_hidden

    def _send(self, data: bytes, output: Output) -> None:
        if data:
            output.data += data
            self._last = (self._last + data)[-2:]
