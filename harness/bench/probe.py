"""What the probe costs: heap and time of each effect, armed, silent, and not armed at all.

Not armed it must cost nothing. That is measured: a second virtual board runs the same device code
with the hook cut out of its source, and both do the same calls in turn. Bytes are exact, since
nothing is collected while they are counted, and must be equal.

Times scatter. A loaded machine only makes them longer, so of each process the fastest repeat
counts; and one process of an interpreter is some percent faster than another by where its memory
lies, so each round begins with a reset, which is a new process, and the two boards change code
from round to round. What is compared is the median of the rounds. Its uncertainty is one and a half
times the width of the middle half of the rounds, of that board whose rounds lie further apart
(three standard errors, for twelve rounds), and the resolution of the clock. It stands as the limit
in the row; on a loaded machine it is wide.

Source: device_src/codey/observer.py (the hook), device_src/hilprobe.py (the probe).
"""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TypeAlias

from harness import shipped
from harness.bench.row import Row, at_most
from harness.board.board import Board
from harness.board.manifest import Manifest, load_manifest
from harness.board.profile import CODEY
from harness.deadline import Deadline
from harness.errors import ConfigError
from harness.lab.opened import OpenedBoard, open_board
from harness.link.spec import parse_specs

ROUNDS = 12
REPEATS = 5
SPREADS = 1.5
EXEC_S = 30.0

#: One record with a picture and a short text; it is garbage as soon as it is printed.
ARMED_HEAP_BYTES = 6144
#: On the host's processor; what an ESP32 takes has not been measured.
ARMED_US = 2000

_CODE = (resources.files(__package__) / "device_code" / "bench_probe.py").read_text("utf-8")

#: Without a sleep between its steps, so that its own cost is not lost in 1.9 s of waiting.
_NO_SLEEP = "import codey.panel; codey.panel.sleep_ms = lambda ms: None"


@dataclass(frozen=True)
class Effect:
    """A call that the probe can see.

    Attributes:
        name: What the table calls it.
        call: Its source.
        count: How many of them are measured together: what armed ones leave fits the heap.
    """

    name: str
    call: str
    count: int = 10


EFFECTS = (
    Effect("display.show(number)", "codey.display.show(38)"),
    Effect("display.show(text)", "codey.display.show('ok')"),
    Effect("display.show_image", "codey.display.show_image('e00d')"),
    Effect("display.set_pixel", "codey.display.set_pixel(3, 4, True)"),
    Effect("display.clear", "codey.display.clear()"),
    Effect("scroll of 3 characters, 18 steps", "codey.display.show('abc')", 1),
    Effect("led.show", "codey.led.show(1, 2, 3)"),
    Effect("wifi.start, again", "codey.wifi.start('a', 'b')"),
)

#: Microseconds and bytes of one call.
Cost: TypeAlias = tuple[float, float]

#: No hook in the code; not armed; armed; armed without records.
WAYS = ("without", "quiet", "armed", "silent")


def measure(
    say: Callable[[str], None], *, device_src: Path | None = None, rounds: int = ROUNDS
) -> list[Row]:
    """Measure it on two virtual boards.

    Args:
        say: Is told what is being measured.
        device_src: Folder of the device code; None for the shipped one.
        rounds: How many processes of each board are measured.

    Returns:
        The rows of the table.
    """
    manifest = load_manifest(device_src or shipped.device_src())
    costs: dict[tuple[str, str], list[Cost]] = {}
    with ExitStack() as stack:
        pair = [_open(stack, manifest), _open(stack, without_hook(manifest))]
        ours, bare = (opened.board for opened in pair)
        rows = _at_rest(ours, bare)
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            # What a board's place costs is the same for both: they change code, and the first turn.
            with_hook, cut = pair[:: 1 if number % 2 else -1]
            with_hook.deploy(manifest)
            cut.deploy(without_hook(manifest))
            ours, bare = with_hook.board, cut.board
            first = ours if number % 4 < 2 else bare  # noqa: PLR2004 (two rounds of four)
            for key, cost in _round(ours, bare, first).items():
                costs.setdefault(key, []).append(cost)
    return [*rows, *(row for effect in EFFECTS for row in _rows_of(effect, costs))]


def _round(ours: Board, bare: Board, first: Board) -> dict[tuple[str, str], Cost]:
    """Return what each effect costs in each way, in a new process of each board.

    `first` has its turn before the other one: of two boards with the same code the one that was
    always second took some microseconds more for a frame.
    """
    found = {}
    second = bare if first is ours else ours
    for board in (first, second):
        board.reset(Deadline.after(EXEC_S))
        for source in ("import codey", _CODE, _NO_SLEEP):
            _run(board, source)
        for effect in EFFECTS:
            _cost(board, effect)
    for effect in EFFECTS:
        pairs = [{each: _cost(each, effect) for each in (first, second)} for _ in range(REPEATS)]
        found["without", effect.name] = min(pair[bare] for pair in pairs)
        found["quiet", effect.name] = min(pair[ours] for pair in pairs)
    for way, arguments in (("armed", ""), ("silent", "records=False")):
        _run(ours, f"import hilprobe; hilprobe.arm({arguments})")
        for effect in EFFECTS:
            found[way, effect.name] = min(_cost(ours, effect) for _ in range(REPEATS))
    return found


