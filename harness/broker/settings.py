"""What a private Mosquitto is to be like, and its configuration files as text."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.broker.broker import Credentials
from harness.errors import ConfigError

#: What the vendor's example program logs in with.
EXAMPLE_USER = Credentials("test", "test")

#: Rounds of PBKDF2, Mosquitto's own default: 0.1 ms. The passwords live for one run on one host.
HASH_ITERATIONS = 101

_SALT_SIZE_BYTES = 12
_MAX_PORT = 65535


@dataclass(frozen=True)
class TlsListener:
    """One more port of a broker, which speaks TLS.

    Attributes:
        name: What tells it from the others.
        identity: PEM file with the certificate that it shows, and the key of that.
        client_ca: PEM file with the authority whose certificate a client must show; None for
            clients without one.
    """

    name: str
    identity: Path
    client_ca: Path | None = None


@dataclass(frozen=True)
class MosquittoSettings:
    """The settings of a private broker; everything else is Mosquitto's default.

    Attributes:
        bind_address: The one IPv4 address to listen on. Virtual boards live on this host and need
            no more than the default; for real boards see `harness.broker.interface`.
        port: TCP port; 0 takes a free one, which stays the same over a restart.
        users: Who may connect beside the harness itself, which has a user of its own. None lets
            everybody in, whatever user and password they give or leave out.
        allow_anonymous: Whether a client may connect without a user.
        max_inflight_messages: QoS 1 and 2 messages on their way to one client at once.
        max_queued_messages: Messages kept for one client that is slow or away.
        tls: Ports for TLS beside the plain one, free ones at the same address.
    """

    bind_address: str = "127.0.0.1"
    port: int = 0
    users: tuple[Credentials, ...] | None = (EXAMPLE_USER,)
    allow_anonymous: bool = False
    max_inflight_messages: int = 20
    max_queued_messages: int = 1000
    tls: tuple[TlsListener, ...] = ()

    def __post_init__(self) -> None:
        """Check what would break the configuration files.

        Raises:
            ConfigError: A value is out of its range, or a user name cannot stand in the file.
        """
        if not 0 <= self.port <= _MAX_PORT:
            raise _bad("port", f"0 to {_MAX_PORT}", str(self.port))
        for name in ("max_inflight_messages", "max_queued_messages"):
            value: int = getattr(self, name)
            if not 0 <= value <= _MAX_PORT:
                raise _bad(name, f"0 (no limit) to {_MAX_PORT}", str(value))
        if any(each.password is None for each in self.users or ()):
            raise _bad("users", "a password for each", "none; Mosquitto knows no such user")
        names = [each.user for each in self.users or ()]
        for name in names:
            if not name or name != name.strip() or ":" in name or not name.isprintable():
                raise _bad(
                    "users",
                    "printable names without a colon and without spaces around them",
                    repr(name),
                )
        if len(set(names)) != len(names):
            raise _bad("users", "each name once", ", ".join(names))


def _bad(name: str, expected: str, got: str) -> ConfigError:
    return ConfigError(
        f"the broker setting {name} cannot be used", on="mosquitto", expected=expected, got=got
    )


def password_line(credentials: Credentials) -> str:
    """Return one line of a Mosquitto password file, with a fresh salt.

    The format is ``user:$7$iterations$salt$hash``, PBKDF2 with SHA-512 and both binary parts in
    base64: what ``mosquitto_passwd`` of Mosquitto 2 writes. It is made here because that program
    is not always beside the broker.
    """
    salt = os.urandom(_SALT_SIZE_BYTES)
    password = (credentials.password or "").encode()
    digest = hashlib.pbkdf2_hmac("sha512", password, salt, HASH_ITERATIONS)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"{credentials.user}:$7${HASH_ITERATIONS}${'$'.join(encoded)}"


def password_file(users: tuple[Credentials, ...]) -> str:
    """Return the whole password file for `users`."""
    return "".join(password_line(each) + "\n" for each in users)


def configuration(
    settings: MosquittoSettings,
    *,
    port: int,
    users_path: str,
    is_root: bool,
    tls_ports: Sequence[int] = (),
) -> str:
    """Return the configuration file.

    Every option is known to Mosquitto 2.0 and 2.1. Of these 2.1 calls ``password_file`` outdated in
    favour of a plugin that 2.0 does not have, and takes it until 3.0.

    Args:
        settings: What was asked for.
        port: The port to listen on, never 0.
        users_path: Where the password file lies.
        is_root: Whether the broker is started as root. It would then change to the user
            ``mosquitto``, who cannot read the files and may not exist, so it is told to stay.
        tls_ports: One for each of the settings' TLS listeners.
    """
    is_open = settings.users is None
    options = {
        "listener": f"{port} {settings.bind_address}",
        "allow_anonymous": "true" if settings.allow_anonymous or is_open else "false",
        "persistence": "false",
        "max_inflight_messages": str(settings.max_inflight_messages),
        "max_queued_messages": str(settings.max_queued_messages),
        # Small packets must not wait for an acknowledgement (Nagle): latencies are measured.
        "set_tcp_nodelay": "true",
        "sys_interval": "0",  # no $SYS messages between those of a test
        "log_dest": "stderr",
        "log_type": "all",
        "log_timestamp": "false",  # the harness stamps each line with its own clock
        "connection_messages": "true",
    }
    if not is_open:
        options["password_file"] = users_path
    if is_root:
        options["user"] = "root"
    text = "".join(f"{name} {value}\n" for name, value in options.items())
    for listener, tls_port in zip(settings.tls, tls_ports, strict=True):
        text += f"listener {tls_port} {settings.bind_address}\n"
        text += f"certfile {listener.identity}\nkeyfile {listener.identity}\n"
        if listener.client_ca is not None:
            text += f"cafile {listener.client_ca}\nrequire_certificate true\n"
    return text
