"""What a board's firmware offers for moving files, and what takes the place of what it lacks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.board.device_call import call_device
from harness.board.repl import Repl
from harness.deadline import Deadline

#: The stream inflates with a window of 4 KiB, reads ahead 1 KiB, and is compiled on the board.
INFLATING_HEAP_BYTES = 24 * 1024


@dataclass(frozen=True)
class Facility:
    """What may be used on a board. All of it is there from MicroPython 1.21 on an ESP32.

    Attributes:
        inflates: A stream can be inflated; otherwise it carries plain bytes.
        streams: Standard input takes bytes; otherwise each piece of a file is code of its own.
        digests: The board can make SHA-256; otherwise files are read back and compared here.
        prints_bytes: Standard output takes bytes; otherwise files come back as literals.
        decodes: The board knows base64; otherwise pieces are sent as literals.
    """

    inflates: bool = True
    streams: bool = True
    digests: bool = True
    prints_bytes: bool = True
    decodes: bool = True

    def with_less_heap(self) -> Facility:
        """Return what needs less heap; the same when nothing does."""
        return replace(self, inflates=False, streams=self.streams and self.inflates)


#: Is supposed until the board says otherwise: most do not, and to ask each costs 25 ms.
ALL = Facility()

#: What a board raises whose firmware lacks a module or a name, or whose heap is too small.
LACKS = ("ImportError", "AttributeError", "NameError", "MemoryError")


def probe_facility(repl: Repl, deadline: Deadline) -> Facility:
    """Ask a board which facilities it has."""
    answer = call_device(repl, "probe", (), deadline)
    assert isinstance(answer, tuple)  # noqa: S101, our own function's form
    names, heap_bytes = set(answer[0]), int(answer[1])
    streams = {"stdin", "select", "io"} <= names
    return Facility(
        inflates=streams and "deflate" in names and heap_bytes >= INFLATING_HEAP_BYTES,
        streams=streams,
        digests={"hashlib", "binascii"} <= names,
        prints_bytes="stdout" in names,
        decodes="binascii" in names,
    )