def without_hook(manifest: Manifest) -> Manifest:
    """Return the device code with the observer's hook cut out of `codey`.

    Line by line, so that nothing else of what is compiled changes.

    Raises:
        ConfigError: There is no hook in it.
    """
    files = dict(manifest.files)
    for place, file in manifest.files.items():
        if "/codey/" in place:
            files[place] = replace(file, data=_cut(file.data.decode()).encode())
    if files == dict(manifest.files):
        raise ConfigError(
            "the device code has no hook for the probe",
            on=str(manifest.path),
            expected="`if observer.notify:` in its codey package",
        )
    return replace(manifest, files=files)


def _cut(source: str) -> str:
    """Put ``pass`` in the place of each ``if observer.notify:`` and each call of a `_tell`."""
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        is_hook = isinstance(node, ast.If) and ast.unparse(node.test) == "observer.notify"
        is_call = (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and ast.unparse(node.value.func).endswith("._tell")
        )
        if isinstance(node, ast.stmt) and (is_hook or is_call):
            first, last = node.lineno - 1, node.end_lineno or node.lineno
            lines[first:last] = [" " * node.col_offset + "pass\n", *["\n"] * (last - first - 1)]
    return "".join(lines)


def _open(stack: ExitStack, manifest: Manifest) -> OpenedBoard:
    opened = open_board(parse_specs("virtual")[0], CODEY)
    stack.callback(opened.close)
    opened.deploy(manifest)
    return opened


def _at_rest(ours: Board, bare: Board) -> list[Row]:
    """Return what the probe takes while no effect happens."""
    loaded = {}
    for board in (ours, bare):
        before = _heap(board)
        _run(board, "import codey")
        loaded[board] = _heap(board) - before
    probe = _run(ours, "import sys; print('hilprobe' in sys.modules)").strip() != b"False"
    before = _heap(ours)
    _run(ours, "import hilprobe; hilprobe.arm(); hilprobe.disarm()")
    first = _heap(ours)
    _run(ours, "hilprobe.arm(); hilprobe.disarm()")
    again = _heap(ours)
    return [
        _zero("not armed: hilprobe is loaded", probe, "times"),
        at_most(
            "not armed: heap of `import codey`, the hook's share",
            loaded[ours] - loaded[bare],
            "B",
            2048,
            with_hook=loaded[ours],
            without=loaded[bare],
        ),
        Row("armed once: heap that hilprobe keeps", first - before, "B"),
        _zero("armed and disarmed again: heap that stays", again - first, "B"),
    ]


def _heap(board: Board) -> int:
    """Return the bytes in use when all garbage is collected."""
    return int(_run(board, "import gc\ngc.collect(); print(gc.mem_alloc())"))


def _rows_of(effect: Effect, costs: dict[tuple[str, str], list[Cost]]) -> list[Row]:
    name = effect.name
    heap = {way: statistics.median(each[1] for each in costs[way, name]) for way in WAYS}
    took_us = {way: statistics.median(each[0] for each in costs[way, name]) for way in WAYS}
    scatter_us = max(_middle_half(costs[way, name]) for way in ("without", "quiet"))
    uncertainty_us = SPREADS * scatter_us + 1 / effect.count
    fastest_us = {way: min(each[0] for each in costs[way, name]) for way in WAYS}
    return [
        _zero(f"{name}: not armed, heap", heap["quiet"] - heap["without"], "B"),
        at_most(
            f"{name}: not armed, time",
            took_us["quiet"] - took_us["without"],
            "us",
            float(f"{uncertainty_us:.3g}"),
        ),
        at_most(
            f"{name}: armed, heap",
            heap["armed"] - heap["without"],
            "B",
            ARMED_HEAP_BYTES,
            records_off=heap["silent"] - heap["without"],
            call_itself=heap["without"],
        ),
        at_most(
            f"{name}: armed, time",
            fastest_us["armed"] - fastest_us["without"],
            "us",
            float(f"{ARMED_US + uncertainty_us:.4g}"),
            records_off=fastest_us["silent"] - fastest_us["without"],
            call_itself=fastest_us["without"],
        ),
    ]


def _middle_half(costs: list[Cost]) -> float:
    """Return how far apart the middle half of the times lies."""
    low, _, high = statistics.quantiles((took_us for took_us, _ in costs), n=4)
    return high - low


def _cost(board: Board, effect: Effect) -> Cost:
    printed = _run(board, f"_hil_cost(lambda: {effect.call}, {effect.count})")
    heap, took_us = re.findall(rb"^cost (-?\d+) (-?\d+)", printed, re.MULTILINE)[-1]
    return int(took_us) / effect.count, int(heap) / effect.count


def _run(board: Board, source: str) -> bytes:
    return board.exec(source, Deadline.after(EXEC_S))


def _zero(what: str, ours: float, unit: str) -> Row:
    return Row(what, ours, unit, "== 0", ours == 0)
