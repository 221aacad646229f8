"""What happened in a test, on one clock: the serial line, the REPL, effects, packets, checks.

Cause and effect of a failure are seldom in the same channel, so every output that tells a story
(page, JUnit, ``timeline.json``) takes it from here.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.report.record import (
    Effect,
    ExecCall,
    ExpectRecord,
    LogLine,
    MqttMessage,
    SerialChunk,
    StepRecord,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.report.record import TestRecord

    Record = StepRecord | ExecCall | SerialChunk | MqttMessage | LogLine | Effect | ExpectRecord

#: The channels, in the order in which they are drawn: from the stimulus to the verdict.
CHANNELS = ("step", "exec", "serial", "mqtt", "broker", "commanded", "bench", "check")

#: Longest text of a moment, in characters; whole texts are in the files beside it.
_TEXT_LENGTH = 160


class Moment(NamedTuple):
    """One thing that happened; a tuple, since a page has twenty thousand of them.

    Attributes:
        start_s: When it began, in seconds since the test's start; may be negative for what was
            seen in the test's set-up.
        end_s: When it ended; the same for what takes no time.
        channel: One of `CHANNELS`.
        record: What was recorded of it.
        is_bad: Whether it is a failure.
    """

    start_s: float
    end_s: float
    channel: str
    record: Record
    is_bad: bool = False

    @property
    def text(self) -> str:
        """What it was, in one line; made when asked for, since drawings of thousands are not."""
        return _TEXTS[type(self.record)](self.record)


def one_line(text: str, length: int = _TEXT_LENGTH) -> str:
    """Return a text in one line, cut in the middle when it is long."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    tail = length // 3
    return f"{line[: length - tail - 3]}...{line[-tail:]}"


def readable(data: bytes) -> str:
    """Return bytes as text, what cannot be shown as an escape; newlines stay."""
    text = data.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode()
        for char in text
    )


def exec_text(call: ExecCall) -> str:
    """Return a call over the REPL in one line."""
    if call.error:
        result = f"{call.error.get('type')}: {call.error.get('message')}"
    else:
        result = repr(call.output) if call.output else "no output"
    return one_line(f"{call.source} -> {result}")


def mqtt_text(message: MqttMessage) -> str:
    """Return a message in one line."""
    flags = f"qos {message.qos}{', retained' if message.retain else ''}"
    payload = base64.b64decode(message.payload) if message.is_base64 else message.payload
    return one_line(f"{message.direction} {message.topic} ({flags}): {payload!r}")


def effect_text(effect: Effect) -> str:
    """Return an effect in one line."""
    parts = [effect.what]
    if effect.text is not None:
        parts.append(repr(effect.text))
    if effect.columns is not None:
        lit = sum(column.bit_count() for column in effect.columns)
        parts.append(f"{lit} of 128 pixels lit" if lit else "dark")
    if effect.rgb is not None:
        parts.append(f"({', '.join(map(str, effect.rgb))})")
    parts.extend(f"{name}={value}" for name, value in effect.detail.items() if value is not None)
    return one_line(" ".join(parts))


def expect_text(expect: ExpectRecord) -> str:
    """Return an expectation in one line."""
    what = expect.what if expect.what == expect.expected else f"{expect.what}: {expect.expected}"
    if not expect.ok:
        return one_line(expect.message or f"not seen: {what}; found {expect.found}")
    took = "" if expect.took_s is None else f" after {expect.took_s * 1000:.0f} ms"
    return one_line(f"{what}{took}")


def serial_text(chunk: SerialChunk) -> str:
    """Return a chunk of a serial line in one line; of a flood its ends."""
    data = chunk.data.rstrip()
    if len(data) > 4 * _TEXT_LENGTH:
        data = data[: 2 * _TEXT_LENGTH] + b"..." + data[-2 * _TEXT_LENGTH :]
    return one_line(f"{'<' if chunk.direction == 'rx' else '>'} {readable(data)}")


def step_text(step: StepRecord) -> str:
    """Return a step in one line."""
    return one_line(f"{step.name}: {step.detail}" if step.detail else step.name)


def log_text(line: LogLine) -> str:
    """Return a line of the broker's log, cut when it is long."""
    return one_line(line.text)


_TEXTS: dict[type, Callable[[Any], str]] = {
    StepRecord: step_text,
    ExecCall: exec_text,
    SerialChunk: serial_text,
    MqttMessage: mqtt_text,
    LogLine: log_text,
    Effect: effect_text,
    ExpectRecord: expect_text,
}


def moments(test: TestRecord) -> list[Moment]:
    """Return all that happened in a test in the order of time."""
    zero = test.start_s
    found: list[Moment] = []

    def add(record: Record, channel: str, took_s: float = 0.0, *, bad: bool = False) -> None:
        end = round(record.t - zero, 6)
        start = round(end - took_s, 6) if took_s else end
        found.append(Moment(start, end, channel, record, bad))

    for step in test.steps:
        add(step, "step", step.seconds, bad=not step.ok)
    for call in test.execs:
        add(call, "exec", call.seconds, bad=call.error is not None)
    for chunk in test.serial:
        add(chunk, "serial")
    for message in test.mqtt:
        add(message, "mqtt")
    for line in test.broker_log:
        add(line, "broker")
    for effect in test.effects:
        add(effect, effect.source)
    for expect in test.expectations:
        add(expect, "check", expect.took_s or 0.0, bad=not expect.ok)
    found.sort(key=lambda moment: (moment.end_s, CHANNELS.index(moment.channel)))
    return found


def failing_instant(test: TestRecord) -> float | None:
    """Return when the test went wrong, in seconds since its start; None if it did not.

    The first expectation that did not hold says it best, then the first step that failed, and
    then the end of the test; but the last attempt at a flaky test has passed.
    """
    if test.verdict in ("pass", "skipped"):
        return None
    if test.failing:
        return round(test.failing.t - test.start_s, 6)
    step = next((step for step in test.steps if not step.ok), None)
    if step:
        return round(step.t - test.start_s, 6)
    return None if test.verdict == "flaky" else test.seconds
