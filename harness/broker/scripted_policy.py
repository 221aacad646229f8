"""How a scripted broker behaves where its script says nothing.

Source: MQTT 3.1.1, chapters 3 and 4, the server's part.
"""

from __future__ import annotations

from typing import Protocol

from harness.broker.scripted_step import End
from harness.wire.mqtt_event import Received, Violation
from harness.wire.mqtt_packet import (
    ConnAck,
    Connect,
    Disconnect,
    Packet,
    PingReq,
    Publish,
    PubRec,
    PubRel,
    Subscribe,
    Unsubscribe,
)
from harness.wire.mqtt_session import BrokerSession
from harness.wire.mqtt_state import Phase, SessionState, SessionStore
from harness.wire.mqtt_string import topic_matches

_REFUSED_LEVEL = 1
_REFUSED_ID = 2


class Speaker(Protocol):
    """One connection, as a policy uses it; all in the broker's thread."""

    @property
    def session(self) -> BrokerSession:
        """The state of the connection."""
        ...

    def say(self, packet: Packet) -> None:
        """Say a packet, unless the script holds such packets back."""
        ...

    def close(self, how: End = End.FIN) -> None:
        """End the connection after what was said before."""
        ...


class Policy(Protocol):
    """Is told of all that a script does not take, and says what it likes."""

    def opened(self, link: Speaker) -> None:
        """Take note of a connection."""
        ...

    def received(self, link: Speaker, event: Received) -> None:
        """Handle a packet."""
        ...

    def refuses(self, link: Speaker, violation: Violation) -> None:
        """Handle what cannot be gone on with: bytes that are no packet, or too long a silence."""
        ...

    def ended(self, link: Speaker) -> None:
        """Take note that a connection has ended, whoever ended it."""
        ...


class Quiet:
    """Says nothing by itself, so that everything has to stand in the script; see `Policy`."""

    def opened(self, link: Speaker) -> None:
        """Do nothing."""

    def received(self, link: Speaker, event: Received) -> None:
        """Do nothing."""

    def refuses(self, link: Speaker, violation: Violation) -> None:
        """Do nothing."""

    def ended(self, link: Speaker) -> None:
        """Do nothing."""


class Correct:
    """A correct broker: subscriptions, kept sessions, retained messages, wills; see `Policy`.

    Everybody is let in. A message goes to its subscribers before its sender gets the answer, as
    Mosquitto does it.
    """

    def __init__(self, store: SessionStore) -> None:
        """Begin without messages.

        Args:
            store: The states of the broker's clients, which the sessions keep up to date.
        """
        self._store = store
        self._links: list[Speaker] = []
        self._retained: dict[str, Publish] = {}

    def opened(self, link: Speaker) -> None:
        """Take note of a connection."""
        self._links.append(link)

    def ended(self, link: Speaker) -> None:
        """Publish the will of a client that has not said goodbye (MQTT-3.1.2-8)."""
        if link not in self._links:
            return  # another connection has taken its place
        self._links.remove(link)
        session = link.session
        if session.connect is None or not session.is_accepted or session.phase is Phase.ENDED:
            return
        will = session.connect.will
        if will is not None:
            self._route(Publish(will.topic, will.payload, will.qos, will.retain))

    def refuses(self, link: Speaker, violation: Violation) -> None:
        """Close (MQTT-4.8.0-1); a wrong protocol level gets its return code (MQTT-3.1.2-2)."""
        if violation.statement == "MQTT-3.1.2-2":
            link.say(ConnAck(code=_REFUSED_LEVEL))
        link.close()

    def received(self, link: Speaker, event: Received) -> None:
        """Answer a packet, and do what it asks for."""
        broken = [each.statement for each in event.violations if each.is_fatal]
        if not broken:
            self._obey(link, event)
            return
        if "MQTT-3.1.3-7" in broken:
            link.say(ConnAck(code=_REFUSED_ID))  # MQTT-3.1.3-8
        link.close()

    def _obey(self, link: Speaker, event: Received) -> None:
        packet = event.packet
        match packet:
            case Connect():
                self._welcome(link, packet)
            case Publish():
                if event.is_new:
                    self._route(packet)
                if packet.qos:
                    link.say(link.session.answer_to(packet))
            case Subscribe():
                link.say(link.session.answer_to(packet))
                for topic_filter, qos in packet.filters:
                    self._send_retained(link, topic_filter, qos)
            case PubRec() | PubRel() | Unsubscribe() | PingReq():
                link.say(link.session.answer_to(packet))
            case Disconnect():
                link.close()  # MQTT-3.14.4-3: without the will

    def _welcome(self, link: Speaker, packet: Connect) -> None:
        for other in tuple(self._links):
            name = None if other.session.connect is None else other.session.connect.client_id
            if other is not link and name and name == packet.client_id:
                other.close()  # MQTT-3.1.4-2
                self.ended(other)
        link.say(link.session.answer_to(packet))
        state = link.session.state
        for each in state.to_client.unfinished():  # MQTT-4.4.0-1
            link.say(each)
        queue, state.queue[:] = list(state.queue), []
        for message in queue:
            self._deliver(link, message, message.qos)

    def _route(self, message: Publish) -> None:
        """Bring a message to all who have subscribed to it, now or when they come back."""
        if message.retain:
            if message.payload:
                self._retained[message.topic] = message  # MQTT-3.3.1-5
            else:
                self._retained.pop(message.topic, None)  # MQTT-3.3.1-10, -11
        live = [each for each in self._links if each.session.phase is Phase.OPEN]
        for link in live:
            granted = _granted(link.session.state, message.topic)
            if granted is not None:
                self._deliver(link, message, granted)
        for state in self._store.values():
            granted = _granted(state, message.topic)
            is_away = all(link.session.state is not state for link in live)
            if is_away and granted and message.qos:
                qos = min(granted, message.qos)
                state.queue.append(Publish(message.topic, message.payload, qos))

    def _send_retained(self, link: Speaker, topic_filter: str, qos: int) -> None:
        for message in tuple(self._retained.values()):
            if topic_matches(message.topic, topic_filter):
                self._deliver(link, message, qos, retain=True)  # MQTT-3.3.1-6, -8

    @staticmethod
    def _deliver(link: Speaker, message: Publish, granted: int, *, retain: bool = False) -> None:
        qos = min(granted, message.qos)
        number = link.session.state.to_client.next_id() if qos else 0
        link.say(Publish(message.topic, message.payload, qos, retain, packet_id=number))


def _granted(state: SessionState, topic: str) -> int | None:
    """Return the highest QoS of the subscriptions that a topic matches (MQTT-3.3.5-1)."""
    found = [qos for name, qos in state.subscriptions.items() if topic_matches(topic, name)]
    return max(found) if found else None
