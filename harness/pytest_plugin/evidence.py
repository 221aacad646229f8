"""The journal as the parts of a rig see it: each entry goes to the test that runs now."""

from __future__ import annotations

from typing import Any

from harness.board.repl import ReplObserver
from harness.errors import DeviceException
from harness.link.rig import BenchEvent
from harness.report.journal import Journal
from harness.scenario.signal import infrared_text

#: A board that floods fills a disk: of each test this much of a line's bytes is kept.
MAX_SERIAL_BYTES = 512 * 1024

#: Output of one piece of code in the log of calls; the serial log has all of it.
MAX_OUTPUT_CHARS = 4000


class RunEvidence:
    """Writes entries under the current test's id.

    Attributes:
        test: Node id of the test that runs now; None between tests.
    """

    def __init__(self, journal: Journal) -> None:
        """Write to a journal."""
        self.journal = journal
        self.test: str | None = None
        self._serial_bytes: dict[str, int] = {}

    def begin(self, test: str | None) -> None:
        """Attribute what comes now to a test."""
        self.test = test
        self._serial_bytes.clear()

    def write(
        self, kind: str, *, test: str | None = None, board: str | None = None, **fields: object
    ) -> None:
        """Append one entry; see `Journal.write`."""
        self.journal.write(kind, test=test or self.test, board=board, **fields)

    def serial(self, board: str, at_s: float, direction: str, data: bytes) -> None:
        """Take bytes that passed on a board's line; called in the tap's thread too."""
        kept = self._serial_bytes.get(board, 0)
        self._serial_bytes[board] = kept + len(data)
        if kept + len(data) <= MAX_SERIAL_BYTES:
            self.write("serial", board=board, dir=direction, data=data, at_s=at_s)
        elif kept <= MAX_SERIAL_BYTES:
            self.write(
                "step", board=board, name="serial log cut: the board floods", ok=True, seconds=0
            )

    def bench(self, board: str, event: BenchEvent) -> None:
        """Take what an observer saw; written after the test, with the time when it was seen."""
        fields: dict[str, Any]
        if event.what == "panel":
            fields = {"px": event.columns.hex(), "brightness": event.brightness}
        elif event.what == "led":
            fields = {"rgb": list(event.led)}
        elif event.what == "tone":
            fields = {
                "frequency_hz": event.frequency_hz,
                "duty": event.duty,
                "board_us": event.board_us,
            }
        elif event.what == "ir":
            fields = {
                "frequency_hz": event.frequency_hz,
                "durations_us": list(event.durations_us),
                "board_us": event.board_us,
                "text": infrared_text(event),
            }
        else:
            fields = {"text": event.text}
        self.write("bench", board=board, what=event.what, at_s=event.at_s, **fields)


class ExecEvidence(ReplObserver):
    """Writes each piece of code that ran on one board."""

    def __init__(self, board: str, evidence: RunEvidence) -> None:
        """Write under the board's name."""
        self._board = board
        self._evidence = evidence

    def on_exec(
        self, source: str, output: bytes, error: DeviceException | None, seconds: float
    ) -> None:
        """Take note of one run of `source`."""
        self._evidence.write(
            "exec",
            board=self._board,
            source=source[:MAX_OUTPUT_CHARS],
            output=output[-MAX_OUTPUT_CHARS:].decode("utf-8", "replace"),
            error=None if error is None else error_as_json(error),
            seconds=round(seconds, 6),
        )


def error_as_json(error: DeviceException) -> dict[str, object]:
    """Return the JSON shape of a board's exception; docs/interface.md, "JSON"."""
    return {
        "type": error.type_name,
        "message": error.message,
        "traceback": [
            {"file": frame.file, "line": frame.line, "function": frame.function}
            for frame in error.frames
        ],
    }
