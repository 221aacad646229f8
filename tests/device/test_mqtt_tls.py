"""MQTT-11: `mqtt.py` over TLS, against a peer that may do anything below and inside of it.

On MicroPython alone: its `ssl` is what a board has, and CPython's has another interface.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.certificate import EXPIRED, Authority, Identity
from tests.device.conftest import Start
from tests.device.peer import CONNACK, PINGREQ, PINGRESP, Peer, answer, publish
from tests.device.program import SHORT, micropython_command

ETIMEDOUT, ECONNRESET, ECONNABORTED, EPIPE = 110, 104, 103, 32


class TlsPeer(Peer):
    """The broker's side, over TLS."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Listen on a free port of the loopback."""
        super().__init__()
        self._context = context

    def accept(self) -> None:
        """Wait for the client's next connection, and shake hands."""
        super().accept()
        self._connection = self._context.wrap_socket(self._open, server_side=True)

    def accept_plain(self) -> socket.socket:
        """Wait for the client's next connection, and leave it without TLS."""
        super().accept()
        return self._open


@pytest.fixture
def runtime() -> list[str]:
    """MicroPython."""
    return [micropython_command()]


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Who the client trusts."""
    return Authority()


@pytest.fixture
def secret(authority: Authority, tmp_path: Path) -> Callable[[Identity], ssl.SSLContext]:
    """Make the server's context for a certificate."""

    def make(identity: Identity) -> ssl.SSLContext:
        path = tmp_path / "identity.pem"
        path.write_bytes(identity.pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    return make


@pytest.fixture
def context(authority: Authority, secret: Callable[[Identity], ssl.SSLContext]) -> ssl.SSLContext:
    """The server's context with a good certificate."""
    return secret(authority.identity("localhost"))


@pytest.fixture
def peer(context: ssl.SSLContext) -> Iterator[TlsPeer]:
    """A broker's side over TLS."""
    played = TlsPeer(context)
    yield played
    played.close()


@pytest.fixture
def secure(start: Start, authority: Authority) -> Start:
    """Start a program that finds ``tls(**options)``, a client that verifies."""
    return lambda source: start(
        f"import ssl\nCA = {authority.der!r}\n"
        "def tls(**options):\n"
        "    params = dict(cadata=CA, cert_reqs=ssl.CERT_REQUIRED)\n    params.update(options)\n"
        "    return make('c', 'localhost', PORT, ssl=True, ssl_params=params)\n"
        "def shows(call):\n"
        "    try:\n        print('returned', call())\n"
        "    except Exception as e:\n"
        "        print(type(e).__name__, e.args[0], str(e.args[-1]).replace('\\n', ' '))\n"
        f"{source}"
    )


def test_messages_of_any_size_go_both_ways_and_reconnect_works(
    secure: Start, peer: TlsPeer
) -> None:
    program = secure(
        "c = tls()\nprint(c.connect())\nc.subscribe('t', 2)\n"
        "for n in 0, 300, 20000:\n    c.publish('t', 'x' * n, qos=1)\n    c.wait_msg()\n"
        "c.ping()\nprint(c.reconnect())"
    )
    peer.greet()
    peer.take()
    peer.send(answer(0x90, 1, b"\x02"))
    for number, size in ((2, 0), (3, 300), (4, 20000)):
        peer.expect(publish("t", "x" * size, 1, number))
        # More than one TLS record for the last, and more than one packet in the first.
        peer.send(answer(0x40, number) + publish("t", "y" * size))
    peer.expect(PINGREQ)
    peer.send(PINGRESP)
    peer.expect(b"\xe0\x00")
    peer.greet()
    peer.take()
    peer.send(answer(0x90, 5, b"\x02"))
    heard = ["heard str:74 str:" + "79" * size for size in (0, 300, 20000)]
    assert program.end() == ["False", *heard, "False"]


@pytest.mark.parametrize(
    ("names", "not_after", "reason"),
    [(("other",), None, "does not match"), (("localhost",), EXPIRED, "expired")],
    ids=["wrong name", "expired"],
)
def test_certificate_that_does_not_fit_is_refused(
    secure: Start,
    authority: Authority,
    secret: Callable[[Identity], ssl.SSLContext],
    peer: TlsPeer,
    names: tuple[str, ...],
    not_after: object,
    reason: str,
) -> None:
    peer._context = secret(authority.identity(*names, not_after=not_after))  # type: ignore[arg-type]
    program = secure("shows(tls().connect)")
    with pytest.raises(ssl.SSLError):
        peer.accept()
    (line,) = program.end()
    assert line.startswith(f"OSError {ECONNABORTED} TLS")
    assert reason in line


def test_unknown_authority_is_refused(
    secure: Start, secret: Callable[[Identity], ssl.SSLContext], peer: TlsPeer
) -> None:
    peer._context = secret(Authority().identity("localhost"))
    program = secure("shows(tls().connect)")
    with pytest.raises(ssl.SSLError):
        peer.accept()
    (line,) = program.end()
    assert line.startswith(f"OSError {ECONNABORTED} TLS")
    assert "not correctly signed" in line


def test_without_cert_reqs_any_certificate_is_taken(
    start: Start, secret: Callable[[Identity], ssl.SSLContext], peer: TlsPeer
) -> None:
    peer._context = secret(Authority().identity("other"))
    program = start("print(make('c', 'localhost', PORT, ssl=True).connect())")
    peer.greet()
    assert program.end() == ["False"]


def test_certificate_of_the_client_is_shown(
    secure: Start, authority: Authority, context: ssl.SSLContext, peer: TlsPeer
) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority.pem.decode())
    client = authority.identity("board")
    program = secure(
        "shows(tls().connect)\n"
        f"shows(tls(key={client.key_der!r}, cert={client.certificate_der!r}).connect)"
    )
    with pytest.raises(ssl.SSLError):
        peer.accept()
    # The alert, or the end of the connection: whichever the client met first.
    peer.hang_up()
    peer.greet()
    refused, accepted = program.end()
    assert refused.split()[:2] in (["OSError", str(n)] for n in (ECONNABORTED, ECONNRESET, EPIPE))
    assert accepted == "returned False"


