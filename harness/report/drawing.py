"""The page's drawings as inline SVG: panels, timelines, the strip of all tests.

A panel is one path that draws each lit pixel as a line without length and with square ends: 6
characters a pixel. Equal panels share the path, since most tests show one of a few frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from harness.report.axis import TICK_DISTANCE, WIDTH, Axis
from harness.report.entry import PANEL_COLUMNS, PANEL_ROWS
from harness.report.timeline import CHANNELS, failing_instant, moments

if TYPE_CHECKING:
    from harness.report.record import Run, TestRecord
    from harness.report.timeline import Moment

#: Height of a row of a timeline in drawing units, and of the marks in it.
_ROW, _MARK = 16, 10
_GRID = 3
#: What a row is called, and what is in it.
CHANNEL_NAMES = {
    "step": "steps",
    "exec": "REPL calls",
    "serial": "serial line",
    "mqtt": "MQTT",
    "broker": "broker log",
    "commanded": "commanded",
    "bench": "bench",
    "check": "checks",
}


def _dots(columns: bytes) -> str:
    """Return a path with a dot for each lit pixel."""
    return "".join(
        f"M{x} {y}h0"
        for y in range(PANEL_ROWS)
        for x in range(PANEL_COLUMNS)
        if columns[x] & (0x80 >> y)
    )


class PanelSheet:
    """The panels of one page; their paths are defined once, at its beginning."""

    def __init__(self) -> None:
        """Begin without any panel."""
        self._names: dict[bytes, str] = {}

    def panel(self, columns: bytes, label: str, expected: bytes | None = None) -> Markup:
        """Return the drawing of a panel.

        Args:
            columns: 16 columns, bit 7 the top row.
            label: What a screen reader says.
            expected: What should have been there: a missing pixel gets an outline, a surplus one
                another colour.
        """
        lit = sum(column.bit_count() for column in columns)
        body = self._use(columns, "")
        if expected is not None and expected != columns:
            surplus = bytes(c & ~e for c, e in zip(columns, expected, strict=True))
            missing = bytes(e & ~c for c, e in zip(columns, expected, strict=True))
            body += self._use(surplus, "x") + self._use(missing, "m") + self._use(missing, "h")
        return Markup(
            '<svg class="panel" viewBox="-1 -1 17 9" role="img" aria-label="{}, {} of 128 pixels '
            'lit"><use href="#off"/>{}</svg>'
        ).format(label, lit, Markup(body))  # noqa: S704 (made of numbers and our own names)

    def _use(self, columns: bytes, style: str) -> str:
        if not any(columns):
            return ""
        name = self._names.setdefault(columns, f"f{len(self._names)}")
        kind = f' class="{style}"' if style else ""
        return f'<use href="#{name}"{kind}/>'

    def definitions(self) -> Markup:
        """Return the paths of all panels that were drawn so far."""
        rows = "".join(f"M0 {y}h15.5" for y in range(PANEL_ROWS))
        paths = "".join(
            f'<path id="{name}" d="{_dots(columns)}"/>' for columns, name in self._names.items()
        )
        return Markup(  # noqa: S704 (made of numbers only)
            '<svg width="0" height="0" class="defs" aria-hidden="true"><defs><g id="off">'
            '<rect x="-1" y="-1" width="17" height="9" rx=".7" class="face"/>'
            f'<path d="{rows}" class="dots"/></g>{paths}</defs></svg>'
        )


def _path(name: str, d: list[str]) -> str:
    return f'<path class="{name}" d="{"".join(d)}"/>' if d else ""


def _grid(x: float) -> int:
    """Return a place on the grid of marks: a mark is 2 wide, closer ones cannot be told apart."""
    return _GRID * round(x / _GRID)


def _channel(story: list[Moment], axis: Axis, top: int) -> str:
    """Return a row of a timeline: what took time as bars, the end of each moment as a mark."""
    y, middle = top + (_ROW - _MARK) // 2, top + _ROW // 2
    spans: list[str] = []
    good: set[int] = set()
    bad: set[int] = set()
    for moment in story:
        right = _grid(axis.x(moment.end_s))
        if moment.start_s < moment.end_s:
            left = _grid(axis.x(moment.start_s))
            if left < right:
                spans.append(f"M{left} {middle}H{right}")
        (bad if moment.is_bad else good).add(right)
    runs = _runs(sorted(good))
    dense = [f"M{first} {middle}H{last}" for first, last in runs if first < last]
    marks = [f"M{first} {y}v{_MARK}" for first, last in runs if first == last]
    failures = [f"M{x} {y}v{_MARK}" for x in sorted(bad)]
    return (
        _path("span", list(dict.fromkeys(spans)))
        + _path("dense", dense)
        + _path("mark", marks)
        + _path("bad", failures)
    )


def _runs(places: list[int]) -> list[tuple[int, int]]:
    """Join marks that stand side by side to runs: a flood is one bar, not hundreds of marks."""
    runs: list[tuple[int, int]] = []
    for x in places:
        if runs and x - runs[-1][1] <= _GRID:
            runs[-1] = (runs[-1][0], x)
        else:
            runs.append((x, x))
    return runs


def timeline(test: TestRecord) -> Markup:
    """Return a test's timeline: a row for each channel that has anything, on one axis."""
    story = moments(test)
    if not story:
        return Markup()
    failing = failing_instant(test)
    instants = [t for moment in story for t in (moment.start_s, moment.end_s)]
    axis = Axis(instants if failing is None else [*instants, failing])
    used = [name for name in CHANNELS if any(moment.channel == name for moment in story)]
    height = _ROW * len(used)
    body = "".join(
        f'<rect class="idle" x="{gap.left:.0f}" width="{gap.right - gap.left:.0f}" '
        f'height="{height}"/>'
        for gap in axis.breaks
    )
    for row, channel in enumerate(used):
        body += _channel([each for each in story if each.channel == channel], axis, row * _ROW)
    if failing is not None:
        body += f'<path class="instant" d="M{axis.x(failing):.0f} 0v{height}"/>'
    at = "" if failing is None else _label(axis.x(failing), f"failed at {_short(failing)}")
    labels = "".join(f"<span>{CHANNEL_NAMES[channel]}</span>" for channel in used)
    return Markup(  # noqa: S704 (made of numbers and our own words)
        f'<div class="tl"><div class="at">{at}</div><div class="ch">{labels}</div>'
        f'<svg viewBox="0 0 {WIDTH:.0f} {height}" height="{height}" preserveAspectRatio="none" '
        f'role="img" aria-label="{_said(test, used)}">{body}</svg>'
        f'<div class="ticks">{_ticks(axis)}</div></div>'
    )


