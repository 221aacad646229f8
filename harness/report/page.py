"""``report.html``: one page without scripts and without anything loaded from elsewhere.

What went wrong stands open at the top with its panel, its clock and its last serial lines; what
passed is one row each. How it looks is in ``templates/``; what is on it is chosen here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from harness.report.drawing import CHANNEL_NAMES, PanelSheet, lanes, timeline
from harness.report.evidence import evidence_names, serial_lines
from harness.report.frames import frames, last_snapshot, sampled
from harness.report.record import SOURCES, VERDICTS
from harness.report.timeline import failing_instant, moments, mqtt_text, one_line
from harness.report.traceability import coverage, shares

if TYPE_CHECKING:
    from harness.report.record import Colour, ExpectRecord, Measurement, Run, TestRecord
    from harness.report.timeline import Moment

#: How many tests that went wrong are told in full; more of them rarely tell more.
FULL_CARDS = 25
_SERIAL_LINES = 10
_LINE_LENGTH = 160
_FRAMES = 8
_FILM = 12
_BEFORE, _AFTER = 10, 3
_TRACE_LENGTH = 4000
#: The verdicts that are told at the top.
_WRONG = ("fail", "blocked", "flaky", "quarantined")
_RGB = re.compile(r"(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})")


@dataclass(frozen=True)
class Series:
    """All values of one measurement in a run."""

    name: str
    unit: str
    limit: str | None
    count: int
    middle: float
    worst: float
    bad: int


def page(run: Run) -> str:
    """Return the text of ``report.html``."""
    sheet = PanelSheet()
    numbered = list(enumerate(run.tests))
    wrong = sorted(
        ((index, test) for index, test in numbered if test.verdict in _WRONG),
        key=lambda pair: (VERDICTS.index(pair[1].verdict), pair[0]),
    )
    folder = files("harness.report") / "templates"
    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_printable,
    )
    environment.globals.update(
        attempt_told=_attempt_told,
        channel_names=CHANNEL_NAMES,
        films_of=_films_of,
        frames_of=lambda test: sampled(frames(test), _FRAMES),
        last_mqtt=_last_mqtt,
        last_serial=_last_serial,
        last_snapshot=last_snapshot,
        led_of=_led_of,
        panel=sheet.panel,
        sources=SOURCES,
        story=_story,
        evidence_names=evidence_names,
        timeline=timeline,
    )
    environment.filters.update(
        duration=_duration, human=_human, one_line=one_line, trimmed=_trimmed
    )
    rows = coverage(run)
    body = environment.from_string((folder / "body.html").read_text("utf-8")).render(
        run=run,
        headline=_headline(run),
        where=_where(run),
        lanes=lanes(run),
        wrong=wrong,
        full_cards=FULL_CARDS,
        groups=_groups([pair for pair in numbered if pair[1].verdict == "pass"]),
        skipped=[pair for pair in numbered if pair[1].verdict == "skipped"],
        series=_series(run),
        coverage=rows,
        shares=shares(rows),
        uncovered=[row for row in rows if row.verdict == "uncovered"],
        requirements={row.requirement.id: row.requirement for row in rows},
        index_of={test.test: index for index, test in numbered},
        verdicts=VERDICTS,
    )
    frame = environment.from_string((folder / "page.html").read_text("utf-8"))
    return frame.render(
        title=f"{_headline(run)}, {run.id}",
        style=Markup((folder / "page.css").read_text("utf-8")),  # noqa: S704 (our own file)
        definitions=sheet.definitions(),
        body=Markup(body),  # noqa: S704 (rendered above, with escaping)
    )


def _printable(value: object) -> object:
    """Return a value for the page, control characters in its text as escapes."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return "".join(
        char
        if char.isprintable() or char == "\n"
        else char.encode("unicode_escape", "backslashreplace").decode()
        for char in value
    )


def _headline(run: Run) -> str:
    """Return the result in one sentence."""
    counts, total = run.verdicts, len(run.tests)
    if not total:
        text = "Nothing ran"
    elif counts["fail"]:
        text = f"The product failed {counts['fail']} of {total} tests"
    elif counts["blocked"]:
        text = f"{counts['blocked']} of {total} tests were blocked by the rig"
    elif counts["pass"] == total:
        text = f"All {total} tests passed"
    else:
        text = f"{counts['pass']} of {total} tests passed, none failed"
    return text if run.is_ended else f"Unfinished run: {text[0].lower()}{text[1:]}"


def _where(run: Run) -> str:
    """Return what the results are worth: real boards, virtual ones, or none; and in whose time."""
    scales = sorted({board.time_scale for board in run.boards} - {1})
    if not scales:
        return _on_what(run)
    times = " and ".join(str(scale) for scale in scales)
    return f"{_on_what(run)} Board time passed {times} times as fast while programs waited."


