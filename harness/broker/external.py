"""A broker that somebody else runs, named by its URL."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from harness.broker.broker import BrokerAddress, Credentials
from harness.broker.client import MqttClient
from harness.broker.log import LogLine
from harness.broker.proof import prove_delivery
from harness.deadline import Deadline
from harness.errors import ConfigError

MQTT_PORT = 1883


def parse_broker_url(url: str) -> tuple[BrokerAddress, Credentials | None]:
    """Take ``mqtt://user:password@host:port`` apart.

    User, password and port may be absent (the port is then 1883); ``%xx`` stands for a character
    that has a meaning in URLs. The message of an error never holds the user or the password.

    Raises:
        ConfigError: It is not such a URL.
    """
    try:
        parts = urlsplit(url)
        port = MQTT_PORT if parts.port is None else parts.port
    except ValueError as error:
        raise _bad_url("a port from 1 to 65535 and a host") from error
    if parts.scheme != "mqtt":
        raise _bad_url("a URL that begins with mqtt://")
    if not parts.hostname:
        raise _bad_url("a host name or address")
    if not port:
        raise _bad_url("a port from 1 to 65535 and a host")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise _bad_url("nothing after host and port")
    credentials = None
    if parts.username:
        password = None if parts.password is None else unquote(parts.password)
        credentials = Credentials(unquote(parts.username), password)
    elif parts.password is not None:
        raise _bad_url("a user before the password")
    return BrokerAddress(parts.hostname, port), credentials


def _bad_url(expected: str) -> ConfigError:
    return ConfigError(
        "the broker's URL cannot be used",
        on="the broker URL",
        expected=expected,
        got="a URL without it (not shown, since it may hold a password)",
        advice="mqtt://HOST, mqtt://HOST:PORT or mqtt://USER:PASSWORD@HOST:PORT",
    )


class ExternalBroker:
    """A broker that runs already; see `harness.broker.broker.Broker`.

    Its log and its life are not ours, so it has no capabilities. One connection stays open for
    `check_alive`.
    """

    def __init__(self, url: str, credentials: Credentials | None = None) -> None:
        """Describe a broker; nothing is connected yet.

        Args:
            url: See `parse_broker_url`.
            credentials: Instead of those in the URL, which other users of this host may see in the
                list of processes.

        Raises:
            ConfigError: The URL cannot be used.
        """
        self._address, from_url = parse_broker_url(url)
        self._credentials = credentials or from_url
        self._client = MqttClient(self._address, self._credentials)

    def open(self, deadline: Deadline) -> None:
        """Connect, and prove by a message of our own that the broker delivers.

        Raises:
            BrokerError: It cannot be reached, refuses, or does not deliver.
        """
        self._client.connect(deadline)
        prove_delivery(self._client, deadline)

    @property
    def address(self) -> BrokerAddress:
        """Where it listens."""
        return self._address

    @property
    def credentials(self) -> Credentials | None:
        """What the harness's own clients use."""
        return self._credentials

    @property
    def version(self) -> str:
        """Empty: MQTT 3.1.1 has no way to ask."""
        return ""

    @property
    def capabilities(self) -> frozenset[str]:
        """None."""
        return frozenset()

    @property
    def log_mark(self) -> int:
        """Always 0."""
        return 0

    def log_since(self, mark: int = 0) -> tuple[LogLine, ...]:  # noqa: ARG002 - as in Broker
        """Return nothing: its log is not ours."""
        return ()

    def sync_log(self, deadline: Deadline) -> None:
        """Do nothing: there is no log to wait for."""

    def check_alive(self) -> None:
        """Do nothing while the connection that was opened stands.

        Raises:
            BrokerError: It was not opened, or is lost.
        """
        self._client.check_open()

    def close(self) -> None:
        """Disconnect. May be called twice."""
        self._client.disconnect()
