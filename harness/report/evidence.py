"""The files of each test: what went over the serial line, the REPL, MQTT, and what was seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.report.entry import rows_from_columns
from harness.report.frames import frames, sampled
from harness.report.picture import blank, panel, png, strip
from harness.report.timeline import failing_instant, moments, readable

if TYPE_CHECKING:
    from harness.report.record import TestRecord

#: Version of ``timeline.json``.
TIMELINE_SCHEMA = 1
#: Most frames on a strip: 12 rows of 4.
_MOST_FRAMES = 48
#: Frames of a difference side by side.
_ACROSS = 8


def evidence_files(test: TestRecord) -> dict[str, bytes]:
    """Return the files of a test by name; one that would be empty is left out."""
    texts = {
        "serial.log": serial_log(test),
        "repl.jsonl": _lines(_exec_rows(test)),
        "mqtt.jsonl": mqtt_jsonl(test),
        "broker.log": broker_log(test),
        "timeline.json": _timeline(test),
    }
    files = {name: text.encode("utf-8", "backslashreplace") for name, text in texts.items() if text}
    picture = frames_png(test)
    if picture:
        files["frames.png"] = picture
    difference = difference_png(test)
    if difference:
        files["difference.png"] = difference
    for number, attempt in enumerate(test.earlier, start=1):
        for name, data in evidence_files(attempt).items():
            files[f"attempt-{number}/{name}"] = data
    return files


def evidence_names(test: TestRecord) -> list[str]:
    """Return the names of `evidence_files` without making them."""
    kinds = {
        "serial.log": test.serial,
        "repl.jsonl": test.execs,
        "mqtt.jsonl": test.mqtt,
        "broker.log": test.broker_log,
        "timeline.json": True,
        "frames.png": frames(test),
        "difference.png": _films(test),
    }
    return [name for name, has in kinds.items() if has]


def serial_lines(test: TestRecord) -> list[tuple[float, str, str, str]]:
    """Return the serial line's text line by line.

    Chunks end where the reader happened to look, so that those of one board and direction are
    joined up to the newline.

    Returns:
        Seconds since the test's start (of the line's first byte), board, direction, text.
    """
    rows: list[tuple[float, str, str, str]] = []
    begun: dict[tuple[str, str], tuple[float, bytes]] = {}
    for chunk in test.serial:
        key = (chunk.board, chunk.direction)
        t, before = begun.pop(key, (chunk.t - test.start_s, b""))
        *lines, rest = (before + chunk.data).split(b"\n")
        for line in lines:
            rows.append((t, *key, readable(line.rstrip(b"\r"))))
            t = chunk.t - test.start_s
        if rest:
            begun[key] = (t, rest)
    rows += [(t, *key, readable(data)) for key, (t, data) in begun.items()]
    return sorted(rows, key=lambda row: row[0])


def serial_log(test: TestRecord) -> str:
    """Return ``serial.log``: time, board, ``<`` from or ``>`` to the board, text."""
    return "".join(
        f"{t:10.4f}  {board}  {'<' if direction == 'rx' else '>'}  {text}\n"
        for t, board, direction, text in serial_lines(test)
    )


def broker_log(test: TestRecord) -> str:
    """Return ``broker.log``: what the broker logged while the test went on."""
    return "".join(f"{line.t - test.start_s:10.4f}  {line.text}\n" for line in test.broker_log)


def mqtt_jsonl(test: TestRecord) -> str:
    """Return ``mqtt.jsonl``: the messages of the harness's own client, one a line."""
    return _lines(
        [
            {
                "t": round(message.t - test.start_s, 6),
                "dir": message.direction,
                "client": message.client,
                "topic": message.topic,
                "payload": {"b64": message.payload} if message.is_base64 else message.payload,
                "qos": message.qos,
                "retain": message.retain,
            }
            for message in test.mqtt
        ]
    )


def frames_png(test: TestRecord) -> bytes | None:
    """Return ``frames.png``: the frames in reading order, or None when there were none."""
    shown = sampled(frames(test), _MOST_FRAMES)
    if not shown:
        return None
    return png(strip([panel(frame.columns, frame.led or (0, 0, 0)) for frame in shown]))


def difference_png(test: TestRecord) -> bytes | None:
    """Return ``difference.png``: what was expected above what came, or None when nothing failed.

    A picture that came shows what is missing and surplus where there is one to compare it with.
    """
    films = _films(test)
    if films is None:
        return None
    expected, found = films
    across = min(_ACROSS, max(len(expected), len(found)))
    alone = expected[0] if len(expected) == len(found) == 1 else None
    pictures = [panel(columns) for columns in expected]
    pictures += [blank(pictures[0])] * (-len(pictures) % across)
    return png(strip([*pictures, *(panel(columns, None, alone) for columns in found)], across))


def _films(test: TestRecord) -> tuple[list[bytes], list[bytes]] | None:
    """Return the pictures that were expected and those that came, of the check that failed."""
    failing = test.failing
    if failing is None or failing.found_columns is None:
        return None
    alone = failing.expected_columns
    expected = list(failing.expected_film) or ([] if alone is None else [alone])
    if not expected:
        return None
    found = [columns for _, columns in failing.found_film] or [failing.found_columns]
    return sampled(expected, _MOST_FRAMES), sampled(found, _MOST_FRAMES)


def _exec_rows(test: TestRecord) -> list[dict[str, Any]]:
    return [
        {
            "t": round(call.t - test.start_s, 6),
            "board": call.board,
            "source": call.source,
            "output": call.output,
            "error": call.error,
            "seconds": call.seconds,
        }
        for call in test.execs
    ]


def _lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _timeline(test: TestRecord) -> str:
    """Return ``timeline.json``: all moments, the frames, and the instant at which it failed."""
    story = {
        "schema": TIMELINE_SCHEMA,
        "test": test.test,
        "started_s": test.start_s,
        "seconds": test.seconds,
        "failing_s": failing_instant(test),
        "moments": [
            {
                "t": moment.end_s,
                "start": moment.start_s,
                "channel": moment.channel,
                "text": moment.text,
                "bad": moment.is_bad,
            }
            for moment in moments(test)
        ],
        "frames": [
            {
                "t": round(frame.t, 6),
                "board": frame.board,
                "source": frame.source,
                "pixels": rows_from_columns(frame.columns),
                "led": frame.led,
            }
            for frame in frames(test)
        ],
    }
    return json.dumps(story, separators=(",", ":")) + "\n"
