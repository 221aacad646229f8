"""Facts about client connections, read from Mosquitto's log."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from harness.broker.log import LogLine


class Ending(Enum):
    """How a connection ended, as the broker saw it."""

    #: The client said DISCONNECT, so its will is not published.
    GOODBYE = "goodbye"
    #: The network connection was closed without a DISCONNECT.
    LOST = "lost"
    #: The client was silent for one and a half times its keep-alive.
    KEEPALIVE = "keepalive"
    #: Another client came with the same client id.
    TAKEN_OVER = "taken over"
    #: The broker itself was stopped or died.
    BROKER = "broker"
    #: Anything else, such as a protocol error; `Connection.ending_text` tells.
    ERROR = "error"


@dataclass(frozen=True)
class LoggedWill:
    """What the broker's log says of a will: all but the payload, of which it knows the size."""

    topic: str
    size_bytes: int
    qos: int
    retain: bool


@dataclass(frozen=True)
class Connection:
    """One accepted connection of a client.

    Attributes:
        client_id: As the client gave it, or as the broker made it up.
        user: User name, None when the client gave none.
        clean_session: The clean session flag.
        keepalive_s: The keep-alive of the CONNECT packet; 0 is off.
        protocol: ``3.1``, ``3.1.1`` or ``5``.
        peer: Address and port that the client came from.
        opened_at_s: When it was accepted, in seconds of `time.monotonic`.
        will: Its will, if it has one.
        session_present: Whether CONNACK told the client of a kept session; None before that.
        closed_at_s: When it ended, None while it stands.
        ending: How it ended, None while it stands.
        ending_text: How it ended in the broker's words.
    """

    client_id: str
    user: str | None
    clean_session: bool
    keepalive_s: int
    protocol: str
    peer: tuple[str, int]
    opened_at_s: float
    will: LoggedWill | None = None
    session_present: bool | None = None
    closed_at_s: float | None = None
    ending: Ending | None = None
    ending_text: str = ""


@dataclass(frozen=True)
class Refusal:
    """One connection that the broker did not accept.

    Attributes:
        at_s: When, in seconds of `time.monotonic`.
        code: CONNACK's return code (MQTT 3.1.1 table 3.1), None when the broker sent none.
        text: The reason in the broker's words.
    """

    at_s: float
    code: int | None
    text: str


@dataclass(frozen=True)
class ConnectionHistory:
    """All connections and refusals that a stretch of log tells of, each in order of time."""

    connections: tuple[Connection, ...]
    refusals: tuple[Refusal, ...]

    def of(self, client_id: str) -> tuple[Connection, ...]:
        """Return the connections of one client."""
        return tuple(each for each in self.connections if each.client_id == client_id)


# Mosquitto's own number for the protocol in 2.0, the packet's protocol level from 2.1 on.
_PROTOCOLS = {"1": "3.1", "2": "3.1.1", "3": "3.1", "4": "3.1.1", "5": "5"}

_ACCEPTED = re.compile(
    r"New client connected from (?P<host>.+):(?P<port>\d+) as (?P<id>.*) "
    r"\(p(?P<protocol>\d+), c(?P<clean>[01]), k(?P<keepalive>\d+)(?:, u'(?P<user>.*)')?\)\."
)
_WILL = re.compile(r"Will message specified \((\d+) bytes\) \(r([01]), q([012])\)\.")
_CONNACK = re.compile(r"Sending CONNACK to (.*) \((\d+), (\d+)\)")
_REFUSED = re.compile(r"Client (?:<unknown>|\S+)(?: \[\S+\])? (disconnected.*)\.")
_BROKER_ENDED = re.compile(r"mosquitto version \S+ terminating|keeper: the broker ended .*")

