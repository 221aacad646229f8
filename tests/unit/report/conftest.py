"""A journal as a run of 60 tests on two virtual boards writes it, with every verdict in it.

It is written through the real `Journal`; only its clock is the sample's own, so that the outputs
are the same each time.
"""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.report.assembly import assemble
from harness.report.journal import Journal, read_journal
from harness.report.record import Run

#: A small font of 3 x 5 digits, a row of bits each, top first.
DIGITS = {
    "0": (7, 5, 5, 5, 7),
    "1": (2, 6, 2, 2, 7),
    "2": (7, 1, 7, 4, 7),
    "3": (7, 1, 7, 1, 7),
    "4": (5, 5, 7, 1, 1),
    "5": (7, 4, 7, 1, 7),
    "6": (7, 4, 7, 5, 7),
    "7": (7, 1, 1, 1, 1),
    "8": (7, 5, 7, 5, 7),
    "9": (7, 5, 7, 1, 7),
}
BLUE = (0, 0, 255)
OFF = (0, 0, 0)
DARK = "00" * 16


def px_of(number: str) -> str:
    """Return a number as 32 hex digits of panel columns, centred."""
    columns = bytearray(16)
    left = (16 - 4 * len(number) + 1) // 2
    for place, digit in enumerate(number):
        for x in range(3):
            columns[left + 4 * place + x] = sum(
                0x40 >> y for y, row in enumerate(DIGITS[digit]) if row & (4 >> x)
            )
    return columns.hex()


def rows_of(px: str) -> list[str]:
    """Return 32 hex digits of panel columns as 8 rows."""
    columns = bytes.fromhex(px)
    return ["".join("#" if c & (0x80 >> y) else "." for c in columns) for y in range(8)]


