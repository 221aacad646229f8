"""TLS against a real broker: MQTT-08, MQTT-11."""

from __future__ import annotations

import base64
import re
import socket
import time

import pytest

from harness import shipped
from harness.broker.broker import Broker
from harness.scenario.device_client import COLLECT, JOIN_WIFI
from harness.scenario.dut import BoardUnderTest

#: A board without a battery begins in 2000, when no certificate was valid yet.
SET_CLOCK = """\
import time
def _set_clock(now):
    if time.gmtime()[0] < now[0]:
        import machine
        machine.RTC().datetime(now[:3] + (0,) + now[3:6] + (0,))
"""

#: A refusal comes with the handshake, which takes a board a second or two; its limit is 10 s.
REFUSED_S = 15.0


def der(name: str, label: str = "CERTIFICATE") -> bytes:
    """Return a part of a file of fixtures/tls, as a board takes it."""
    text = (shipped.fixtures() / "tls" / name).read_text("ascii")
    found = re.search(rf"-----BEGIN [A-Z ]*{label}-----(.*?)-----END", text, re.DOTALL)
    assert found is not None
    return base64.b64decode(found[1])


@pytest.fixture
def secure(board: BoardUnderTest, tls_broker: Broker) -> BoardUnderTest:
    """The board, on the lab's Wi-Fi, with ``make(host, ca, **options)`` for a client with TLS."""
    board.exec(
        JOIN_WIFI + COLLECT + SET_CLOCK + f"_set_clock({tuple(time.gmtime()[:6])})\n"
        "import ssl\nfrom mqtt import MQTTClient, MQTTException\n"
        f"CA = {der('ca.pem')!r}\nOTHER_CA = {der('other_ca.pem')!r}\n"
        "def make(host, ca=CA, **options):\n"
        "    options.update(cadata=ca, cert_reqs=ssl.CERT_REQUIRED)\n"
        "    c = MQTTClient('tls', host, 0, 'test', 'test', ssl=True, ssl_params=options)\n"
        "    c.set_callback(_collect)\n    return c\n",
        within_s=30.0,
    )
    return board


@pytest.mark.requirement("MQTT-08", "MQTT-11")
def test_good_certificate_is_accepted_and_messages_flow(secure: BoardUnderTest) -> None:
    secure.exec(
        "c = make('broker.lab')\nc.connect()\nc.subscribe('hil/tls', 1)\n"
        "for text in 'short', 'long' * 1500:\n"
        "    c.publish('hil/tls', text, qos=1)\n    c.wait_msg()\n"
        "c.publish('hil/tls', 'exactly once', qos=2)\nc.wait_msg()\nc.ping()\n"
        "c.reconnect()\nc.publish('hil/tls', 'again', qos=1)\nc.wait_msg()\nc.disconnect()\n",
        within_s=60.0,
    )
    assert secure.evaluate("[(topic, len(msg)) for topic, msg in got]") == [
        ("hil/tls", 5),
        ("hil/tls", 6000),
        ("hil/tls", 12),
        ("hil/tls", 5),
    ]


@pytest.mark.requirement("MQTT-11")
@pytest.mark.parametrize(
    ("client", "reason"),
    [
        ("make('broker.lab', OTHER_CA)", "not correctly signed"),
        ("make('other.lab')", "does not match"),
        ("make('expired.lab')", "expired"),
    ],
    ids=["wrong CA", "wrong name", "expired"],
)
def test_certificate_that_does_not_fit_is_refused(
    secure: BoardUnderTest, client: str, reason: str
) -> None:
    error = secure.exec_raises(f"{client}.connect()", "OSError", REFUSED_S)
    assert "TLS" in error.message
    assert reason in error.message


@pytest.mark.requirement("MQTT-11")
def test_name_that_is_given_is_the_one_that_is_checked(secure: BoardUnderTest) -> None:
    secure.exec("make('other.lab', server_hostname='broker.lab').connect()", REFUSED_S)
    secure.exec_raises(
        "make('broker.lab', server_hostname='other.lab').connect()", "OSError", REFUSED_S
    )


@pytest.mark.requirement("MQTT-11")
@pytest.mark.parametrize(
    "client",
    ["MQTTClient('plain', 'broker.lab')", "make('plain.lab')"],
    ids=["without TLS to a TLS port", "with TLS to a plain port"],
)
def test_plain_text_and_tls_do_not_meet(secure: BoardUnderTest, client: str) -> None:
    printed = secure.exec(
        f"c = {client}\nc.timeout_s = 3\n"
        "try:\n    c.connect()\n    print('connected')\n"
        "except (OSError, MQTTException) as e:\n    print('refused', repr(e))\n",
        REFUSED_S,
    )
    assert printed.startswith("refused")


@pytest.mark.requirement("MQTT-11")
def test_certificate_of_the_client_is_shown(secure: BoardUnderTest) -> None:
    secure.exec_raises("make('client.lab').connect()", "OSError", REFUSED_S)
    key, certificate = der("client.pem", "PRIVATE KEY"), der("client.pem")
    secure.exec(
        f"c = make('client.lab', key={key!r}, cert={certificate!r})\nc.connect()\nc.ping()\n",
        REFUSED_S,
    )


@pytest.mark.requirement("MQTT-11", "MQTT-13")
def test_handshake_with_a_silent_peer_ends_in_time(
    secure: BoardUnderTest, tls_broker: Broker
) -> None:
    with socket.create_server((tls_broker.address.host, 0)) as server:
        host, port = server.getsockname()
        secure.exec(f"c = MQTTClient('x', '{host}', {port}, ssl=True)\nc.timeout_s = 1")
        error = secure.exec_raises("c.connect()", "OSError", 5.0)
    assert "ETIMEDOUT" in error.message
