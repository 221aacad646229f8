"""The figures that the client must meet, and the rows of the table made from what was measured."""

from __future__ import annotations

from dataclasses import dataclass

from harness.bench.client_peer import LOOP, OURS, SIMPLE
from harness.bench.row import Row, at_least, at_most

#: Sizes of payload, in bytes, and their names.
SIZES = {16: "16 B", 256: "256 B", 4096: "4 kB"}
#: The one that the limits are for, and that heap and echo are measured with.
SMALL_BYTES = 16

#: What was measured -> client -> value. A client that cannot do a thing has no value there.
Table = dict[str, dict[str, float]]

ECHO_P50, ECHO_P99 = "echo of 16 B at QoS 0, p50", "echo of 16 B at QoS 0, p99"
IMPORT, SIZE_PY, SIZE_MPY = "heap kept by the import", "size as .py", "size as .mpy"
LEAST_PY = "least heap for 20 echoes of 16 B, .py"
LEAST_MPY = "least heap for 20 echoes of 16 B, .mpy"


def publish_name(qos: int, size_bytes: int) -> str:
    """Return the name of the row for publishing."""
    return f"publish {SIZES[size_bytes]}, QoS {qos}"


def receive_name(size_bytes: int) -> str:
    """Return the name of the row for receiving."""
    return f"receive {SIZES[size_bytes]}, QoS 0"


def heap_name(qos: int) -> str:
    """Return the name of the row for the heap that a publish takes."""
    return f"heap for a publish of 16 B, QoS {qos}"


@dataclass(frozen=True)
class Figure:
    """One row, of values as measured.

    Attributes:
        what: Key in the table.
        unit: Of its values.
        most: Limit from above, if there is one.
        below: Limit from above that must not be reached, if there is one.
        least: Limit from below, if there is one.
    """

    what: str
    unit: str
    most: float | None = None
    below: float | None = None
    least: float | None = None

    def row(self, values: dict[str, float]) -> Row:
        """Return the row; ours is among the values."""
        peers = {name: value for name, value in values.items() if name != OURS}
        ours = values[OURS]
        if self.most is not None:
            return at_most(self.what, ours, self.unit, self.most, **peers)
        if self.below is not None:
            return Row(self.what, ours, self.unit, f"< {self.below:g}", ours < self.below, peers)
        if self.least is not None:
            return at_least(self.what, ours, self.unit, self.least, **peers)
        return Row(self.what, ours, self.unit, peers=peers)


@dataclass(frozen=True)
class Comparison:
    """One row with a limit, of ours against another client in the same run.

    Attributes:
        what: Key in the table.
        other: Client.
        least: What ours divided by the other's must at least be, or None.
        most_above: How far ours may at most be above the other's, or None.
        unit: Of the row.
    """

    what: str
    other: str
    least: float | None = None
    most_above: float | None = None
    unit: str = "times"

    @property
    def title(self) -> str:
        """Name of the row."""
        return f"{self.what}: {'ours / ' if self.least is not None else 'ours - '}{self.other}"

    def row(self, values: dict[str, float]) -> Row:
        """Return the row; ours and the other's are among the values."""
        ours, other = values[OURS], values[self.other]
        if self.least is not None:
            return at_least(self.title, ours / other, self.unit, self.least)
        return at_most(self.title, ours - other, self.unit, self.most_above or 0)


#: The limits for publishing, receiving and the echo hold for 16 B; kB is 1000 B, the stricter one.
FIGURES: tuple[Figure | Comparison, ...] = (
    *(Figure(publish_name(0, size), "/s") for size in SIZES),
    Comparison(publish_name(0, SMALL_BYTES), SIMPLE, least=1.0),
    Figure(publish_name(1, SMALL_BYTES), "/s", least=2000),
    *(Figure(publish_name(1, size), "/s") for size in SIZES if size != SMALL_BYTES),
    Comparison(publish_name(1, SMALL_BYTES), LOOP, least=0.5),
    *(Figure(publish_name(2, size), "/s") for size in SIZES),
    *(Figure(receive_name(size), "/s") for size in SIZES),
    Comparison(receive_name(SMALL_BYTES), SIMPLE, least=1.0),
    Figure(ECHO_P50, "ms", below=1),
    Figure(ECHO_P99, "ms"),
    Figure(heap_name(0), "B", most=128),
    Figure(heap_name(1), "B", most=320),
    Figure(heap_name(2), "B"),
    Figure(IMPORT, "B", most=12000),
    Figure(LEAST_PY, "B"),
    Comparison(LEAST_PY, SIMPLE, most_above=8000, unit="B"),
    Figure(LEAST_MPY, "B"),
    Figure(SIZE_PY, "B"),
    Figure(SIZE_MPY, "B", most=8000),
)


def figure_rows(table: Table) -> tuple[list[Row], list[str]]:
    """Make the rows.

    Args:
        table: What was measured.

    Returns:
        The rows, and the names of those that are left out because a value is missing.
    """
    rows: list[Row] = []
    missing: list[str] = []
    for figure in FIGURES:
        values = table.get(figure.what, {})
        title = figure.title if isinstance(figure, Comparison) else figure.what
        needed = {OURS, figure.other} if isinstance(figure, Comparison) else {OURS}
        if lacking := sorted(needed - values.keys()):
            missing.append(f"{title} (nothing from {', '.join(lacking)})")
        else:
            rows.append(figure.row(values))
    return rows, missing
