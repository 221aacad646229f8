from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.broker.broker import BrokerAddress, Credentials
from harness.broker.external import ExternalBroker, parse_broker_url
from harness.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://localhost", BrokerAddress("localhost", 1883)),
        ("mqtt://10.0.0.7:1884", BrokerAddress("10.0.0.7", 1884)),
        ("mqtt://mq.example/", BrokerAddress("mq.example", 1883)),
    ],
)
def test_url_without_a_user_gives_the_address_alone(url: str, address: BrokerAddress) -> None:
    assert parse_broker_url(url) == (address, None)


@given(user=st.text(min_size=1), password=st.none() | st.text())
def test_url_gives_back_any_user_and_password(user: str, password: str | None) -> None:
    said = quote(user, safe="") + ("" if password is None else ":" + quote(password, safe=""))
    address, credentials = parse_broker_url(f"mqtt://{said}@host:1")
    assert address == BrokerAddress("host", 1)
    assert credentials == Credentials(user, password)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:1883",
        "http://user:s3cret@host",
        "mqtt://",
        "mqtt://user:s3cret@",
        "mqtt://user:s3cret@host:port",
        "mqtt://user:s3cret@host:0",
        "mqtt://user:s3cret@host:65536",
        "mqtt://user:s3cret@host/topic",
        "mqtt://user:s3cret@host?tls=1",
        "mqtt://:s3cret@host",
        "mqtt://[s3cret",
    ],
)
def test_url_that_is_none_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ConfigError, match="mqtt://HOST") as caught:
        parse_broker_url(url)
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in caught.value.one_line()


def test_broker_shows_no_password_and_prefers_the_given_credentials() -> None:
    broker = ExternalBroker("mqtt://user:s3cret@host", Credentials("other", "s3cret"))
    assert broker.address.url == "mqtt://host:1883"
    assert broker.credentials == Credentials("other", "s3cret")
    assert "s3cret" not in repr(broker.credentials)
    assert broker.capabilities == frozenset()
    assert broker.log_since() == ()
