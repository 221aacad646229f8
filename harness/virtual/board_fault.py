"""What is wrong with a board, from boot to boot and from byte to byte."""

from __future__ import annotations

import random

from harness.virtual.fault import Fault

#: By which raw paste is asked for. A firmware without it takes this for a byte of a program, and
#: the 01 that comes behind for the wish for a new prompt (the virtual board's firmware does too).
_CTRL_E = 5


class BoardFault:
    """The state of a board's faults."""

    def __init__(self) -> None:
        """Begin with a sound board."""
        self.set(Fault())

    def set(self, fault: Fault) -> None:
        """Take over faults; those of the firmware show at the next boot."""
        self._fault = fault
        self._chance = random.Random(f"{fault.seed} boot")  # noqa: S311, no secret
        self._crashes = fault.crash_loop
        self._hang_bytes = fault.hang

    def boot_noise(self) -> bytes:
        """Return what a hard reset puts on the line: levels that no UART drives yet."""
        return self._chance.randbytes(self._fault.boot_noise)

    def boot_words(self) -> str:
        """Return what the boot ROM has to do, as its argument; a crash is counted here."""
        fault = self._fault
        words = {
            "files": fault.no_files,
            "deflate": fault.no_deflate,
            "hashlib": fault.no_hashlib,
            "crash": self._crashes != 0,
        }
        self._crashes -= self._crashes > 0
        heap = [f"heap={fault.free_heap * 1024}"] if fault.free_heap else []
        return ",".join([word for word, is_so in words.items() if is_so] + heap)

    def hangs(self, byte_count: int) -> bool:
        """Count what the board has received; return whether it hangs now, once."""
        if self._hang_bytes < 0:
            return False
        self._hang_bytes -= byte_count
        if self._hang_bytes > 0:
            return False
        self._hang_bytes = -1
        return True

    def typed(self, data: bytes, *, at_raw_prompt: bool) -> bytes:
        """Return what the firmware takes of what was typed."""
        if self._fault.no_paste and at_raw_prompt and data[:1] == bytes((_CTRL_E,)):
            return data[1:]
        return data
