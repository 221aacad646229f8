"""What is wrong with a virtual board or its line: the names of its faults, and their spelling.

One text says all of it: ``boot-noise=200,drop=0.001,seed=7``. Each word is a field of `Fault`; a
word without a number has the one of `ALONE`.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, fields, replace

from harness.errors import ConfigError

#: What a word means that stands without a number, where it may.
ALONE = {"boot_noise": 200, "hang": 0, "crash_loop": -1}
MAX_BYTES = 1 << 20
#: A hub lists a device that has come back within a second.
MAX_AWAY_MS = 60_000
#: Heap that MicroPython's own REPL needs to take a line.
MIN_FREE_HEAP_KB = 4
MAX_FREE_HEAP_KB = 1024
SEEDS = 1_000_000


@dataclass(frozen=True)
class Fault:
    """What is wrong. Of the line: the first six; of the port and the board: the others.

    Attributes:
        boot_noise: So many bytes of garbage come before the banner after a hard reset.
        drop: How likely a byte is lost, each way.
        flip: How likely one bit of a byte is turned over, each way.
        vanish: Once so many bytes have crossed the line the port goes away; -1 for never.
        away: For how long, in milliseconds; it comes back under another name.
        seed: Of all that is random; 0 to draw one.
        hang: Once the board has received so many bytes its processor stands still with interrupts
            off, until a reset or the supply; -1 for never. It happens once.
        crash_loop: So many boots end in a crash before one does not; -1 for all.
        open_reset: Opening the port resets the board.
        no_files: There is no file system.
        no_deflate: The firmware lacks `deflate`.
        no_hashlib: The firmware lacks `hashlib`.
        no_paste: The firmware has raw mode, and no raw paste.
        free_heap: Of its heap a program finds so many kilobytes; 0 for what there is.
    """

    boot_noise: int = 0
    drop: float = 0.0
    flip: float = 0.0
    vanish: int = -1
    away: int = 300
    seed: int = 0
    hang: int = -1
    crash_loop: int = 0
    open_reset: bool = False
    no_files: bool = False
    no_deflate: bool = False
    no_hashlib: bool = False
    no_paste: bool = False
    free_heap: int = 0

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ConfigError: One of them cannot be used.
        """
        for name, low, high in (
            ("boot_noise", 0, MAX_BYTES),
            ("drop", 0, 1),
            ("flip", 0, 1),
            ("vanish", -1, MAX_BYTES),
            ("away", 0, MAX_AWAY_MS),
            ("seed", 0, SEEDS),
            ("hang", -1, MAX_BYTES),
            ("crash_loop", -1, MAX_BYTES),
        ):
            # Written so that nan, which is neither, is refused too.
            if not low <= getattr(self, name) <= high:
                raise _refused(name, getattr(self, name), f"{low} to {high}")
        if self.free_heap and not MIN_FREE_HEAP_KB <= self.free_heap <= MAX_FREE_HEAP_KB:
            expected = f"kilobytes from {MIN_FREE_HEAP_KB} to {MAX_FREE_HEAP_KB}"
            raise _refused("free_heap", self.free_heap, expected)

    @property
    def is_random(self) -> bool:
        """Whether chance has a part in it, so that its seed has to be known."""
        return bool(self.boot_noise or self.drop or self.flip)

    def seeded(self) -> Fault:
        """Return the same with a seed where one is needed."""
        if self.seed or not self.is_random:
            return self
        return replace(self, seed=1 + secrets.randbelow(SEEDS))

    def __str__(self) -> str:
        """Return its spelling, of which `parse_fault` makes the same; empty when nothing is."""
        default = asdict(Fault())
        words = []
        for name, value in asdict(self).items():
            if value != default[name]:
                word = name.replace("_", "-")
                words.append(word if value is True or value == -1 else f"{word}={value}")
        return ",".join(words)


def parse_fault(text: str) -> Fault:
    """Return what a text spells.

    Raises:
        ConfigError: A word is unknown, stands twice, or its number cannot be used.
    """
    kinds = {field.name: str(field.type) for field in fields(Fault)}
    values: dict[str, int | float] = {}
    for word in filter(None, (part.strip() for part in text.split(","))):
        spelled, equals, number = word.partition("=")
        name = spelled.replace("-", "_")
        if name not in kinds or name in values:
            known = ", ".join(each.replace("_", "-") for each in kinds)
            raise _refused(spelled, word, f"each once of: {known}")
        values[name] = _value(name, kinds[name], number if equals else None)
    return Fault(**values)  # type: ignore[arg-type]


def _value(name: str, kind: str, number: str | None) -> int | float:
    try:
        if number is None:
            return True if kind == "bool" else ALONE[name]
        if kind != "bool":
            return float(number) if kind == "float" else int(number)
    except (ValueError, KeyError):
        pass
    word = name.replace("_", "-")
    expected = word if kind == "bool" else f"{word}=NUMBER"
    raise _refused(word, word if number is None else f"{word}={number}", expected)


def _refused(name: str, got: object, expected: str) -> ConfigError:
    return ConfigError(
        "the fault of a virtual board cannot be used",
        on=name.replace("_", "-"),
        expected=expected,
        got=str(got),
        advice='docs/virtual-board.md, "Faults"',
    )