def _on_what(run: Run) -> str:
    virtual = [board.name for board in run.boards if board.is_virtual]
    real = [board.name for board in run.boards if not board.is_virtual]
    if not run.boards:
        return "No board was opened: nothing here was seen on hardware."
    if not real:
        boards = "a virtual board" if len(virtual) == 1 else f"{len(virtual)} virtual boards"
        return f"Ran on {boards}: nothing here was seen on hardware."
    if virtual:
        return f"Only what ran on {', '.join(real)} was seen on hardware; the rest is virtual."
    return f"Ran on hardware: {', '.join(real)}."


def _groups(
    passed: list[tuple[int, TestRecord]],
) -> list[tuple[str, list[tuple[int, TestRecord]]]]:
    """Return the tests that passed, file by file, in the order in which they ran."""
    passed = sorted(passed, key=lambda pair: (pair[1].file, pair[0]))
    return [(file, list(pairs)) for file, pairs in groupby(passed, key=lambda pair: pair[1].file)]


def _attempt_told(test: TestRecord) -> TestRecord:
    """Return the attempt that tells most: of a flaky test the last that failed."""
    if test.verdict != "flaky" or test.failing:
        return test
    return next((one for one in reversed(test.earlier) if one.verdict != "pass"), test)


def _story(test: TestRecord) -> list[Moment]:
    """Return the moments around the failure; the serial line has a place of its own."""
    told = [moment for moment in moments(test) if moment.channel != "serial"]
    instant = failing_instant(test)
    if instant is None:
        return told[-_BEFORE:]
    before = [moment for moment in told if moment.end_s <= instant + 1e-6]
    after = told[len(before) :]
    return before[-_BEFORE:] + after[:_AFTER]


def _last_serial(test: TestRecord) -> list[tuple[str, str, str]]:
    """Return the last lines of the serial line up to the failure: time, arrow, text."""
    instant = failing_instant(test)
    lines = [
        (f"{t:.3f}", "<" if direction == "rx" else ">", one_line(text, _LINE_LENGTH))
        for t, _, direction, text in serial_lines(test)
        if instant is None or t <= instant + 1e-6
    ]
    return lines[-_SERIAL_LINES:]


def _last_mqtt(test: TestRecord) -> str:
    """Return the last message up to the failure, or an empty text."""
    instant = failing_instant(test)
    before = [m for m in test.mqtt if instant is None or m.t - test.start_s <= instant + 1e-6]
    if not before:
        return ""
    return f"{before[-1].t - test.start_s:.3f} s  {mqtt_text(before[-1])}"


def _films_of(failing: ExpectRecord) -> tuple[list[bytes], list[tuple[float, bytes]]]:
    """Return what was to come and what came; nothing where one picture tells it all."""
    expected, found = list(failing.expected_film), list(failing.found_film)
    if max(len(expected), len(found)) < 2:  # noqa: PLR2004 (a sequence has two)
        return [], []
    return sampled(expected, _FILM), sampled(found, _FILM)


def _led_of(what: str, text: str) -> Colour | None:
    """Return the colour in a check of the LED, such as ``(0, 0, 255)``, if it names one."""
    match = _RGB.search(text)
    if match is None or "led" not in f"{what} {text}".lower():
        return None
    red, green, blue = (min(255, int(part)) for part in match.groups())
    return red, green, blue


def _series(run: Run) -> list[Series]:
    """Return what was measured more than once or not at all well, by name."""
    by_name: dict[tuple[str, str], list[Measurement]] = {}
    for test in run.tests:
        for each in test.measurements:
            if isinstance(each.value, (int, float)):
                by_name.setdefault((each.name, each.unit), []).append(each)
    rows = []
    for (name, unit), found in by_name.items():
        values = [float(each.value) for each in found]
        bad = sum(not each.ok for each in found)
        rows.append(
            Series(name, unit, found[-1].limit, len(found), median(values), max(values), bad)
        )
    return rows


def _duration(seconds: float) -> str:
    """Return a duration as people say it."""
    if seconds >= 60:  # noqa: PLR2004 (a minute)
        return f"{int(seconds // 60)} min {seconds % 60:.0f} s"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def _human(test: TestRecord) -> str:
    """Return what a test is about: the first line of its docstring, else its name in words."""
    if test.doc.strip():
        return test.doc.strip().splitlines()[0]
    return test.name.partition("[")[0].removeprefix("test_").replace("_", " ")


def _trimmed(text: str, length: int = _TRACE_LENGTH) -> str:
    """Return the end of a long text, where the cause stands."""
    return text if len(text) <= length else f"... {text[-length:]}"
