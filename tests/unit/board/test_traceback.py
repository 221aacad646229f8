"""A board's traceback, whatever it holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.board.traceback import parse_traceback
from harness.errors import DeviceException, DeviceFrame

HEAD = "Traceback (most recent call last):\r\n"


@pytest.mark.parametrize(
    ("text", "type_name", "message", "frames"),
    [
        (
            HEAD + '  File "<stdin>", line 1, in <module>\r\nOSError: [Errno 110] ETIMEDOUT\r\n',
            "OSError",
            "[Errno 110] ETIMEDOUT",
            [("<stdin>", 1, "<module>")],
        ),
        (
            HEAD
            + '  File "<stdin>", line 2, in <module>\n'
            + '  File "/hil/mqtt.py", line 30, in connect\nMQTTException: 5\n',
            "MQTTException",
            "5",
            [("<stdin>", 2, "<module>"), ("/hil/mqtt.py", 30, "connect")],
        ),
        (HEAD + "KeyboardInterrupt: \r\n", "KeyboardInterrupt", "", []),
        ("MemoryError: memory allocation failed", "MemoryError", "memory allocation failed", []),
        (
            HEAD + '  File "<stdin>", line 3\r\nSyntaxError: invalid syntax\r\n',
            "SyntaxError",
            "invalid syntax",
            [("<stdin>", 3, "<module>")],
        ),
        (
            HEAD + '  File "main.py", line 1, in f\r\nValueError: first\r\nsecond: more\r\n\r\n',
            "ValueError",
            "first\nsecond: more",
            [("main.py", 1, "f")],
        ),
        (
            HEAD + '  File "m.py", line 1, in f\nE: see\n\n  File "x", line 9, in no_frame\n',
            "E",
            'see\n\n  File "x", line 9, in no_frame',
            [("m.py", 1, "f")],
        ),
        (HEAD + "a.b.Error: x: y: z\r\n", "a.b.Error", "x: y: z", []),
        ("no traceback at all", "Exception", "no traceback at all", []),
        ("", "Exception", "", []),
    ],
    ids=[
        "os",
        "two-frames",
        "interrupt",
        "no-frame",
        "syntax",
        "multi-line",
        "frame-in-message",
        "dotted",
        "none",
        "empty",
    ],
)
def test_traceback_gives_type_message_and_frames(
    text: str, type_name: str, message: str, frames: list[tuple[str, int, str]]
) -> None:
    error = parse_traceback(text.encode(), output=b"out", on="board")
    assert error.type_name == type_name
    assert error.message == message
    assert error.frames == tuple(DeviceFrame(*frame) for frame in frames)
    assert error.output == b"out"
    assert error.on == "board"


def test_places_map_pushed_files_only() -> None:
    text = HEAD + '  File "/hil/a.py", line 1, in f\r\n  File "/b.py", line 2, in g\r\nE: x\r\n'
    error = parse_traceback(text.encode(), places={"/hil/a.py": "device_src/a.py"})
    assert [frame.file for frame in error.frames] == ["device_src/a.py", "/b.py"]
    assert error.tried == "code on the board raised E at /b.py:2"


@given(st.binary(max_size=300))
def test_any_bytes_are_some_exception(data: bytes) -> None:
    error = parse_traceback(data)
    assert isinstance(error, DeviceException)
    assert error.type_name
    assert str(error)
    assert error.one_line()


def test_line_number_without_an_end_is_no_frame() -> None:
    error = parse_traceback(b'  File "x", line ' + b"9" * 5000 + b", in f\nE: x")
    assert error.frames == ()


NAME = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)
PATH = st.from_regex(r"[A-Za-z0-9_/.<>-]{1,20}", fullmatch=True)
MESSAGE = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=30)


@given(
    type_name=NAME,
    message=MESSAGE,
    frames=st.lists(st.tuples(PATH, st.integers(1, 99999), NAME), max_size=4),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_board_prints_is_understood(
    type_name: str, message: str, frames: list[tuple[str, int, str]], end: str
) -> None:
    lines = [f'  File "{path}", line {line}, in {name}' for path, line, name in frames]
    text = end.join(["Traceback (most recent call last):", *lines, f"{type_name}: {message}", ""])
    error = parse_traceback(text.encode())
    assert error.frames == tuple(DeviceFrame(*frame) for frame in frames)
    assert error.type_name == type_name
    assert error.message == message.strip()
