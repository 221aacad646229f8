"""A private Mosquitto with TLS listeners, and the certificates of fixtures/tls."""

from __future__ import annotations

import re
import socket
import ssl
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cryptography import x509

from harness import shipped
from harness.broker.broker import BrokerAddress
from harness.broker.mosquitto import Mosquitto
from harness.broker.settings import MosquittoSettings, TlsListener
from harness.deadline import Deadline
from tests import certificate

TLS = shipped.fixtures() / "tls"


def greet(address: BrokerAddress, name: str, client: Path | None = None) -> str:
    """Shake hands as a client that verifies, and return the version of TLS."""
    context = ssl.create_default_context(cafile=str(TLS / "ca.pem"))
    if client is not None:
        context.load_cert_chain(client)
    with (
        socket.create_connection((address.host, address.port), 5) as plain,
        context.wrap_socket(plain, server_hostname=name) as tls,
    ):
        tls.sendall(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01c")
        assert tls.recv(4)[:1] == b"\x20"
        return str(tls.version())


def test_tls_listeners_show_their_certificates_also_after_a_restart(mosquitto_path: Path) -> None:
    listeners = (
        TlsListener("good", TLS / "broker.pem"),
        TlsListener("expired", TLS / "expired.pem"),
        TlsListener("client", TLS / "broker.pem", TLS / "ca.pem"),
    )
    with Mosquitto(mosquitto_path, MosquittoSettings(tls=listeners)) as broker:
        broker.start(Deadline.after(10))
        good = broker.tls_address("good")
        assert greet(good, "broker.lab").startswith("TLSv1")
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            greet(good, "other.lab")
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            greet(broker.tls_address("expired"), "expired.lab")
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            greet(broker.tls_address("client"), "client.lab")
        greet(broker.tls_address("client"), "client.lab", TLS / "client.pem")
        broker.stop()
        broker.start(Deadline.after(10))
        assert broker.tls_address("good") == good
        greet(good, "broker.lab")


def test_shipped_certificates_are_the_ones_that_the_script_makes(tmp_path: Path) -> None:
    certificate.write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        path.name for path in TLS.glob("*.pem")
    )
    for path in tmp_path.iterdir():
        made, shipped_one = (_describe(each) for each in (path, TLS / path.name))
        assert made == shipped_one


def test_shipped_certificates_hold_for_years_and_no_authority_has_its_key() -> None:
    now = datetime.now(timezone.utc)
    for path in TLS.glob("*.pem"):
        left = _certificate(path).not_valid_after_utc - now
        assert left.days < 0 if path.name == "expired.pem" else left.days > 3 * 365
        assert ("PRIVATE KEY" in path.read_text("ascii")) == ("ca.pem" not in path.name)


def _certificate(path: Path) -> x509.Certificate:
    found = re.search(r"-----BEGIN CERT.*?-----END [A-Z]+-----", path.read_text("ascii"), re.DOTALL)
    assert found is not None
    return x509.load_pem_x509_certificate(found[0].encode())


def _describe(path: Path) -> tuple[object, ...]:
    loaded = _certificate(path)
    try:
        names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        said = tuple(names.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        said = ()
    return said, loaded.not_valid_after_utc, loaded.public_key().__class__