class SampleWriter:
    """Writes a journal through the real `Journal`, on a clock of its own."""

    def __init__(self, path: Path, secrets: tuple[str, ...] = ()) -> None:
        """Open the journal."""
        self.now = 0.0
        self.journal = Journal(path, secrets, started_at_s=0.0, clock=lambda: self.now)
        self.verdicts = dict.fromkeys(
            ("pass", "fail", "blocked", "flaky", "quarantined", "skipped"), 0
        )

    def put(self, kind: str, after_s: float = 0.0, **fields: Any) -> None:
        """Let time pass and write one entry."""
        self.now += after_s
        self.journal.write(kind, **fields)

    def begin(self) -> None:
        """Write what stands before the first test."""
        requirements = [
            {
                "id": f"MQTT-{number:02}",
                "title": f"requirement {number}",
                "text": f"What the vendor's page says in place {number}, as a sentence.",
                "source": "vendor page, MQTT",
                "kind": "decided" if number % 9 == 0 else "documented",
            }
            for number in range(1, 51)
        ]
        self.put(
            "run.start",
            schema=1,
            run="20261124-101500-sample",
            wall="2026-11-24T10:15:00Z",
            argv=["hil", "run"],
            versions={
                "python": "3.11.7",
                "harness": "0.1.0",
                "micropython": "1.28.0",
                "mosquitto": "2.0.11",
                "paho": "2.2.0",
                "pytest": "9.2.0",
            },
            git={"commit": "0123456789abcdef0123456789abcdef01234567", "dirty": True},
            device_src={"path": "device_src", "sha256": "ab" * 32},
            host={"system": "Linux", "machine": "x86_64"},
            requirements=requirements,
        )
        for number in (1, 2):
            name = f"virtual-{number}"
            self.put(
                "board.open",
                0.2,
                board=name,
                board_kind="virtual",
                id=f"2462abf0c0d{number}",
                firmware="MicroPython 1.28.0 (virtual)",
                port=f"/dev/pts/{number}",
                profile="codey-virtual",
                unverified=["pin numbers of panel and LED", "PWM frequency of the LED"],
            )
            self.put(
                "board.deploy",
                0.1,
                board=name,
                pushed=["/mqtt.py", "/codey/__init__.py", "/boot.py"],
                unchanged=[],
                removed=[],
                bytes_payload=20480,
                bytes_line=23110,
                seconds=0.09,
                manifest="cd" * 32,
            )
        self.put("broker.start", 0.1, version="mosquitto 2.0.11", host="127.0.0.1", port=18830)

    def start(self, test: str, board: str, requirements: list[str], doc: str) -> None:
        """Begin a test."""
        file, _, name = test.partition("::")
        self.put(
            "test.start",
            0.004,
            test=test,
            name=name,
            file=file,
            line=12 + len(name),
            doc=doc,
            requirements=requirements,
            boards=[board],
            params={},
        )

    def scene(self, test: str, board: str, shown: str, expected: str, *, led: Any = BLUE) -> bool:
        """Run a program on the board, publish, and look at the panel; return whether it held."""
        who = {"test": test, "board": board}
        source = f"import program_{expected}"
        self.put("serial", 0.001, **who, dir="tx", data=f"{source}\x04".encode())
        self.put("serial", 0.002, **who, dir="rx", data=b"OK")
        self.put("broker.log", 0.003, line=f"New client connected from 127.0.0.1 as codey-{board}")
        self.put("record", 0.004, **who, what="wifi", ticks_ms=100, state="connected")
        self.put("record", 0.001, **who, what="led", ticks_ms=104, rgb=list(led))
        self.put("bench", 0.0004, **who, what="led", rgb=list(led))
        self.put("record", 0.002, **who, what="mark", ticks_ms=110, name="subscribed", value=None)
        self.put("step", 0.0, **who, name="start the program", ok=True, seconds=0.0134)
        topic = "/sensors/temperature/home "
        self.put(
            "mqtt",
            0.001,
            test=test,
            dir="sent",
            client="hil",
            topic=topic,
            payload=expected,
            qos=1,
            retain=False,
        )
        self.put("broker.log", 0.0005, line=f"Received PUBLISH from hil (q1, m1, '{topic}')")
        self.put("serial", 0.002, **who, dir="rx", data=f"{topic}:{shown}\r\n".encode())
        self.put(
            "record",
            0.001,
            **who,
            what="display",
            ticks_ms=140,
            px=px_of(shown),
            text=shown,
            how="show",
        )
        self.put("bench", 0.0005, **who, what="panel", px=px_of(shown))
        ok = shown == expected
        took = 0.0045 if ok else 2.0
        self.put(
            "expect",
            0.001 if ok else 1.99,
            **who,
            what="panel",
            source="bench",
            expected=f"shows {expected}",
            found=f"shows {shown}",
            ok=ok,
            within_s=2.0,
            took_s=took,
            message=None
            if ok
            else f"the panel shows {shown}, not {expected}, 2 s after the message",
            expected_px=px_of(expected),
            found_px=px_of(shown),
        )
        self.put(
            "exec",
            0.004,
            **who,
            source="hilprobe.snapshot()",
            output="",
            error=None,
            seconds=0.0031,
        )
        for source in ("commanded", "device", "bench"):
            self.put(
                "snapshot",
                0.0002,
                **who,
                source=source,
                pixels=rows_of(px_of(shown)),
                text=shown if source == "commanded" else None,
                led=list(led),
                ticks_ms=180,
            )
        self.put(
            "measure",
            0.0,
            **who,
            name="publish to panel",
            value=round(4.1 + (self.now * 997) % 3, 2) if ok else 2000.0,
            unit="ms",
            limit="<= 20",
            ok=ok,
        )
        return ok

    def finish(self, test: str, verdict: str, seconds: float, **fields: Any) -> None:
        """End a test; `count` False for an attempt that is not the last."""
        if fields.pop("count", True):
            self.verdicts[verdict] += 1
        given: dict[str, Any] = {
            "phase": "call",
            "message": "",
            "parts": None,
            "missing": [],
            "trace": None,
        }
        self.put(
            "test.end", 0.001, test=test, verdict=verdict, seconds=seconds, **{**given, **fields}
        )

    def end(self, code: int) -> None:
        """Write what stands after the last test."""
        self.put("run.end", 0.2, verdicts=self.verdicts, exit=code, seconds=round(self.now, 3))
        self.journal.close()


def five_parts(tried: str, on: str, expected: str, got: str, advice: str) -> dict[str, str]:
    """Return the parts of an error."""
    return {"tried": tried, "on": on, "expected": expected, "got": got, "advice": advice}


