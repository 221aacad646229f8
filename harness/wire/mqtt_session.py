r"""The broker's side of one MQTT 3.1.1 connection as a state machine: bytes in, events out.

    CONNECTING --CONNECT--> CONNECTED --CONNACK 0--> OPEN --DISCONNECT--> ENDED
                                |
                                '--CONNACK 1..5--> REFUSED
    any --bytes that are no packet--> BROKEN

It has no policy: it answers nothing by itself. Its verbs say what a broker may say, `send` says
anything, and whoever calls them decides what is said, when, and what is not. Nor does it raise for
what a client does: each statement that is broken becomes a `Violation`.

It knows no time, so the keep alive (3.1.2.10) is for its user to judge.

Source: MQTT 3.1.1; the statement stands at each branch.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import LocalProtocolError
from harness.wire.mqtt_decode import REFUSED
from harness.wire.mqtt_error import MalformedPacket
from harness.wire.mqtt_event import Breach, Event, Malformed, Received, Violation
from harness.wire.mqtt_frame import MAX_REMAINING_BYTES
from harness.wire.mqtt_packet import (
    ConnAck,
    Connect,
    Disconnect,
    Packet,
    PingReq,
    PingResp,
    PubAck,
    PubComp,
    Publish,
    PubRec,
    PubRel,
    SubAck,
    Subscribe,
    UnsubAck,
    Unsubscribe,
)
from harness.wire.mqtt_state import Phase, SessionState, SessionStore
from harness.wire.mqtt_stream import LIMIT_BYTES, PacketStream

# Packets that only a broker sends (2.2.1, table 2.1).
_FROM_BROKER = (ConnAck, SubAck, UnsubAck, PingResp)

# What a broker has to close for. Other breaches are noted and the exchange goes on.
_FATAL = {
    "MQTT-3.1.0-1",
    "MQTT-3.1.0-2",
    "MQTT-3.1.3-7",
    "MQTT-3.14.4-2",
    "section 2.2.1",
}


class BrokerSession:
    """One connection, seen from the broker.

    Attributes:
        phase: Where it stands.
        connect: The client's CONNECT; None before it.
        is_accepted: Whether the client was let in.
        had_state: Whether a state of the client was there when it connected.
        state: Of the client; an empty one before CONNECT.
        violations: All that the client broke so far, in order.
    """

    def __init__(
        self, store: SessionStore | None = None, *, limit_bytes: int = LIMIT_BYTES
    ) -> None:
        """Begin before the first byte.

        Args:
            store: The states that are kept; it is changed here as section 3.1.2.4 says.
            limit_bytes: The longest packet that is accepted, see `PacketStream`.
        """
        self.phase = Phase.CONNECTING
        self.connect: Connect | None = None
        self.is_accepted = False
        self.had_state = False
        self.state = SessionState()
        self.violations: list[Violation] = []
        self._store: SessionStore = {} if store is None else store
        self._in = PacketStream(limit_bytes)
        self._sent = PacketStream(MAX_REMAINING_BYTES)  # the limit is for clients, not for us
        self._out = bytearray()

    # What comes.

    def receive(self, data: bytes) -> list[Event]:
        """Take bytes from the client, split anywhere.

        Args:
            data: What came. After a malformed packet nothing is read any more.

        Returns:
            One event for each packet. Another split of the same bytes gives the same events.
        """
        if self._in.is_broken:
            return []
        try:
            return [self._take(packet) for packet in self._in.receive(data)]
        except MalformedPacket as error:
            events: list[Event] = [self._take(packet) for packet in error.before]
            self.phase = Phase.BROKEN
            # MQTT-4.8.0-1: whatever is malformed, the connection is to be closed.
            violation = Violation(error.statement, error.text, error.kind, None, is_fatal=True)
            self.violations.append(violation)
            return [*events, Malformed(violation, error.received)]

    def _take(self, packet: Packet) -> Received:
        is_new, breaches = self._judge(packet)
        violations = tuple(
            Violation(each.statement, each.text, packet.kind, packet, each.statement in _FATAL)
            for each in breaches
        )
        self.violations += violations
        return Received(packet, violations, is_new)

    def _judge(self, packet: Packet) -> tuple[bool, list[Breach]]:
        """Take note of a packet; return whether it is new, and what it breaks."""
        order = self._judge_order(packet)
        if order is not None:
            return True, [order]
        is_new, breaches = True, []
        match packet:
            case Connect():
                breaches = self._begin(packet)
            case Publish():
                is_new, breaches = self.state.from_client.message(packet)
            case Subscribe() | Unsubscribe():
                breaches = self.state.from_client.request(packet)
            case PubRel():
                breaches = self.state.from_client.release(packet)
            case PubAck() | PubRec() | PubComp():
                breaches = self.state.to_client.answered(packet)
            case Disconnect():
                self.phase = Phase.ENDED
        return is_new, breaches

    def _judge_order(self, packet: Packet) -> Breach | None:
        """Return what a packet breaks by coming at this point, whatever it says."""
        if isinstance(packet, _FROM_BROKER):
            return Breach("section 2.2.1", "only a broker sends it")
        if self.phase is Phase.ENDED:
            return Breach("MQTT-3.14.4-2", "it comes after DISCONNECT")
        if isinstance(packet, Connect) == (self.connect is None):
            return None
        if self.connect is None:
            return Breach("MQTT-3.1.0-1", "the first packet is not CONNECT")
        return Breach("MQTT-3.1.0-2", "a second CONNECT")

    def _begin(self, packet: Connect) -> list[Breach]:
        """Let the kept state and the client's CONNECT meet (3.1.2.4)."""
        self.connect = packet
        self.phase = Phase.CONNECTED
        name = packet.client_id
        if not name and not packet.clean_session:
            return [Breach("MQTT-3.1.3-7", "no client identifier and no clean session")]
        if packet.clean_session:
            self._store.pop(name, None)  # MQTT-3.1.2-6
        else:
            self.had_state = name in self._store
            self.state = self._store.setdefault(name, self.state)  # MQTT-3.1.2-4
        self.state.from_client.begin(is_kept=not packet.clean_session)
        self.state.to_client.begin()
        return []

    # What is said.

    def data_to_send(self) -> bytes:
        """Return the bytes that have been said since the last call."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def send(self, what: Packet | bytes) -> None:
        """Say a packet, or any bytes at all, at any time.

        Bytes are read as the client will read them, as long as they are packets: what they answer
        counts as answered.
        """
        data = what if isinstance(what, bytes) else what.encode()
        self._out += data
        if self._sent.is_broken:
            return
        try:
            packets: Sequence[Packet] = self._sent.receive(data)
        except MalformedPacket as error:
            packets = error.before
        for packet in packets:
            self._note(packet)

    def _note(self, packet: Packet) -> None:
        """Take note of what the client is told."""
        if isinstance(packet, ConnAck) and self.phase is Phase.CONNECTED:
            self.phase = Phase.REFUSED if packet.code else Phase.OPEN
            self.is_accepted = not packet.code
            if not packet.code and not packet.session_present:
                self._forget_earlier()
        self.state.to_client.sent(packet)
        request = self.state.from_client.answered(packet)
        if isinstance(request, Subscribe) and isinstance(packet, SubAck):
            for (name, _), code in zip(request.filters, packet.codes, strict=False):
                if code != REFUSED:
                    self.state.subscriptions[name] = code
        elif isinstance(request, Unsubscribe):
            for name in request.filters:
                self.state.subscriptions.pop(name, None)

    def _forget_earlier(self) -> None:
        """The client was told that there is no session: let it be so (MQTT-3.2.2-3)."""
        self.state.from_client.forget_earlier()
        self.state.to_client.forget_earlier()
        self.state.subscriptions.clear()
        self.state.queue.clear()

    def accept(self, *, session_present: bool | None = None) -> None:
        """Let the client in.

        Args:
            session_present: What CONNACK says of it; None for the truth.
        """
        present = self.had_state if session_present is None else session_present
        self.send(ConnAck(session_present=present))

    def refuse(self, code: int) -> None:
        """Do not let the client in; MQTT-3.2.2-5 then asks the caller to close.

        Args:
            code: 1 to 5, table 3.1.
        """
        self.send(ConnAck(code=code))

    def answer_to(self, packet: Packet, codes: Sequence[int] | None = None) -> Packet:
        """Return the packet with which a broker answers.

        Args:
            packet: Any that is answered.
            codes: Of SUBACK; None grants what was asked for.

        Raises:
            LocalProtocolError: Nothing answers such a packet.
        """
        answer: Packet | None = None
        match packet:
            case Connect():
                answer = ConnAck(session_present=self.had_state)
            case Publish(qos=1):
                answer = PubAck(packet.packet_id)
            case Publish(qos=2):
                answer = PubRec(packet.packet_id)
            case PubRec():
                answer = PubRel(packet.packet_id)
            case PubRel():
                answer = PubComp(packet.packet_id)
            case Subscribe():
                granted = [qos for _, qos in packet.filters] if codes is None else codes
                answer = SubAck(packet.packet_id, tuple(granted))
            case Unsubscribe():
                answer = UnsubAck(packet.packet_id)
            case PingReq():
                answer = PingResp()
        if answer is None:
            raise LocalProtocolError(
                f"a broker has no answer to this {packet.kind}",
                on="MQTT 3.1.1, table 2.1",
                expected="a packet that is answered",
                got=f"{packet}",
            )
        return answer

    def ack(self, packet: Packet, codes: Sequence[int] | None = None) -> None:
        """Answer a packet of the client's; see `answer_to`."""
        self.send(self.answer_to(packet, codes))

    def publish(
        self, topic: str, payload: bytes = b"", *, qos: int = 0, retain: bool = False
    ) -> Publish:
        """Send a message, with an identifier that is free.

        Returns:
            The packet.
        """
        number = self.state.to_client.next_id() if qos else 0
        packet = Publish(topic, payload, qos, retain, packet_id=number)
        self.send(packet)
        return packet

    def resend(self) -> None:
        """Send again what a kept session has left unfinished (MQTT-4.4.0-1)."""
        for packet in self.state.to_client.unfinished():
            self.send(packet)