# After "Client <id> "; Mosquitto 2.1 puts the peer in brackets between.
_PEER = re.compile(r"\[[^\]]+\] ")
_ENDINGS = (
    (re.compile(r"disconnected\."), Ending.GOODBYE),
    (re.compile(r"closed its connection\."), Ending.LOST),
    (re.compile(r"has exceeded timeout, disconnecting\."), Ending.KEEPALIVE),
    (re.compile(r"already connected, closing old connection\."), Ending.TAKEN_OVER),
    (re.compile(r"(been )?disconnected.*|has been .*|disconnecting.*"), Ending.ERROR),
)


class _Reader:
    """Goes through the log once; a client id stands for at most one open connection."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.refusals: list[Refusal] = []
        self._open: dict[str, int] = {}
        self._newest = -1
        self._pending_will: tuple[str, str, str] | None = None
        self._refusal_code: int | None = None

    def read(self, line: LogLine) -> None:
        text = line.text
        if self._pending_will is not None and text.startswith("\t"):
            size, retain, qos = self._pending_will
            will = LoggedWill(text[1:], int(size), int(qos), retain == "1")
            self._change(self._newest, will=will)
            self._pending_will = None
        elif found := _ACCEPTED.fullmatch(text):
            self._accept(found, line.at_s)
        elif self.connections and (found := _WILL.fullmatch(text)):
            self._pending_will = (found[1], found[2], found[3])
        elif found := _CONNACK.fullmatch(text):
            self._acknowledge(found)
        elif text.startswith("Client "):
            if not self._end(text[len("Client ") :], line.at_s):
                self._refuse(text, line.at_s)
        elif _BROKER_ENDED.fullmatch(text):
            for place in self._open.values():
                self._change(place, closed_at_s=line.at_s, ending=Ending.BROKER, ending_text=text)
            self._open.clear()

    def _accept(self, found: re.Match[str], at_s: float) -> None:
        connection = Connection(
            client_id=found["id"],
            user=found["user"],
            clean_session=found["clean"] == "1",
            keepalive_s=int(found["keepalive"]),
            protocol=_PROTOCOLS.get(found["protocol"], found["protocol"]),
            peer=(found["host"], int(found["port"])),
            opened_at_s=at_s,
        )
        self._newest = self._open[connection.client_id] = len(self.connections)
        self.connections.append(connection)

    def _acknowledge(self, found: re.Match[str]) -> None:
        place = self._open.get(found[1])
        if found[3] != "0":
            self._refusal_code = int(found[3])
        elif place is not None:
            self._change(place, session_present=found[2] != "0")

    def _end(self, rest: str, at_s: float) -> bool:
        # A client id may hold spaces and begin like another, so the ids are what is looked for.
        for client_id in sorted(self._open, key=len, reverse=True):
            if not rest.startswith(client_id + " "):
                continue
            reason = rest[len(client_id) + 1 :]
            peer = _PEER.match(reason)
            reason = reason[peer.end() :] if peer else reason
            for pattern, ending in _ENDINGS:
                if pattern.fullmatch(reason):
                    place = self._open.pop(client_id)
                    self._change(place, closed_at_s=at_s, ending=ending, ending_text=reason)
                    return True
        return False

    def _refuse(self, text: str, at_s: float) -> None:
        found = _REFUSED.fullmatch(text)
        if found:
            self.refusals.append(Refusal(at_s, self._refusal_code, found[1]))
            self._refusal_code = None

    def _change(self, place: int, **changes: object) -> None:
        self.connections[place] = replace(self.connections[place], **changes)  # type: ignore[arg-type] # names as in the class


def connection_history(lines: Iterable[LogLine]) -> ConnectionHistory:
    """Read connections and refusals from a log.

    Args:
        lines: Of Mosquitto with ``log_type all``, best from its start: a connection is known from
            the line that tells of its being accepted. Lines of any other kind are passed over.
    """
    reader = _Reader()
    for line in lines:
        reader.read(line)
    return ConnectionHistory(tuple(reader.connections), tuple(reader.refusals))