def write_sample(path: Path, secrets: tuple[str, ...] = (), passing: int = 50) -> None:
    """Write a whole run: `passing` tests that pass and ten that do not."""
    out = SampleWriter(path, secrets)
    out.begin()
    areas = ("connect", "will", "publish", "subscribe", "example")
    for number in range(passing):
        area = areas[number * len(areas) // passing]
        board = f"virtual-{1 + number % 2}"
        test = f"tests/scenarios/test_{area}.py::test_{area}_in_case_{number}_shows_it[{board}]"
        begun = out.now
        out.start(
            test, board, [f"MQTT-{1 + number % 44:02}"], f"In case {number} the panel shows it."
        )
        shown = str(10 + number % 7)
        out.scene(test, board, shown, shown)
        out.finish(test, "pass", round(out.now - begun, 4))
    _write_failing(out)
    _write_blocked(out)
    _write_flaky(out)
    _write_others(out)
    out.end(1)


def _write_failing(out: SampleWriter) -> None:
    for number, (shown, led) in enumerate((("33", BLUE), ("88", (255, 0, 0)), ("36", BLUE))):
        board = f"virtual-{1 + number % 2}"
        test = f"tests/scenarios/test_example.py::test_example_round_{number}_shows_38[{board}]"
        out.start(test, board, ["MQTT-44", "MQTT-50"], "Each round the panel shows the message.")
        out.scene(test, board, shown, "38", led=led)
        message = f"the panel shows {shown}, not 38, 2 s after the message"
        parts = five_parts(
            "the panel shows 38 within 2 s",
            f"{board} (bench)",
            "\n".join(rows_of(px_of("38"))),
            "\n".join(rows_of(px_of(shown))),
            f"hil run -k round_{number}",
        )
        trace = f"test_example.py:57: in test_example\n    display.shows('38')\nE   {message}"
        out.finish(test, "fail", 2.04, message=message, parts=parts, trace=trace)


def _write_blocked(out: SampleWriter) -> None:
    test = "tests/scenarios/test_connect.py::test_connect_twice_keeps_one_session[virtual-2]"
    out.start(test, "virtual-2", ["MQTT-13"], "A second connect keeps one session.")
    out.put(
        "serial",
        0.003,
        test=test,
        board="virtual-2",
        dir="rx",
        data=b"rst:0x1 (POWERON_RESET)\r\nboot",
    )
    out.put(
        "step",
        0.4,
        test=test,
        board="virtual-2",
        name="start the program",
        ok=False,
        seconds=0.4,
        detail="link lost",
    )
    parts = five_parts(
        "the port went away while the board answered",
        "/dev/pts/2",
        "bytes of the raw REPL",
        "b'rst:0x1 (POWERON_RESET)\\r\\nboot'",
        "hil doctor --board port:/dev/pts/2",
    )
    out.finish(
        test,
        "blocked",
        0.41,
        message="the port went away while the board answered\n  on: /dev/pts/2",
        parts=parts,
        trace="harness/link/serial.py:88: LinkLost",
    )


def _write_flaky(out: SampleWriter) -> None:
    test = "tests/scenarios/test_publish.py::test_publish_many_in_order[virtual-1]"
    for verdict, shown in (("fail", "21"), ("flaky", "27")):
        out.start(test, "virtual-1", ["MQTT-35"], "Many messages arrive in order.")
        out.scene(test, "virtual-1", shown, "27")
        last = verdict == "flaky"
        message = "failed once, then passed" if last else "the panel shows 21, not 27"
        out.finish(test, verdict, 0.05, message=message, count=last)


def _write_others(out: SampleWriter) -> None:
    test = "tests/scenarios/test_will.py::test_will_of_qos_2_arrives_once[virtual-1]"
    out.start(test, "virtual-1", ["MQTT-24"], "A will of QoS 2 arrives once.")
    out.scene(test, "virtual-1", "11", "12")
    out.finish(test, "quarantined", 2.0, message="known: the broker's log shows two PUBREL")
    for number in range(3):
        test = f"tests/scenarios/test_connect.py::test_connect_with_tls_{number}[virtual-1]"
        out.start(test, "virtual-1", ["MQTT-11"], "TLS is used when it is asked for.")
        out.finish(
            test, "skipped", 0.0, phase="setup", message="no TLS on this board", missing=["tls"]
        )
    test = "tests/scenarios/test_subscribe.py::test_subscribe_<b>odd</b>_name[virtual-2]"
    out.start(test, "virtual-2", ["MQTT-36"], "A <script>alert('doc')</script> & \x1b[31m payload.")
    payload = "</script><img src=x onerror=alert(1)>\x00\x1b[31m"
    out.put(
        "mqtt",
        0.002,
        test=test,
        dir="received",
        client="hil",
        topic="a/<i>b</i>",
        payload=payload,
        qos=0,
        retain=True,
    )
    out.put(
        "mqtt",
        0.002,
        test=test,
        dir="received",
        client="hil",
        topic="raw",
        payload=b"\xff\xfe",
        qos=0,
        retain=False,
    )
    out.put(
        "serial", 0.001, test=test, board="virtual-2", dir="rx", data=b"\xff\x00\x1b]0;x\x07<b>\r\n"
    )
    message = "the payload was <b>not</b> \x1b[31mred\x00"
    out.put(
        "expect",
        0.01,
        test=test,
        board="virtual-2",
        what="payload",
        source="wire",
        expected="<u>",
        found=payload,
        ok=False,
        within_s=1,
        took_s=1,
        message=message,
    )
    out.finish(test, "fail", 0.02, message=message, trace="Traceback <b>\x0c\ud800")


@pytest.fixture
def sample() -> Callable[..., None]:
    """Return what writes the sample's journal to a path."""
    return write_sample


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """Return a run folder with the sample's journal and nothing else."""
    folder = tmp_path / "20261124-101500-sample"
    write_sample(folder / "journal.jsonl")
    return folder


@pytest.fixture
def run(run_dir: Path) -> Run:
    """Return the sample run."""
    return assemble(read_journal(run_dir / "journal.jsonl"))


@pytest.fixture
def file_limit() -> Iterator[Callable[[int], None]]:
    """Return what makes every file of this process full at a size, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield lambda size_bytes: resource.setrlimit(
            resource.RLIMIT_FSIZE, (soft if size_bytes < 0 else size_bytes, hard)
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
