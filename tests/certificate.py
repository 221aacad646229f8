"""Certificates for the tests, made with trustme. As a program it makes those of fixtures/tls anew.

python -m tests.certificate fixtures/tls
"""

from __future__ import annotations

import base64
import re
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import trustme

#: One that is over, and was so before the tests were written.
EXPIRED = datetime(2024, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Identity:
    """A certificate with its key.

    Attributes:
        pem: Both, the key first.
    """

    pem: bytes

    @property
    def key_der(self) -> bytes:
        """The key, as a board takes it."""
        return _der(self.pem, "PRIVATE KEY")

    @property
    def certificate_der(self) -> bytes:
        """The certificate, as a board takes it."""
        return _der(self.pem, "CERTIFICATE")


class Authority:
    """A certificate authority whose key is gone when this object is."""

    def __init__(self) -> None:
        """Make its key."""
        self._ca = trustme.CA()

    @property
    def pem(self) -> bytes:
        """Its certificate."""
        return self._ca.cert_pem.bytes()

    @property
    def der(self) -> bytes:
        """Its certificate, as a board takes it."""
        return _der(self.pem, "CERTIFICATE")

    def identity(self, *names: str, not_after: datetime | None = None) -> Identity:
        """Make a certificate.

        Args:
            names: Host names that it is for.
            not_after: When it is over; in 2038 without.
        """
        before = datetime(2023, 1, 1, tzinfo=timezone.utc) if not_after else None
        issued = self._ca.issue_cert(*names, not_before=before, not_after=not_after)
        return Identity(issued.private_key_and_cert_chain_pem.bytes())


def _der(pem: bytes, label: str) -> bytes:
    found = re.search(rf"-----BEGIN [A-Z ]*{label}-----(.*?)-----END", pem.decode(), re.DOTALL)
    assert found is not None
    return base64.b64decode(found[1])


def write(folder: Path) -> None:
    """Write what the scenarios need into a folder; the keys of the authorities are not kept."""
    ours, other = Authority(), Authority()
    files = {
        "ca.pem": ours.pem,
        "other_ca.pem": other.pem,
        "broker.pem": ours.identity("broker.lab", "client.lab").pem,
        "expired.pem": ours.identity("expired.lab", not_after=EXPIRED).pem,
        "client.pem": ours.identity("board.lab").pem,
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