def _label(x: float, text: str, kind: str = "") -> str:
    """Return a label at a place of the axis; shifted so that it never leaves the axis.

    `text` is a number with our own words, so there is nothing in it to escape: a page has a
    thousand labels.
    """
    style = f' class="{kind}"' if kind else ""
    return f'<span{style} style="--x:{x / WIDTH * 100:.0f}%">{text}</span>'


def _said(test: TestRecord, used: list[str]) -> str:
    """Return what a screen reader says of a timeline."""
    failing = failing_instant(test)
    names = ", ".join(CHANNEL_NAMES[channel] for channel in used)
    return f"timeline of {names}" + ("" if failing is None else f"; failed at {failing:.3f} s")


def _ticks(axis: Axis) -> str:
    """Return the labels below an axis; those of breaks come before plain ones."""
    gaps = [((gap.left + gap.right) / 2, _short(gap.seconds)) for gap in axis.breaks]
    plain = [
        (tick.x, _short(tick.t))
        for tick in axis.ticks()
        if all(abs(tick.x - x) > TICK_DISTANCE for x, _ in gaps)
    ]
    return "".join(
        [_label(x, text) for x, text in plain]
        + [_label(x, f"{text} idle", "gap") for x, text in gaps]
    )


def _short(seconds: float) -> str:
    """Return a time with three digits: ``4.2 ms``, ``310 ms``, ``2.04 s``."""
    if abs(seconds) >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.{0 if abs(seconds) >= 0.1 else 1}f} ms"  # noqa: PLR2004


def lanes(run: Run) -> Markup:
    """Return when each test ran on which board, a lane for each board, verdicts as colours."""
    names = [board.name for board in run.boards] or [""]
    end = max(run.seconds, 0.001)
    body: list[Markup] = []
    for index, test in enumerate(run.tests):
        for name in test.boards or ("",):
            if name not in names:
                continue
            body.append(
                Markup(
                    '<a href="#t{}"><rect class="v-{}" x="{:.1f}" y="{}" width="{:.1f}" '
                    'height="16">'
                    "<title>{}: {}</title></rect></a>"
                ).format(
                    index,
                    test.verdict,
                    test.start_s / end * WIDTH,
                    names.index(name) * 20 + 2,
                    max(test.seconds / end * WIDTH - 0.6, 1.4),
                    test.title,
                    test.verdict,
                )
            )
    labels = Markup("").join(Markup("<span>{}</span>").format(name) for name in names)
    height = 20 * len(names)
    return Markup(
        '<div class="tl lanes"><div class="ch">{}</div><svg viewBox="0 0 {} {}" height="{}" '
        'preserveAspectRatio="none" aria-label="when each test ran, a lane for each board">{}</svg>'
        '<div class="ticks">{}{}</div></div>'
    ).format(
        labels,
        int(WIDTH),
        height,
        height,
        Markup("").join(body),
        Markup(_label(0, "0 s")),  # noqa: S704 (as above)
        Markup(_label(WIDTH, _short(end))),  # noqa: S704
    )