def test_wrong_argument_raises_before_a_byte_is_sent(secure: Start, peer: TlsPeer) -> None:
    program = secure("tries(tls(key=b'x', cert=b'y').connect)\ntries(tls(nonsense=1).connect)")
    for _ in range(2):
        assert peer.accept_plain().recv(100) == b""
    assert program.end() == ["ValueError", "TypeError"]


@pytest.mark.parametrize("begun", [b"", b"\x16\x03\x03"], ids=["silent", "begun"])
def test_handshake_that_does_not_go_on_ends_in_time(
    secure: Start, peer: TlsPeer, begun: bytes
) -> None:
    program = secure(SHORT + "shows(tls().connect)")
    connection = peer.accept_plain()
    connection.sendall(begun)
    assert connection.recv(1000)[:1] == b"\x16"
    assert program.end() == [f"OSError {ETIMEDOUT} {ETIMEDOUT}"]


def test_handshake_that_drips_ends_in_time(secure: Start, peer: TlsPeer) -> None:
    program = secure(SHORT + "shows(tls().connect)")
    connection = peer.accept_plain()
    with suppress(OSError):  # the client hangs up, which is what this is about
        for byte in b"\x16\x03\x03\x10\x00" + bytes(100):
            connection.sendall(bytes((byte,)))
            time.sleep(0.1)
    assert program.end()[0].startswith("OSError")


@pytest.mark.parametrize("data", [b"", CONNACK * 3], ids=["nothing", "plain text"])
def test_peer_that_closes_in_the_handshake_raises(
    secure: Start, peer: TlsPeer, data: bytes
) -> None:
    program = secure("shows(tls().connect)\nprint(tls().connect())")
    connection = peer.accept_plain()
    assert connection.recv(1000)[:1] == b"\x16"
    connection.sendall(data)
    peer.hang_up()
    peer.greet()
    refused, accepted = program.end()
    assert refused.startswith("OSError")
    assert accepted == "False"


def test_without_tls_to_a_tls_port_raises(start: Start, peer: TlsPeer) -> None:
    program = start("tries(make().connect)")
    with pytest.raises(ssl.SSLError):
        peer.accept()
    peer.hang_up()
    assert program.end()[0] in (f"OSError {ECONNRESET}", "MQTTException None")


def test_write_to_a_peer_that_stops_reading_ends_in_time(secure: Start, peer: TlsPeer) -> None:
    program = secure(
        SHORT + "c = tls()\nc.connect()\nprint('up')\n"
        "def flood():\n    while True:\n        c.publish('t', 'x' * 30000)\n"
        "shows(flood)\nshows(c.ping)"
    )
    peer.greet()
    assert program.line() == "up"
    assert program.end() == [f"OSError {ETIMEDOUT} {ETIMEDOUT}", "OSError 107 107"]


@pytest.mark.parametrize("end", ["silence", "FIN"])
def test_packet_that_is_cut_inside_tls_raises_in_time(
    secure: Start, peer: TlsPeer, end: str
) -> None:
    program = secure(SHORT + "c = tls()\nc.connect()\ntries(c.wait_msg)\nprint(c.reconnect())")
    peer.greet()
    peer.send(publish("topic", "message")[:5])
    if end == "silence":
        peer.expect_end()
    else:
        peer.hang_up()
    peer.greet()
    number = ETIMEDOUT if end == "silence" else ECONNRESET
    assert program.end()[0] in (f"OSError {number}", f"OSError {ECONNABORTED}")


def test_check_msg_does_not_wait(secure: Start, peer: TlsPeer) -> None:
    program = secure(
        "import time\nc = tls()\nc.connect()\nstart = time.ticks_ms()\n"
        "for _ in range(20):\n    c.check_msg()\n"
        "print(time.ticks_diff(time.ticks_ms(), start) < 2000)\nc.ping()\nc.check_msg()"
    )
    peer.greet()
    peer.expect(PINGREQ)
    peer.send(publish("t", "here") + PINGRESP)
    assert program.end() == ["True", "heard str:74 str:68657265"]
