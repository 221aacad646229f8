from __future__ import annotations

import io
import os
import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from harness.broker.log import BrokerLog, LogLine
from harness.deadline import Deadline


def followed(data: bytes) -> BrokerLog:
    log = BrokerLog()
    log.follow(io.BytesIO(data))
    return log


@given(st.binary(max_size=200))
def test_follow_any_bytes_gives_one_line_of_text_for_each_line(data: bytes) -> None:
    texts = [line.text for line in followed(data).since()]
    *whole, rest = data.split(b"\n")
    parts = [*whole, rest] if rest else whole
    assert texts == [part.rstrip(b"\r").decode(errors="backslashreplace") for part in parts]


def test_follow_gives_the_time_of_arrival_and_tells_the_observer() -> None:
    seen: list[LogLine] = []
    log = BrokerLog(seen.append)
    before_s = time.monotonic()
    log.follow(io.BytesIO(b"one\ntwo\n"))
    assert seen == list(log.since())
    assert [line.text for line in seen] == ["one", "two"]
    assert before_s <= seen[0].at_s <= seen[1].at_s <= time.monotonic()


def test_since_a_mark_gives_the_later_lines() -> None:
    log = followed(b"one\ntwo\nthree\n")
    assert log.mark == 3
    assert [line.text for line in log.since(1)] == ["two", "three"]
    assert log.since(3) == ()


def test_wait_finds_a_line_that_was_there_before() -> None:
    line = followed(b"one\ntwo\n").wait(lambda text: text == "two", Deadline.after(0))
    assert line is not None
    assert line.text == "two"


def test_wait_does_not_look_before_its_mark() -> None:
    assert followed(b"one\n").wait(lambda text: text == "one", Deadline.after(9), mark=1) is None


def test_wait_at_the_end_of_the_log_does_not_use_up_its_deadline() -> None:
    deadline = Deadline.after(60)
    assert followed(b"one\n").wait(lambda text: text == "two", deadline) is None
    assert deadline.remaining_s > 50


def test_wait_is_woken_by_the_line_and_by_the_end() -> None:
    read_end, write_end = os.pipe()
    log = BrokerLog()
    reader = threading.Thread(target=log.follow, args=(os.fdopen(read_end, "rb", buffering=0),))
    reader.start()
    try:
        os.write(write_end, b"first\nhalf a l")
        assert log.wait(lambda text: text == "first", Deadline.after(9)) is not None
        assert log.wait(lambda text: text.startswith("half"), Deadline.after(0.05)) is None
        os.write(write_end, b"ine\n")
        assert log.wait(lambda text: text == "half a line", Deadline.after(9)) is not None
    finally:
        os.close(write_end)
        reader.join(9)
    assert log.is_ended
    assert not reader.is_alive()


def test_a_reopened_log_goes_on_where_it_was() -> None:
    log = followed(b"one\n")
    log.reopen()
    assert not log.is_ended
    log.follow(io.BytesIO(b"two\n"))
    assert [line.text for line in log.since()] == ["one", "two"]


def test_tail_of_an_empty_log_says_so() -> None:
    assert followed(b"").tail() == "an empty log"
    assert followed(b"1\n2\n3\n").tail(2) == "2\n3"
