from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.broker.broker import Credentials
from harness.broker.settings import (
    HASH_ITERATIONS,
    MosquittoSettings,
    TlsListener,
    configuration,
    password_file,
    password_line,
)
from harness.errors import ConfigError

# What `mosquitto_passwd -b FILE test test` of Mosquitto 2.0.11 wrote.
RECORDED = (
    "test:$7$101$D7L8n9FVJRRa3l7B$"
    "Wg9RrZzmhrUhtni1cK3Xs2gvrnwa1qmVqutVmiBiJfEInA85xLB9nsVvIwnEDVmiNUEQ3Bvb+ByfBOJ6tPqIIA=="
)

USERS = "/folder/users"


def verify(line: str, password: str) -> bool:
    _, _, iterations, salt, digest = line.split("$")
    made = hashlib.pbkdf2_hmac("sha512", password.encode(), base64.b64decode(salt), int(iterations))
    return made == base64.b64decode(digest)


def test_password_line_has_the_form_and_the_algorithm_of_mosquitto_passwd() -> None:
    assert verify(RECORDED, "test")
    line = password_line(Credentials("test", "test"))
    assert line.startswith(f"test:$7${HASH_ITERATIONS}$")
    assert [len(part) for part in line.split("$")] == [len(part) for part in RECORDED.split("$")]


@given(password=st.text(), wrong=st.text())
def test_password_line_fits_its_password_alone(password: str, wrong: str) -> None:
    line = password_line(Credentials("user", password))
    assert "\n" not in line
    assert verify(line, password)
    assert verify(line, wrong) == (wrong == password)


def test_password_file_salts_each_line_anew() -> None:
    first, second = password_file((Credentials("a", "x"), Credentials("b", "x"))).splitlines()
    assert first.split(":")[0] == "a"
    assert first.split("$")[3:] != second.split("$")[3:]


def options(settings: MosquittoSettings, *, is_root: bool = False) -> dict[str, str]:
    text = configuration(settings, port=1234, users_path=USERS, is_root=is_root)
    return dict(line.split(" ", 1) for line in text.splitlines())


def test_configuration_holds_the_settings() -> None:
    found = options(MosquittoSettings(bind_address="10.0.0.7", max_queued_messages=7))
    assert found["listener"] == "1234 10.0.0.7"
    assert found["max_queued_messages"] == "7"
    assert found["allow_anonymous"] == "false"
    assert found["password_file"] == USERS
    assert found["persistence"] == "false"
    assert "user" not in found


def test_configuration_for_root_stays_root() -> None:
    assert options(MosquittoSettings(), is_root=True)["user"] == "root"


def test_configuration_without_users_lets_everybody_in() -> None:
    found = options(MosquittoSettings(users=None))
    assert found["allow_anonymous"] == "true"
    assert "password_file" not in found


@pytest.mark.parametrize("port", [-1, 65536])
def test_settings_refuse_a_port_out_of_range(port: int) -> None:
    with pytest.raises(ConfigError, match="port"):
        MosquittoSettings(port=port)


def test_settings_refuse_a_negative_limit() -> None:
    with pytest.raises(ConfigError, match="max_inflight_messages"):
        MosquittoSettings(max_inflight_messages=-1)


@pytest.mark.parametrize("name", ["", "a:b", "a\nb", " a", "a\x00"])
def test_settings_refuse_a_user_name_that_breaks_the_file(name: str) -> None:
    with pytest.raises(ConfigError, match="users"):
        MosquittoSettings(users=(Credentials(name, "x"),))


def test_settings_refuse_a_name_given_twice_and_a_missing_password() -> None:
    with pytest.raises(ConfigError, match="each name once"):
        MosquittoSettings(users=(Credentials("a", "x"), Credentials("a", "y")))
    with pytest.raises(ConfigError, match="a password for each"):
        MosquittoSettings(users=(Credentials("a"),))


def test_no_representation_shows_a_password() -> None:
    settings = MosquittoSettings(users=(Credentials("user", "s3cret"),))
    assert "user" in repr(settings)
    assert "s3cret" not in repr(settings)


def test_configuration_has_a_part_for_each_tls_listener() -> None:
    identity, authority = Path("/tls/broker.pem"), Path("/tls/ca.pem")
    listeners = (TlsListener("a", identity), TlsListener("b", identity, authority))
    settings = MosquittoSettings(bind_address="10.0.0.7", tls=listeners)
    text = configuration(settings, port=1, users_path=USERS, is_root=False, tls_ports=(2, 3))
    _, first, second = text.split("listener ")[1:]
    shown = "certfile /tls/broker.pem\nkeyfile /tls/broker.pem\n"
    assert first == f"2 10.0.0.7\n{shown}"
    assert second == f"3 10.0.0.7\n{shown}cafile /tls/ca.pem\nrequire_certificate true\n"
