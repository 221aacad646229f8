"""The radio and the access point, second by second."""

from __future__ import annotations

import pytest

from harness.virtual.access_point import RETRY_S, AccessPoint, LinkState

GOOD = b"lab\0secret"


def point() -> AccessPoint:
    """Return an access point whose station is on."""
    made = AccessPoint("lab", "secret", 2.0)
    made.request("a", b"1", 0.0)
    return made


def connected() -> AccessPoint:
    """Return an access point with a station that has its address."""
    made = point()
    made.request("c", GOOD, 0.0)
    made.advance(2.0)
    assert made.state is LinkState.CONNECTED
    return made


def test_connect_takes_its_time() -> None:
    made = point()
    made.request("c", GOOD, 10.0)
    made.advance(11.9)
    assert (made.state, made.due_s) == (LinkState.CONNECTING, 12.0)
    made.advance(12.0)
    assert (made.state, made.due_s) == (LinkState.CONNECTED, None)


@pytest.mark.parametrize(
    ("credentials", "state"),
    [
        (b"other\0secret", LinkState.NO_ACCESS_POINT),
        (b"lab\0other", LinkState.WRONG_PASSWORD),
        (b"lab\0", LinkState.WRONG_PASSWORD),
    ],
)
def test_connect_with_wrong_credentials_fails_and_tries_again(
    credentials: bytes, state: LinkState
) -> None:
    made = point()
    made.request("c", credentials, 0.0)
    made.advance(2.0)
    assert made.state is state
    assert made.shown is LinkState.CONNECTING
    assert made.due_s is not None


def test_connect_gives_up_after_the_reconnects() -> None:
    made = point()
    made.request("n", b"1", 0.0)
    made.request("c", b"lab\0other", 0.0)
    made.advance(2.0)
    made.advance(made.due_s or 0.0)
    assert (made.state, made.due_s) == (LinkState.WRONG_PASSWORD, None)
    assert made.shown is LinkState.WRONG_PASSWORD


@pytest.mark.parametrize("condition", ["down", "wrong_password"])
def test_link_that_is_lost_counts_and_comes_back(condition: str) -> None:
    made = connected()
    made.set_condition(condition, 5.0)
    assert (made.state, made.shown, made.losses) == (LinkState.LOST, LinkState.CONNECTING, 1)
    made.advance(5.0 + RETRY_S)
    assert made.state in (LinkState.NO_ACCESS_POINT, LinkState.WRONG_PASSWORD)
    made.set_condition("up", 6.0)
    made.advance(made.due_s or 0.0)
    assert (made.state, made.losses) == (LinkState.CONNECTED, 1)


def test_disconnect_and_switching_off_lose_the_link() -> None:
    made = connected()
    made.request("d", b"", 3.0)
    assert (made.state, made.losses) == (LinkState.IDLE, 1)
    made.request("r", b"", 3.0)
    made.advance(5.0)
    assert made.state is LinkState.CONNECTED
    made.request("a", b"0", 6.0)
    assert (made.state, made.losses) == (LinkState.OFF, 2)


def test_power_up_forgets_the_credentials() -> None:
    made = connected()
    made.power_up()
    made.request("a", b"1", 3.0)
    made.request("r", b"", 3.0)
    made.advance(5.0)
    assert made.state is LinkState.NO_ACCESS_POINT
