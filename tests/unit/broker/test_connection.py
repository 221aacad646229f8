"""The lines are a recording of Mosquitto 2.0.11 with log_type all, shortened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.broker.connection import Ending, LoggedWill, Refusal, connection_history
from harness.broker.log import LogLine

DAY = """\
mosquitto version 2.0.11 running
New connection from 127.0.0.1:45005 on port 36139.
New client connected from 127.0.0.1:45005 as 20180911203800 (p2, c1, k0, u'test').
Will message specified (3 bytes) (r1, q2).
\ta b/c
Sending CONNACK to 20180911203800 (0, 0)
New connection from 127.0.0.1:49749 on port 36139.
Sending CONNACK to 127.0.0.1 (0, 5)
Client <unknown> disconnected, not authorised.
New connection from 127.0.0.1:57285 on port 36139.
Client 20180911203800 already connected, closing old connection.
New client connected from 127.0.0.1:57285 as 20180911203800 (p2, c0, k60).
No will message specified.
Sending CONNACK to 20180911203800 (1, 0)
Client 20180911203800 closed its connection.
New connection from 127.0.0.1:43476 on port 36139.
Client <unknown> closed its connection.
"""


def lines(text: str) -> list[LogLine]:
    return [LogLine(float(number), line) for number, line in enumerate(text.split("\n"))]


def test_history_of_a_recorded_log_has_each_connection_and_how_it_ended() -> None:
    history = connection_history(lines(DAY))
    first, second = history.of("20180911203800")
    assert history.connections == (first, second)
    assert (first.user, first.clean_session, first.keepalive_s) == ("test", True, 0)
    assert (first.protocol, first.peer) == ("3.1.1", ("127.0.0.1", 45005))
    assert first.will == LoggedWill("a b/c", size_bytes=3, qos=2, retain=True)
    assert first.session_present is False
    assert (first.opened_at_s, first.closed_at_s, first.ending) == (2.0, 10.0, Ending.TAKEN_OVER)
    assert (second.user, second.clean_session, second.keepalive_s) == (None, False, 60)
    assert second.will is None
    assert second.session_present is True
    assert second.ending is Ending.LOST
    assert second.ending_text == "closed its connection."


def test_history_of_a_recorded_log_has_the_refusal_and_not_the_port_scan() -> None:
    refusals = connection_history(lines(DAY)).refusals
    assert refusals == (Refusal(8.0, 5, "disconnected, not authorised"),)


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("Client c disconnected.", Ending.GOODBYE),
        ("Client c closed its connection.", Ending.LOST),
        ("Client c has exceeded timeout, disconnecting.", Ending.KEEPALIVE),
        ("Client c already connected, closing old connection.", Ending.TAKEN_OVER),
        ("Client c disconnected due to protocol error.", Ending.ERROR),
        ("Client c been disconnected by administrative action.", Ending.ERROR),
        ("Client c [127.0.0.1:1] disconnected.", Ending.GOODBYE),
        ("mosquitto version 2.0.11 terminating", Ending.BROKER),
        ("keeper: the broker ended by signal 9", Ending.BROKER),
    ],
)
def test_each_kind_of_last_line_gives_its_ending(text: str, ending: Ending) -> None:
    accepted = "New client connected from 127.0.0.1:1 as c (p2, c1, k60)."
    (connection,) = connection_history(lines(f"{accepted}\n{text}")).connections
    assert connection.ending is ending
    assert connection.closed_at_s == 1.0


def test_a_standing_connection_has_no_ending() -> None:
    accepted = "New client connected from 127.0.0.1:1 as c (p4, c1, k60)."
    (connection,) = connection_history(lines(f"{accepted}\nReceived PINGREQ from c")).connections
    assert connection.ending is None
    assert connection.closed_at_s is None
    assert connection.protocol == "3.1.1"


def test_client_ids_that_begin_alike_are_kept_apart() -> None:
    text = """\
New client connected from 127.0.0.1:1 as a (p2, c1, k60).
New client connected from 127.0.0.1:2 as a b (p2, c1, k60).
Client a b disconnected.
"""
    short, long = connection_history(lines(text)).connections
    assert short.ending is None
    assert long.ending is Ending.GOODBYE


printable = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1)


@given(client_id=printable, user=st.none() | st.sampled_from(["test", "it's"]))
def test_any_client_id_is_read_back(client_id: str, user: str | None) -> None:
    said = f", u'{user}'" if user else ""
    text = "\n".join(
        [
            f"New client connected from 10.0.0.7:1883 as {client_id} (p2, c0, k7{said}).",
            f"Sending CONNACK to {client_id} (1, 0)",
            f"Client {client_id} disconnected.",
        ]
    )
    (connection,) = connection_history(lines(text)).connections
    assert (connection.client_id, connection.user) == (client_id, user)
    assert connection.session_present is True
    assert connection.ending is Ending.GOODBYE


@given(st.lists(st.sampled_from(DAY.split("\n")) | st.text(max_size=60)))
def test_no_order_of_lines_breaks_the_reader(texts: list[str]) -> None:
    history = connection_history(LogLine(0.0, text) for text in texts)
    accepted = [text for text in texts if text.startswith("New client connected from 127.0.0.1")]
    assert len(history.connections) == len(accepted)
