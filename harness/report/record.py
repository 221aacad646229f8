"""A run as frozen data: what `assembly` makes of a journal and every output is written from.

Times called `t` are seconds since the run's start. A panel is `columns`: 16 bytes, one a column
from the left, bit 7 the top row (`show_image` notation). A colour is red, green, blue in 0..255.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: The six verdicts, in the order in which they are shown.
VERDICTS = ("fail", "blocked", "flaky", "quarantined", "skipped", "pass")

#: Where evidence comes from, weakest first, and what that means.
SOURCES = {
    "commanded": "the device API was told so",
    "device": "read from the board's own buffer over the REPL",
    "bench": "seen by an observer outside the program under test",
    "broker": "delivered by the broker to the harness's own client",
    "wire": "the packets between board and broker",
}

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Requirement:
    """One row of the requirement catalogue.

    Attributes:
        not_applicable_because: Why it does not bind the product; empty for one that does.
    """

    id: str
    text: str
    source: str
    kind: str
    title: str
    not_applicable_because: str = ""


@dataclass(frozen=True)
class Deployment:
    """What one push did to a board."""

    t: float
    pushed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    payload_bytes: int
    line_bytes: int
    seconds: float
    manifest: str


@dataclass(frozen=True)
class BoardRecord:
    """One board of the run; `unverified` lists what nobody has checked on hardware."""

    name: str
    kind: str
    id: str
    firmware: str
    port: str
    profile: str
    unverified: tuple[str, ...]
    deployments: tuple[Deployment, ...] = ()

    @property
    def is_virtual(self) -> bool:
        """Whether it is anything but known hardware: doubt is never reported as hardware."""
        return self.kind != "hardware"


@dataclass(frozen=True)
class SerialChunk:
    """Bytes of a serial line; `direction` is ``rx`` (from the board) or ``tx``."""

    t: float
    board: str
    direction: str
    data: bytes


@dataclass(frozen=True)
class ExecCall:
    """Code run on a board over the REPL; `t` is its end; `error` as in the journal."""

    t: float
    board: str
    source: str
    output: str
    error: dict[str, Any] | None
    seconds: float


@dataclass(frozen=True)
class Effect:
    """Something that a board showed or did while a program ran.

    Attributes:
        source: ``commanded`` (a record of the probe) or ``bench`` (an observer outside).
        what: ``panel``, ``led``, ``wifi``, ``mark``, or another kind of record.
        detail: The fields that have no place of their own, such as a mark's name and value.
    """

    t: float
    board: str
    source: str
    what: str
    columns: bytes | None
    rgb: Colour | None
    text: str | None
    ticks_ms: int | None
    detail: dict[str, Any]


@dataclass(frozen=True)
class MqttMessage:
    """One message of the harness's own client; `payload` is text, or base64 if `is_base64`."""

    t: float
    direction: str
    client: str
    topic: str
    payload: str
    is_base64: bool
    qos: int
    retain: bool


@dataclass(frozen=True)
class StepRecord:
    """One step of a scenario; `t` is its end."""

    t: float
    name: str
    ok: bool
    seconds: float
    detail: str


@dataclass(frozen=True)
class ExpectRecord:
    """One expectation; `t` is the moment at which it was decided.

    Attributes:
        expected_film: The pictures that were to come, in order, of what was expected over time.
        found_film: The last of those that came, with the seconds since the check began.
        diff: What the terminal said of it, in lines.
    """

    t: float
    board: str
    what: str
    source: str
    expected: str
    found: str
    ok: bool
    within_s: float | None
    took_s: float | None
    message: str
    expected_columns: bytes | None
    found_columns: bytes | None
    expected_film: tuple[bytes, ...] = ()
    found_film: tuple[tuple[float, bytes], ...] = ()
    diff: str = ""


@dataclass(frozen=True)
class SnapshotRecord:
    """The state of panel and LED at one moment, from one source."""

    t: float
    board: str
    source: str
    columns: bytes
    text: str | None
    led: Colour
    ticks_ms: int | None


@dataclass(frozen=True)
class Measurement:
    """A number with its unit and limit."""

    t: float
    name: str
    value: float | str
    unit: str
    limit: str | None
    ok: bool


@dataclass(frozen=True)
class LogLine:
    """A line of the broker's log."""

    t: float
    text: str


@dataclass(frozen=True)
class TestRecord:
    """One test on its board or boards: one attempt at it, the earlier ones inside.

    Attributes:
        test: The node id.
        slug: Name of its folder below ``tests/``.
        is_ended: False when the journal stops before the test's end; its verdict is then blocked.
        earlier: The attempts before this one, oldest first.
    """

    __test__ = False

    test: str
    name: str
    slug: str
    file: str
    line: int | None
    doc: str
    requirements: tuple[str, ...]
    boards: tuple[str, ...]
    params: dict[str, Any]
    start_s: float
    seconds: float
    verdict: str
    phase: str
    message: str
    parts: dict[str, str] | None
    missing: tuple[str, ...]
    trace: str | None
    is_ended: bool
    serial: tuple[SerialChunk, ...]
    execs: tuple[ExecCall, ...]
    effects: tuple[Effect, ...]
    mqtt: tuple[MqttMessage, ...]
    steps: tuple[StepRecord, ...]
    expectations: tuple[ExpectRecord, ...]
    snapshots: tuple[SnapshotRecord, ...]
    measurements: tuple[Measurement, ...]
    broker_log: tuple[LogLine, ...]
    earlier: tuple[TestRecord, ...] = ()

    @property
    def title(self) -> str:
        """The name with the board in it: ``test_x[virtual-1]``, ``test_x[38-virtual-1]``."""
        board = "+".join(self.boards)
        stem, bracket, inside = self.name.partition("[")
        if not board or board in inside:
            return self.name
        return f"{stem}[{inside[:-1]}-{board}]" if bracket else f"{stem}[{board}]"

    @property
    def failing(self) -> ExpectRecord | None:
        """The first expectation that did not hold."""
        return next((expect for expect in self.expectations if not expect.ok), None)

    @property
    def sentence(self) -> str:
        """One sentence that says what went wrong, or an empty text when nothing did."""
        if self.verdict == "pass":
            return ""
        if self.failing and self.failing.message:
            return self.failing.message.splitlines()[0]
        if self.message:
            return self.message.splitlines()[0]
        if self.missing:
            return f"not available here: {', '.join(self.missing)}"
        return (self.parts or {}).get("tried", "")


@dataclass(frozen=True)
class Run:
    """A whole run.

    Attributes:
        wall: Its start as ISO text in UTC.
        is_ended: False when the journal stops before the run's end.
        exit: The run's exit code; None when it did not end.
        problems: What makes the evidence incomplete or could not be read, a sentence each.
    """

    id: str
    wall: str
    argv: tuple[str, ...]
    versions: dict[str, str]
    git: dict[str, Any] | None
    device_src: dict[str, str]
    host: dict[str, Any]
    requirements: tuple[Requirement, ...]
    boards: tuple[BoardRecord, ...]
    broker: str
    broker_log: tuple[LogLine, ...]
    tests: tuple[TestRecord, ...]
    seconds: float
    exit: int | None
    is_ended: bool
    problems: tuple[str, ...] = field(default=())

    @property
    def verdicts(self) -> dict[str, int]:
        """How many tests ended with each of the six verdicts, counted from the tests."""
        counts = dict.fromkeys(("pass", "fail", "blocked", "flaky", "quarantined", "skipped"), 0)
        for test in self.tests:
            counts[test.verdict] += 1
        return counts
