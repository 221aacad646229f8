from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from harness.report.assembly import assemble
from harness.report.journal import Journal, read_journal
from harness.report.page import page
from harness.report.write import write_reports

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.report.record import Run

#: The bar for the page of a run of this size.
MOST_BYTES = 500_000
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Reader(HTMLParser):
    """Reads a page strictly: every element must be closed in order."""

    def __init__(self, text: str) -> None:
        """Read the whole page."""
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element of SVG that closes itself."""
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.texts.append(data)

    def values(self, name: str) -> list[str]:
        """Return the values of all attributes of a name."""
        return [value for _, attribute, value in self.attributes if attribute == name]

    @property
    def text(self) -> str:
        """The text of the page in one line."""
        return " ".join(" ".join(self.texts).split())


@pytest.fixture
def html(run: Run) -> str:
    return page(run)


@pytest.fixture
def read(html: str) -> Reader:
    return Reader(html)


def test_page_loads_nothing_and_runs_nothing(html: str, read: Reader) -> None:
    assert not {"script", "iframe", "object", "embed", "img", "base"} & set(read.tags)
    assert read.values("src") == []
    assert not [name for _, name, _ in read.attributes if name.startswith("on")]
    assert [
        value for value in read.values("href") if re.match(r"(?i)\s*(https?:|//|js)", value)
    ] == []
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in html
    assert "http://" not in html
    assert "https://" not in html


def test_page_is_whole_and_every_reference_inside_it_leads_somewhere(read: Reader) -> None:
    ids = read.values("id")
    assert len(set(ids)) == len(ids)
    inside = {value[1:] for value in read.values("href") if value.startswith("#")}
    assert inside <= set(ids)
    assert len(inside) > 60


def test_page_links_only_to_files_that_are_there(run_dir: Path) -> None:
    write_reports(run_dir)
    read = Reader((run_dir / "report.html").read_text())
    links = [value for value in read.values("href") if value.startswith("tests/")]
    assert len(links) > 60
    assert [link for link in links if not (run_dir / unquote(link)).exists()] == []


def test_page_says_first_what_the_result_is_and_what_it_is_worth(read: Reader) -> None:
    text = read.text
    assert "The product failed 4 of 60 tests" in text
    assert "Ran on 2 virtual boards: nothing here was seen on hardware." in text
    assert text.index("nothing here was seen") < text.index("What went wrong")


def test_page_tells_a_failure_without_a_click(html: str) -> None:
    card = html[html.index("<article") : html.index("</article>")] + "</article>"
    shown = Reader(re.sub(r"<details>.*?</details>", "", card, flags=re.DOTALL))
    text = shown.text
    assert "the panel shows 33, not 38, 2 s after the message" in text
    assert "MQTT-44 What the vendor's page says in place 44" in text
    assert "Expected: shows 38" in text
    assert "Found bench : shows 33" in text
    assert "failed at 2.01 s" in text
    assert "1.99 s idle" in text
    assert "OK/sensors/temperature/home :33" in text
    assert "sent /sensors/temperature/home (qos 1): '38'" in text
    assert "hil run -k round_0" in text
    assert "instant" in shown.values("class")
    drawn = {value for tag, name, value in shown.attributes if (tag, name) == ("use", "class")}
    assert drawn == {"m", "h"}
    assert "LED 0, 0, 255" in shown.values("aria-label")


SEQUENCE = {
    "what": "panel '1', panel '2' in this order",
    "source": "bench",
    "expected": "panel '1', panel '2' in this order",
    "found": "1 of 2 in order, and then no panel '2'",
    "ok": False,
    "within_s": 2.0,
    "message": "the sequence was not seen by bench within 2 s",
    "expected_px": "07" + "00" * 15,
    "found_px": "0f" + "00" * 15,
    "expected_film": [f"{number:02x}" + "00" * 15 for number in (1, 7)],
    "found_film": [[number / 10, f"{number:02x}" + "00" * 15] for number in range(1, 16)],
    "diff": "1 of 2 in order, and then no panel '2'\nexpected:\n1 seen <2 NOT seen>",
}


def test_page_draws_a_sequence_that_failed_as_film_strips(run_dir: Path) -> None:
    path = run_dir / "journal.jsonl"
    lines = []
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        if entry["kind"] == "expect" and "round_0" in (entry["test"] or ""):
            entry.update(SEQUENCE)
        lines.append(json.dumps(entry))
    path.write_text("\n".join(lines))
    run = assemble(read_journal(path))
    html = page(run)
    read = Reader(html[html.index("<article") : html.index("</article>")] + "</article>")
    assert "What was to come" in read.text
    assert "What came bench , 12 of the last 15 pictures" in read.text
    assert "+0.100 s" in read.text
    assert "+1.500 s" in read.text
    assert "As the terminal has it" in read.text
    assert "1 seen <2 NOT seen>" in read.text, "as text, not as an element"
    films = [value for value in read.values("aria-label") if value.startswith("what ")]
    assert films[:2] == ["what was to come", "what came"]
    write_reports(run_dir)
    (picture,) = run_dir.glob("tests/*round_0*/difference.png")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_page_draws_no_strip_where_one_picture_tells_it_all(html: str) -> None:
    assert "What was to come" not in html


def test_page_tells_of_the_attempt_that_failed_in_a_flaky_test(html: str) -> None:
    (card,) = re.findall(r'<article class="card v-flaky".*?</article>', html, re.DOTALL)
    text = Reader(card).text
    assert "2 attempts." in text
    assert "the panel shows 21, not 27" in text
    assert "Found bench : shows 21" in text


def test_page_draws_panel_and_led_for_each_test_that_passed(html: str) -> None:
    rows = re.findall(r'<details class="row".*?</summary>', html, re.DOTALL)
    assert len(rows) == 50
    assert all('class="panel"' in row and 'class="led"' in row for row in rows)
    assert '19 of 128 pixels lit"><use href="#off"/><use href="#f' in rows[3]


def test_page_draws_a_panel_with_a_dot_for_each_lit_pixel(html: str) -> None:
    paths = dict(re.findall(r'<path id="(f\d+)" d="([^"]+)"', html))
    labels = re.findall(
        r"(\d+) of 128 pixels lit\"><use href=\"#off\"/><use href=\"#(f\d+)\"", html
    )
    assert len(labels) > 50
    assert all(int(count) == paths[name].count("M") for count, name in labels)


def test_page_lists_requirements_without_a_test(read: Reader) -> None:
    assert "45 of 50 have a test in this run. Not covered: MQTT-45, MQTT-46" in read.text


def test_page_shows_foreign_text_as_text(html: str, read: Reader) -> None:
    assert "<script" not in html
    assert "onerror=alert(1)" in read.text
    assert "test_subscribe_<b>odd</b>_name" in read.text
    assert "<script>alert('doc')</script> & \\x1b[31m payload." in read.text
    assert "\x1b" not in html
    assert "\x00" not in html


def test_page_is_small(html: str) -> None:
    print(f"{len(html.encode()) / 1000:.0f} kB")  # noqa: T201 (told by pytest -rP)
    assert len(html.encode()) < MOST_BYTES / 2


def test_page_of_busy_tests_stays_small(tmp_path: Path, sample: Callable[..., None]) -> None:
    path = tmp_path / "journal.jsonl"
    sample(path)
    entries = read_journal(path)
    busy = Journal(tmp_path / "busy.jsonl", started_at_s=0.0, clock=lambda: 0.0)
    for entry in entries:
        fields = {k: v for k, v in entry.items() if k not in ("t", "kind", "test", "board")}
        where = {"test": entry["test"], "board": entry["board"], "at_s": float(entry["t"])}
        busy.write(entry["kind"], **where, **fields)
        if entry["kind"] == "expect":
            for number in range(300):
                where["at_s"] = float(entry["t"]) + number / 5000
                busy.write("serial", **where, dir="rx", data=b"x" * 500 + b"\r\n")
                busy.write("bench", **where, what="panel", px=f"{number:032x}")
    busy.close()
    run = assemble(read_journal(busy.path))
    assert max(len(test.serial) for test in run.tests) > 300
    assert len(page(run).encode()) < MOST_BYTES


def test_page_of_a_run_in_which_all_failed_stays_small(run_dir: Path) -> None:
    path = run_dir / "journal.jsonl"
    lines = []
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        if entry["kind"] == "test.end":
            entry.update(verdict="fail", message="all wrong", trace="line of code\n" * 400)
        lines.append(json.dumps(entry))
    path.write_text("\n".join(lines))
    run = assemble(read_journal(path))
    assert run.verdicts["fail"] == 60
    html = page(run)
    assert html.count("<article") == 60
    assert len(html.encode()) < MOST_BYTES


def test_page_of_a_run_that_was_killed_says_so(run_dir: Path) -> None:
    path = run_dir / "journal.jsonl"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    text = Reader(page(assemble(read_journal(path)))).text
    assert "Unfinished run" in text
    assert "The evidence is incomplete. " in text
    assert "the run stopped before this test came to its end" in text


@pytest.mark.parametrize(
    ("kinds", "sentence"),
    [
        ([], "No board was opened: nothing here was seen on hardware."),
        (["virtual"], "Ran on a virtual board: nothing here was seen on hardware."),
        (["hardware"], "Ran on hardware: b0."),
        (["hardware", "virtual"], "Only what ran on b0 was seen on hardware; the rest is virtual."),
        (["?"], "Ran on a virtual board: nothing here was seen on hardware."),
    ],
)
def test_page_never_takes_virtual_for_hardware(kinds: list[str], sentence: str) -> None:
    boards = [
        {"t": 1, "kind": "board.open", "board": f"b{number}", "board_kind": kind}
        for number, kind in enumerate(kinds)
    ]
    run = assemble(
        [{"t": 0, "kind": "run.start", "run": "r"}, *boards, {"t": 2, "kind": "run.end"}]
    )
    assert sentence in Reader(page(run)).text
