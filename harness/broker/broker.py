"""What a scenario needs of an MQTT broker, whichever one it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from harness.deadline import Deadline

if TYPE_CHECKING:
    from harness.broker.log import LogLine


@dataclass(frozen=True)
class BrokerAddress:
    """Where a broker listens.

    Attributes:
        host: Name or IPv4 address, as clients must use it.
        port: TCP port.
    """

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address as a URL; it never holds a user or a password."""
        return f"mqtt://{self.host}:{self.port}"


@dataclass(frozen=True)
class Credentials:
    """What a client says to be let in.

    Attributes:
        user: User name.
        password: Password, left out of every representation; None for a user without one, which
            MQTT 3.1.1 section 3.1.2.9 allows.
    """

    user: str
    password: str | None = field(default=None, repr=False)


class Broker(Protocol):
    """A broker that is running and lets the harness in.

    `capabilities` tells what else this one can do, by name: ``log`` (its log is here, and with it
    the facts about connections), ``restart`` (it can be stopped and started).
    """

    @property
    def address(self) -> BrokerAddress:
        """Where it listens."""
        ...

    @property
    def credentials(self) -> Credentials | None:
        """What the harness's own clients use; None when the broker asks for nothing."""
        ...

    @property
    def version(self) -> str:
        """What the broker calls itself, such as ``2.0.11``; empty when it does not tell."""
        ...

    @property
    def capabilities(self) -> frozenset[str]:
        """What this broker can do beyond carrying messages."""
        ...

    @property
    def log_mark(self) -> int:
        """How many log lines there are: a point in time for `log_since`."""
        ...

    def log_since(self, mark: int = 0) -> tuple[LogLine, ...]:
        """Return the log lines from `mark` on, oldest first; none without a ``log``."""
        ...

    def sync_log(self, deadline: Deadline) -> None:
        """Wait until all that the broker did before this call is in the log.

        Raises:
            BrokerError: The broker is gone, or did not answer in time.
        """
        ...

    def check_alive(self) -> None:
        """Do nothing while the broker can be used.

        Raises:
            BrokerError: It is gone; the message holds what it said last.
        """
        ...

    def close(self) -> None:
        """Give the broker up. May be called twice."""
        ...
