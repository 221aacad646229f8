"""Waiting for messages, and for none: green, red, and what is said and noted then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.broker.inbox import Inbox
from harness.broker.log import LogLine
from harness.broker.message import Delivery
from harness.errors import BrokerError, ConfigError, ExpectationFailed
from harness.scenario.matcher import shows
from harness.scenario.messenger import EvidenceObserver, Subscription
from harness.scenario.play import Played, Shown, Until, as_published, parse_until

if TYPE_CHECKING:
    from tests.unit.scenario.conftest import Hand, Notebook


def delivery(payload: str, topic: str = "t", *, qos: int = 1, retain: bool = False) -> Delivery:
    return Delivery(topic, payload.encode(), qos, retain, dup=False, at_s=12.5)


def nothing_wrong() -> None:
    """Find the connection open."""


def be_lost() -> None:
    raise BrokerError("the MQTT connection is not open")


@pytest.fixture
def notebook(hand: Hand) -> Notebook:
    """The evidence."""
    return hand.notebook


@pytest.fixture
def inbox() -> Inbox:
    """What has come for a subscription."""
    return Inbox("t/#", nothing_wrong)


@pytest.fixture
def subscription(inbox: Inbox, notebook: Notebook) -> Subscription:
    """The subscription."""
    return Subscription(inbox, notebook)


def test_expected_message_is_taken_once(
    subscription: Subscription, inbox: Inbox, notebook: Notebook
) -> None:
    for payload in ("37", "38"):
        inbox.put(delivery(payload))
    assert subscription.expect("t", "38", qos=1, retain=False, within_s=1.0) == delivery("38")
    with pytest.raises(ExpectationFailed):
        subscription.expect("t", "38", within_s=0.01)
    assert subscription.expect(within_s=1.0) == delivery("37")
    assert len(subscription.all) == 2
    assert [each["ok"] for each in notebook.of("expect")] == [True, False, True]


def test_missing_message_lists_what_came(subscription: Subscription, inbox: Inbox) -> None:
    inbox.put(delivery("37"))
    with pytest.raises(ExpectationFailed) as caught:
        subscription.expect("t", "38", qos=2, retain=True, within_s=0.02)
    assert caught.value.tried == "no such message reached the broker within 0.02 s"
    assert caught.value.expected == "message on t with '38' at QoS 2 retained"
    assert caught.value.on == "t/#"
    assert caught.value.got == "t b'37' (qos 1)"


@pytest.mark.parametrize(
    ("wanted", "came"),
    [
        ({"topic": "t"}, delivery("x", "u")),
        ({"payload": "x"}, delivery("X")),
        ({"qos": 0}, delivery("x", qos=1)),
        ({"retain": True}, delivery("x")),
        ({"retain": False}, delivery("x", retain=True)),
    ],
    ids=["topic", "payload", "qos", "retained", "not-retained"],
)
def test_each_part_of_the_expectation_goes_red(
    subscription: Subscription, inbox: Inbox, wanted: dict[str, object], came: Delivery
) -> None:
    inbox.put(came)
    with pytest.raises(ExpectationFailed):
        subscription.expect(within_s=0.02, **wanted)  # type: ignore[arg-type]


def test_missing_message_says_nothing_came_or_the_last_of_many(
    subscription: Subscription, inbox: Inbox
) -> None:
    with pytest.raises(ExpectationFailed) as caught:
        subscription.expect(within_s=0.02)
    assert caught.value.got == "nothing"
    for number in range(20):
        inbox.put(delivery(str(number)))
    with pytest.raises(ExpectationFailed) as caught:
        subscription.expect(payload="none", within_s=0.02)
    lines = caught.value.got.splitlines()
    assert lines[0] == "... 12 before"
    assert len(lines) == 9
    assert lines[-1] == "t b'19' (qos 1)"


def test_none_is_green_for_silence_and_for_other_messages(
    subscription: Subscription, inbox: Inbox, notebook: Notebook
) -> None:
    subscription.expect_none(for_s=0.02)
    inbox.put(delivery("38"))
    subscription.expect_none(payload="39", for_s=0.02)
    subscription.expect_none(where=lambda each: each.qos == 2, for_s=0.02)
    assert [each["what"] for each in notebook.of("expect")] == [
        "no message",
        "no message with '39'",
        "no message",
    ]
    assert all(each["ok"] for each in notebook.of("expect"))


def test_none_is_red_for_a_message(
    subscription: Subscription, inbox: Inbox, notebook: Notebook
) -> None:
    inbox.put(delivery("38"))
    with pytest.raises(ExpectationFailed, match="must not come") as caught:
        subscription.expect_none("t", "38", for_s=0.02)
    assert caught.value.got == "t b'38' (qos 1)"
    assert caught.value.expected == "no message on t with '38' for 0.02 s"
    assert notebook.of("expect")[0]["ok"] is False


@pytest.mark.parametrize("wait", ["expect", "expect_none"])
def test_lost_connection_is_no_verdict(notebook: Notebook, wait: str) -> None:
    subscription = Subscription(Inbox("t", be_lost), notebook)
    with pytest.raises(BrokerError):
        getattr(subscription, wait)("t", "x")
    assert notebook.of("expect") == []


def test_observer_writes_both_directions(notebook: Notebook) -> None:
    observer = EvidenceObserver(notebook)
    observer.sent("hil-1", delivery("38", retain=True))
    observer.received("hil-1", delivery("39"))
    sent, received = notebook.of("mqtt")
    assert (sent["dir"], sent["client"], sent["payload"], sent["retain"]) == (
        "sent",
        "hil-1",
        b"38",
        True,
    )
    assert (received["dir"], received["qos"], received["topic"]) == ("received", 1, "t")


@pytest.mark.parametrize(
    ("text", "panels", "led", "topic"),
    [
        ("panel:38", shows("38").panels, None, ""),
        ("panel:12:28", shows("12:28").panels, None, ""),
        ("led:0,0,255", (), (0, 0, 255), ""),
        ("topic:a/+/#", None, None, "a/+/#"),
    ],
)
def test_until_is_understood(
    text: str,
    panels: tuple[tuple[str, ...], ...] | None,
    led: tuple[int, int, int] | None,
    topic: str,
) -> None:
    until = parse_until(text)
    assert until.says == text
    assert until.topic_filter == topic
    assert (until.matcher is None) == (panels is None)
    if until.matcher is not None:
        assert until.matcher.panels == panels
        assert until.matcher.led == led


@pytest.mark.parametrize(
    "text",
    ["", "panel", "panel:", "panel:hello", "led:1,2", "led:a,b,c", "led:", "topic:", "x:1", ":"],
)
def test_until_that_cannot_be_waited_for_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="cannot be waited for") as caught:
        parse_until(text)
    assert caught.value.on == text


def test_messages_get_the_flags_of_their_publisher() -> None:
    log = tuple(
        LogLine(0.0, text)
        for text in (
            "Received PUBLISH from board (d0, q1, r1, m1, 'a', ... (2 bytes))",
            "Received PUBLISH from board (d0, q0, r0, m0, 'a', ... (2 bytes))",
            "Sending PUBLISH to hil-1 (d0, q0, r0, m0, 'a', ... (2 bytes))",
        )
    )
    came = [(at_s, delivery("38", "a", qos=0)) for at_s in (0.1, 0.2, 0.3)]
    published = as_published(came, log)
    assert [(each.qos, each.retain) for _, each in published] == [
        (1, True),
        (0, False),
        (0, False),
    ]
    assert [at_s for at_s, _ in published] == [0.1, 0.2, 0.3]


def test_played_as_json_is_the_shape_of_the_command() -> None:
    played = Played(
        output="hi\n",
        shown=[
            Shown(0.1, "bench", columns=b"\x80" + bytes(15)),
            Shown(0.2, "commanded", led=(0, 0, 255)),
        ],
        messages=[(0.3, delivery("38", retain=True))],
        ended="until",
    )
    assert played.as_json() == {
        "snapshots": [],
        "messages": [{"topic": "t", "payload": "38", "qos": 1, "retain": True, "t": 0.3}],
        "output": "hi\n",
        "frames": [
            {"t": 0.1, "source": "bench", "pixels": ["#" + "." * 15] + ["." * 16] * 7},
        ],
        "leds": [{"t": 0.2, "source": "commanded", "led": [0, 0, 255]}],
        "ended": "until",
    }
    assert isinstance(parse_until("panel:38"), Until)
