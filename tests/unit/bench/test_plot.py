from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from harness.bench.plot import page, short
from harness.bench.row import Row, at_least, at_most

ROWS = [
    Row("publish", 100.0, "/s", peers={"other": 10.0, "loop": 1000.0}),
    at_least("publish <fast>", 50.0, "/s", 100.0, other=10.0),
    at_most("heap", 500.0, "B", 1000.0, other=250.0),
    at_least("ratio", 2.0, "times", 1.0),
]


def drawings(text: str) -> list[ET.Element]:
    found = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    return [ET.fromstring(each) for each in found]  # noqa: S314 - we wrote it


def widths(drawing: ET.Element) -> list[float]:
    return [float(bar.get("width", "0")) for bar in drawing.iter("rect")]


def test_each_unit_with_peers_has_a_drawing_of_all_its_bars() -> None:
    rates, memory = drawings(page("bench", ROWS, {"cores": 2}))
    assert (len(widths(rates)), len(widths(memory))) == (5, 2)


def test_sizes_are_to_scale_and_rates_are_to_the_scale_of_their_logarithms() -> None:
    rates, memory = drawings(page("bench", ROWS, {}))
    ours, other = widths(memory)
    assert ours == pytest.approx(2 * other, abs=1)
    ours, other, loop = widths(rates)[:3]
    assert ours - other == pytest.approx(loop - ours, abs=2)


def test_limit_is_drawn_where_its_value_is() -> None:
    _, memory = drawings(page("bench", ROWS, {}))
    (limit,) = (line for line in memory.iter("line") if line.get("class") == "limit")
    bar = next(memory.iter("rect"))
    start = float(bar.get("x", "0"))
    assert float(limit.get("x1", "0")) - start == pytest.approx(2 * widths(memory)[0], abs=1)


def test_every_limit_stands_in_the_table_and_one_that_is_not_met_says_so() -> None:
    text = page("bench", ROWS, {})
    table = text[text.index("<table>") : text.index("</table>")]
    assert table.count("<tr><td>") == 3
    assert table.count("not met") == 1
    assert re.search(r"publish &lt;fast&gt;.*?not met", table)


def test_page_is_offline_and_says_where_it_was_measured() -> None:
    text = page("hil bench client", ROWS, {"cores": 2, "load": 0.5})
    assert "cores 2, load 0.5" in text
    assert not re.search(r"(src|href)=", text)
    assert "<fast>" not in text


@pytest.mark.parametrize(
    ("value", "text"), [(12345.6, "12,346"), (0.04321, "0.0432"), (22.73, "22.7"), (-400.0, "-400")]
)
def test_number_is_short(value: float, text: str) -> None:
    assert short(value) == text


def test_value_of_zero_has_a_bar() -> None:
    (drawing,) = drawings(page("bench", [Row("heap", 0.0, "B", peers={"other": 128.0})], {}))
    assert min(widths(drawing)) == 1.0
