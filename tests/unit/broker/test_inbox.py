from __future__ import annotations

import threading

import pytest

from harness.broker.inbox import Inbox
from harness.broker.message import Delivery, matching
from harness.deadline import Deadline
from harness.errors import BrokerError


def stay_open() -> None:
    """Find nothing wrong."""


def be_lost() -> None:
    raise BrokerError("the MQTT connection is not open")


def delivery(text: str, topic: str = "t") -> Delivery:
    return Delivery(topic, text.encode(), qos=0, retain=False, dup=False, at_s=0.0)


def filled(*texts: str) -> Inbox:
    inbox = Inbox("#", stay_open)
    for text in texts:
        inbox.put(delivery(text))
    return inbox


def test_next_takes_in_the_order_of_arrival() -> None:
    inbox = filled("1", "2")
    assert inbox.next(Deadline.after(0)) == delivery("1")
    assert inbox.next(Deadline.after(0)) == delivery("2")
    assert inbox.next(Deadline.after(0)) is None
    assert inbox.all() == (delivery("1"), delivery("2"))


def test_wait_takes_the_match_and_leaves_the_others() -> None:
    inbox = filled("1", "2", "3", "2")
    assert inbox.wait(matching(payload="2"), Deadline.after(0)) == delivery("2")
    assert inbox.drain() == (delivery("1"), delivery("3"), delivery("2"))
    assert inbox.drain() == ()
    assert len(inbox.all()) == 4


def test_wait_is_woken_by_the_message() -> None:
    inbox = filled()
    timer = threading.Timer(0.05, inbox.put, [delivery("late")])
    timer.start()
    deadline = Deadline.after(60)
    assert inbox.wait(matching(payload="late"), deadline) == delivery("late")
    assert deadline.remaining_s > 50
    timer.join()


def test_wait_on_a_lost_connection_still_gives_what_came_before() -> None:
    inbox = Inbox("#", be_lost)
    inbox.put(delivery("1"))
    assert inbox.next(Deadline.after(9)) == delivery("1")
    with pytest.raises(BrokerError):
        inbox.next(Deadline.after(9))


def test_wait_is_woken_by_the_loss_of_the_connection() -> None:
    is_lost = threading.Event()
    inbox = Inbox("#", lambda: be_lost() if is_lost.is_set() else None)

    def lose() -> None:
        is_lost.set()
        inbox.wake()

    timer = threading.Timer(0.05, lose)
    timer.start()
    deadline = Deadline.after(60)
    with pytest.raises(BrokerError):
        inbox.next(deadline)
    assert deadline.remaining_s > 50
    timer.join()


def test_none_within_tells_what_should_not_have_come() -> None:
    inbox = filled("1", "2")
    assert inbox.none_within(0.01, matching(payload="3")) is None
    assert inbox.none_within(0.01, matching(payload="2")) == delivery("2")


def test_matching_needs_all_that_is_given() -> None:
    kept = Delivery("a/b", "温度".encode(), qos=1, retain=True, dup=False, at_s=0.0)
    assert matching()(kept)
    assert matching("a/b", "温度", qos=1, retain=True)(kept)
    assert matching(payload="温度".encode())(kept)
    assert not matching("a")(kept)
    assert not matching(payload="")(kept)
    assert not matching(qos=0)(kept)
    assert not matching(retain=False)(kept)


def test_delivery_shows_text_and_flags() -> None:
    kept = Delivery("a/b", b"\xff38", qos=2, retain=True, dup=True, at_s=0.0)
    assert kept.text == r"\xff38"
    assert str(kept) == r"a/b b'\xff38' (qos 2, retained, dup)"
