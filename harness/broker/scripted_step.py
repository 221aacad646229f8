"""What a scripted broker is told to do on one connection: a list of steps, as data.

A script waits in one kind of step only, `Expect`. Everything else is done at once, and what is to
be said goes into the connection's queue, in which time passes: `delay_s`, `gap_s` and `Pause` hold
back what stands behind them, and nothing else. So a script never misses a packet that comes early.

    Expect("PUBLISH", qos=1), Ack(split="each"), Expect("PUBLISH"), Close(End.RST)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from itertools import pairwise
from types import MappingProxyType
from typing import Literal

from harness.errors import ConfigError
from harness.wire.mqtt_packet import PACKETS, Packet

#: What a `Send` says: a packet, bytes as they are, or what a function makes of the packet that the
#: script's last `Expect` took.
What = Packet | bytes | Callable[[Packet], Packet | bytes]


class End(Enum):
    """How a connection ends, or stops to be of use."""

    #: Our side is closed in order; what the client still sends is read until it closes too.
    FIN = "fin"
    #: Reset: the client's next read or write fails with ECONNRESET.
    RST = "rst"
    #: Nothing more is said, everything is read: a broker that hangs.
    SILENCE = "silence"
    #: Nothing more is said or read, so that the client's writes fill the buffers and stop.
    DEAF = "deaf"


@dataclass(frozen=True)
class Step:
    """One step of a script; see its kinds below."""


@dataclass(frozen=True, kw_only=True)
class _Said(Step):
    """How something is said.

    Attributes:
        split: Where the bytes are cut, as offsets; negative ones count from the end; ``"each"``
            cuts behind every byte.
        gap_s: Pause between the pieces, so that the client most likely reads them one by one.
        delay_s: Pause before the first byte.
        copies: How many times it is said.
    """

    split: tuple[int, ...] | Literal["each"] = ()
    gap_s: float = 0.005
    delay_s: float = 0.0
    copies: int = 1

    def pieces(self, data: bytes) -> list[tuple[float, bytes]]:
        """Return one copy as pieces, each with the pause before it in seconds."""
        if self.split == "each":
            cuts = list(range(1, len(data)))
        else:
            cuts = sorted({at % len(data) for at in self.split if data} - {0})
        edges = [0, *cuts, len(data)]
        return [
            (self.delay_s if start == 0 else self.gap_s, data[start:end])
            for start, end in pairwise(edges)
        ]


@dataclass(frozen=True, init=False)
class Expect(Step):
    """Wait for a packet, and take it, so that the default policy does not answer it.

    Packets that come before and do not match are the default policy's.

    Attributes:
        kind: Name of the packet, such as ``PUBLISH``.
        fields: Field of the packet -> the value it must have, or a function that says yes to it.
    """

    kind: str
    fields: Mapping[str, object] = field(default_factory=dict)

    def __init__(self, kind: str, /, **fields_: object) -> None:
        """Name the packet.

        Args:
            kind: Its name.
            **fields_: Its fields.

        Raises:
            ConfigError: There is no such packet, or it has no such field.
        """
        packet = PACKETS.get(kind)
        known = [] if packet is None else [each.name for each in fields(packet)]
        wrong = [name for name in fields_ if name not in known]
        if packet is None or wrong:
            raise ConfigError(
                f"a script expects {'a field that no' if wrong else 'an unknown packet,'} {kind}"
                f"{' has' if wrong else ''}",
                on="Expect(...)",
                expected=", ".join(known if packet else PACKETS) or "no field",
                got=", ".join(wrong) or kind,
            )
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "fields", MappingProxyType(dict(fields_)))

    def matches(self, packet: Packet | None) -> bool:
        """Tell whether this is the packet."""
        return (
            packet is not None
            and packet.kind == self.kind
            and all(
                value(getattr(packet, name)) if callable(value) else getattr(packet, name) == value
                for name, value in self.fields.items()
            )
        )

    def __str__(self) -> str:
        """Return it as one would say it in a message."""
        text = ", ".join(f"{name}={value!r}" for name, value in self.fields.items())
        return f"{self.kind} with {text}" if text else self.kind


@dataclass(frozen=True)
class Send(_Said):
    """Say a packet, or any bytes."""

    what: What


@dataclass(frozen=True)
class Ack(_Said):
    """Answer a packet that an `Expect` took, as a correct broker does.

    Attributes:
        codes: Of SUBACK; None grants what was asked for.
        session_present: Of CONNACK; None says the truth.
        of: Which packet of those that this connection's script took; -1 is the last.
    """

    codes: Sequence[int] | None = None
    session_present: bool | None = None
    of: int = -1


@dataclass(frozen=True, init=False)
class Hold(Step):
    """From now on keep back what the default policy says.

    Attributes:
        kinds: Names of the packets to keep back; empty for all.
    """

    kinds: tuple[str, ...]

    def __init__(self, *kinds: str) -> None:
        """Name the packets; none for all."""
        object.__setattr__(self, "kinds", kinds)


@dataclass(frozen=True)
class Release(Step):
    """Say what was kept back, and keep back nothing more.

    Attributes:
        is_reversed: Whether the last comes first.
    """

    is_reversed: bool = False


@dataclass(frozen=True)
class Pause(Step):
    """Let time pass before what is said next."""

    duration_s: float


@dataclass(frozen=True)
class Close(Step):
    """End the connection, after all that was said before."""

    how: End = End.FIN


#: What is done on one connection, in order.
Script = Sequence[Step]
