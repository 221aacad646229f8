"""The table of a bench as an offline page: bars of ours and of the peers, and the limits.

Rates and times of clients are factors of a thousand apart, so their axis is logarithmic; sizes have
one that begins at 0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby

from markupsafe import Markup, escape

from harness.bench.row import Row

#: In drawing units: the drawing stretches to the width of the page.
_WIDTH, _NAME, _VALUE = 1000, 330, 90
_BAR, _GAP = 14, 12
_TOP = 26

#: Of ours, of the peers in the order of their coming, of the limits.
_STYLE = """
.b0{fill:var(--pass)}.b1{fill:#7a8ba0}.b2{fill:#a7b4c4}.b3{fill:#5d6b7d}.b4{fill:#c3ccd7}
.grid{stroke:var(--line)}.limit{stroke:var(--fail);stroke-width:2}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .soft{fill:var(--muted)}
svg{width:100%;height:auto;background:var(--card);border:1px solid var(--line);border-radius:8px}
.key i{display:inline-block;width:12px;height:12px;margin:0 5px 0 14px;vertical-align:-1px}
td,th{text-align:left;padding:3px 14px 3px 0;border-bottom:1px solid var(--line)}
.n{text-align:right}.bad{color:var(--fail);font-weight:600}
"""
_SWATCH = ("var(--pass)", "#7a8ba0", "#a7b4c4", "#5d6b7d", "#c3ccd7")

_LIMIT = re.compile(r"[<>]=? ([\d.]+)")


@dataclass(frozen=True)
class _Axis:
    """Maps values to the room between the names and the numbers."""

    low: float
    high: float
    is_log: bool

    def x(self, value: float) -> float:
        """Return the place of a value."""
        if self.is_log:
            part = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            part = value / self.high
        return _NAME + (_WIDTH - _NAME - _VALUE) * part

    def ticks(self) -> list[float]:
        """Return values for lines of the grid."""
        if self.is_log:
            first, last = round(math.log10(self.low)), round(math.log10(self.high))
            return [10.0**power for power in range(first, last + 1)]
        return [self.high * part / 4 for part in range(5)]


def _axis(unit: str, values: Sequence[float]) -> _Axis:
    high = max(values)
    if unit in ("/s", "ms"):
        low = min(value for value in values if value > 0)
        return _Axis(10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(high)), True)  # noqa: FBT003 - a field
    step = 10 ** math.floor(math.log10(high or 1))
    return _Axis(0, math.ceil(high / step) * step or 1, False)  # noqa: FBT003 - a field


def page(title: str, rows: Sequence[Row], host: Mapping[str, object]) -> str:
    """Return the page.

    Args:
        title: What was measured.
        rows: The table, in its order.
        host: What it was measured on.
    """
    peers = list(dict.fromkeys(name for row in rows for name in row.peers))
    drawn = [row for row in rows if row.peers]
    drawings = Markup().join(
        Markup("<h2>{}</h2>{}").format(_HEADING.get(unit, unit), _drawing(unit, list(group), peers))
        for unit, group in groupby(sorted(drawn, key=lambda row: row.unit), lambda row: row.unit)
    )
    key = Markup().join(
        Markup('<i style="background:{}"></i>{}').format(_SWATCH[i % len(_SWATCH)], name)
        for i, name in enumerate(["ours", *peers])
    )
    limits = Markup().join(_limit_row(row) for row in rows if row.limit)
    style = (files("harness.report") / "templates" / "page.css").read_text("utf-8")
    said = ", ".join(f"{name} {value}" for name, value in host.items())
    return str(
        Markup(
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            "<title>{title}</title><style>{style}</style><header>"
            '<p class="brand">codey-hil</p><h1>{title}</h1><p class="muted">{said}</p></header>'
            '<main><h2>Limits</h2><table><tr><th>figure<th class="n">ours<th>limit<th></tr>'
            '{limits}</table><p class="key">{key}</p>{drawings}</main></html>\n'
        ).format(
            title=title,
            style=Markup(style + _STYLE),  # noqa: S704 - our own files
            said=said,
            limits=limits,
            key=key,
            drawings=drawings,
        )
    )


_HEADING = {"/s": "Rates, per second", "ms": "Times, in ms", "B": "Memory, in bytes"}


def _limit_row(row: Row) -> Markup:
    return Markup('<tr><td>{}<td class="n">{} {}<td>{}<td class="{}">{}</tr>').format(
        row.what,
        short(row.ours),
        row.unit,
        row.limit,
        "" if row.ok else "bad",
        "ok" if row.ok else "not met",
    )


def _drawing(unit: str, rows: list[Row], peers: list[str]) -> Markup:
    values = [value for row in rows for value in (row.ours, *row.peers.values())]
    axis = _axis(unit, values)
    parts: list[str] = []
    y = _TOP
    for row in rows:
        bars = [(0, row.ours)]
        bars += [(1 + i, row.peers[name]) for i, name in enumerate(peers) if name in row.peers]
        end = y + _BAR * len(bars)
        parts.append(f'<text x="8" y="{y + 11}">{escape(row.what)}</text>')
        for at, (style, value) in enumerate(bars):
            top, right = y + at * _BAR, axis.x(value)
            parts.append(
                f'<rect class="b{style % len(_SWATCH)}" x="{_NAME}" y="{top}" '
                f'width="{max(1.0, right - _NAME):.1f}" height="{_BAR - 3}"/>'
                f'<text class="soft" x="{right + 5:.1f}" y="{top + 10}">{short(value)}</text>'
            )
        if found := _LIMIT.fullmatch(row.limit):
            x = axis.x(float(found[1]))
            parts.append(f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 3}" y2="{end}"/>')
        y = end + _GAP
    grid = "".join(
        f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="18" y2="{y}"/>'
        f'<text class="soft" x="{x:.1f}" y="13" text-anchor="middle">{short(tick)}</text>'
        for tick, x in ((tick, axis.x(tick)) for tick in axis.ticks())
    )
    label = _HEADING.get(unit, unit)
    return Markup(  # noqa: S704 - numbers, and names that were escaped
        f'<svg viewBox="0 0 {_WIDTH} {y}" role="img" aria-label="{escape(label)}">'
        f"{grid}{''.join(parts)}</svg>"
    )


def short(value: float) -> str:
    """Return a number with three digits that count, and without an exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004
