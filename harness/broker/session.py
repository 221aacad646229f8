"""One paho-mqtt connection behind calls that wait, each with a deadline.

This is the one file that imports paho. Its network loop runs in a thread of its own and never
reconnects by itself: a lost connection is a finding, and is told to whoever waits.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from harness.broker.broker import BrokerAddress, Credentials
from harness.broker.message import Delivery, Will
from harness.deadline import Deadline
from harness.errors import BrokerError, ConfigError

#: How long a goodbye may take to be written; after that the connection is cut.
GOODBYE_TIMEOUT_S = 2.0

_LOOK_AT_LOG = "look at the end of the broker's log"


def is_topic_matched(topic: str, topic_filter: str) -> bool:
    """Say whether a topic name falls under a topic filter (MQTT 3.1.1 section 4.7)."""
    return bool(paho.topic_matches_sub(topic_filter, topic))


class Session:
    """The connection of one client: sends, and waits for what the broker answers."""

    def __init__(
        self,
        address: BrokerAddress,
        credentials: Credentials | None,
        *,
        client_id: str,
        clean_session: bool,
        keepalive_s: int,
        will: Will | None,
        on_delivery: Callable[[Delivery], None],
        on_end: Callable[[], None],
    ) -> None:
        """Describe a connection; nothing is sent yet.

        Args:
            address: Of the broker.
            credentials: User and password, or None for neither.
            client_id: What the broker is to know this client by.
            clean_session: Whether the broker forgets subscriptions and messages at the end.
            keepalive_s: The keep-alive; 0 is off.
            will: What the broker publishes when this client vanishes.
            on_delivery: Called with each message that comes, in the network thread. If it raises,
                the session is over, and its error is what the others are told.
            on_end: Called when the connection is over, in whichever thread found out.
        """
        self._address = address
        self._client_id = client_id
        self._keepalive_s = keepalive_s
        self._on_delivery = on_delivery
        self._on_end = on_end
        self._changed = threading.Condition()
        self._session_present: bool | None = None
        self._ending: str | None = "it was never connected"
        self._acks: dict[int, list[ReasonCode]] = {}
        self._credentials = credentials
        self._clean_session = clean_session
        self._will = will
        self._paho = self._new_paho()

    def _new_paho(self) -> paho.Client:
        """Make the client of one connection.

        A client of paho's could connect again, but would lose the pair of sockets that wakes its
        thread: they are closed only when it is collected.
        """
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            clean_session=self._clean_session,
            reconnect_on_failure=False,
        )
        if self._credentials is not None:
            client.username_pw_set(self._credentials.user, self._credentials.password)
        if self._will is not None:
            will = self._will
            client.will_set(will.topic, will.payload, will.qos, will.retain)
        client.on_socket_open = _send_at_once
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_publish = lambda _c, _d, mid, reason, _p: self._acknowledge(mid, [reason])
        client.on_subscribe = lambda _c, _d, mid, reasons, _p: self._acknowledge(mid, reasons)
        client.on_unsubscribe = client.on_subscribe
        client.on_message = self._delivered
        return client

    @property
    def _name(self) -> str:
        return f"{self._address.url} as {self._client_id}"

    def check_open(self) -> None:
        """Raise BrokerError unless the connection stands."""
        with self._changed:
            ending = self._ending
        if ending is not None:
            raise BrokerError(
                "the MQTT connection is not open",
                on=self._name,
                expected="a connected client",
                got=ending,
                advice=_LOOK_AT_LOG,
            )

    def connect(self, deadline: Deadline) -> bool:
        """Connect, for the first time or again, and return whether the broker had a session.

        Raises:
            BrokerError: Nobody listens, the broker refuses, or it does not answer in time.
        """
        with self._changed:
            was_lost = self._session_present is not None
            self._session_present = None
            self._acks.clear()
        if was_lost:
            # The library's client of a lost connection cannot be used again; see `_join`.
            self._join()
        with self._changed:
            self._ending = None
        self._paho.connect_timeout = max(deadline.remaining_s, 0.001)
        try:
            self._paho.connect(self._address.host, self._address.port, self._keepalive_s)
        except OSError as error:
            self.fail(str(error))
            self._paho = self._new_paho()  # the old one takes itself for one that is connecting
            raise BrokerError(
                "cannot reach the MQTT broker",
                on=self._name,
                expected="an open port",
                got=str(error),
                advice="see whether the broker runs and listens on that address and port",
            ) from error
        self._paho.loop_start()
        try:
            self._wait(lambda: self._session_present is not None, "CONNECT", "CONNACK", deadline)
        except BrokerError:
            self.disconnect()
            raise
        return bool(self._session_present)

    def publish(self, delivery: Delivery, deadline: Deadline) -> None:
        """Send a message and wait for PUBACK or PUBCOMP; at QoS 0 until it is written.

        Raises:
            BrokerError: The connection is lost, or the answer did not come in time.
            ConfigError: Topic or QoS are not legal.
        """
        what = f"PUBLISH to {delivery.topic!r} with QoS {delivery.qos}"
        with self._legal(what):
            info = self._paho.publish(
                delivery.topic, delivery.payload, delivery.qos, delivery.retain
            )
        reply = ("the packet on its way", "PUBACK", "PUBCOMP")[delivery.qos]
        self._await_ack(info.rc, info.mid, what, reply, deadline)

    def subscribe(self, topic_filter: str, qos: int, deadline: Deadline) -> None:
        """Subscribe and wait until it is granted.

        Raises:
            BrokerError: The connection is lost, SUBACK did not come in time, or says no.
            ConfigError: Filter or QoS are not legal.
        """
        what = f"SUBSCRIBE to {topic_filter!r} with QoS {qos}"
        with self._legal(what):
            code, mid = self._paho.subscribe(topic_filter, qos)
        granted = self._await_ack(code, mid, what, "SUBACK", deadline)
        if any(each.is_failure for each in granted):
            raise BrokerError(
                f"the broker refused {what}",
                on=self._name,
                expected=f"a granted QoS up to {qos}",
                got=", ".join(str(each) for each in granted),
            )

    def unsubscribe(self, topic_filter: str, deadline: Deadline) -> None:
        """End a subscription and wait for UNSUBACK.

        Raises:
            BrokerError: The connection is lost, or the answer did not come in time.
        """
        code, mid = self._paho.unsubscribe(topic_filter)
        self._await_ack(code, mid, f"UNSUBSCRIBE from {topic_filter!r}", "UNSUBACK", deadline)

    def disconnect(self) -> None:
        """Say goodbye and end. May be called twice, and without a connection."""
        self._paho.disconnect()
        self._join()

    def vanish(self) -> None:
        """End without a goodbye."""
        self._cut()
        self._join()

    def fail(self, reason: str) -> None:
        """Take note that the connection is over, the first reason counts; wake all who wait."""
        with self._changed:
            self._ending = self._ending or reason
            self._changed.notify_all()
        self._on_end()

    @contextlib.contextmanager
    def _legal(self, what: str) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise ConfigError(f"{what} cannot be sent", on=self._name, got=str(error)) from error

    def _await_ack(
        self, code: int, mid: int | None, what: str, reply: str, deadline: Deadline
    ) -> list[ReasonCode]:
        """Wait for the answer to packet `mid` and return the codes in it."""
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            self.check_open()
            got = paho.error_string(MQTTErrorCode(code))
            raise BrokerError(f"paho could not send {what}", on=self._name, got=got)
        self._wait(lambda: mid in self._acks, what, reply, deadline)
        with self._changed:
            return self._acks.pop(mid)

    def _wait(self, is_done: Callable[[], bool], what: str, reply: str, deadline: Deadline) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: is_done() or self._ending is not None, deadline.remaining_s
            )
            if is_done():
                return
            got = self._ending or f"nothing in {deadline.total_s:.3g} s"
        raise BrokerError(
            f"{what} failed",
            on=self._name,
            expected=reply,
            got=got,
            advice=_LOOK_AT_LOG,
        )

    def _cut(self) -> None:
        connection = self._paho.socket()
        if isinstance(connection, socket.socket):
            with contextlib.suppress(OSError):  # the other side was faster
                connection.shutdown(socket.SHUT_RDWR)

    def _join(self) -> None:
        """Wait for the network thread's end; cut the connection when a goodbye gets stuck."""
        with self._changed:
            is_over = self._changed.wait_for(lambda: self._ending is not None, GOODBYE_TIMEOUT_S)
        if not is_over:
            self._cut()
        self._paho.loop_stop()
        self._paho = self._new_paho()

    # What paho's network thread does. The arguments are those of callback API version 2.

    def _connected(
        self, _client: object, _data: object, flags: Any, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            self.fail(f"the broker refused the connection: {reason}")
            return
        with self._changed:
            self._session_present = bool(flags.session_present)
            self._changed.notify_all()

    def _disconnected(
        self, _client: object, _data: object, _flags: Any, reason: ReasonCode, _properties: object
    ) -> None:
        lost = f"the connection was lost ({reason})"
        self.fail(lost if reason.is_failure else "the harness had disconnected")

    def _acknowledge(self, mid: int, reasons: list[ReasonCode]) -> None:
        with self._changed:
            self._acks[mid] = reasons
            self._changed.notify_all()

    def _delivered(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        at_s = time.monotonic()
        payload = bytes(message.payload)
        try:
            self._on_delivery(
                Delivery(
                    message.topic, payload, message.qos, message.retain, dup=message.dup, at_s=at_s
                )
            )
        except Exception as error:  # noqa: BLE001 - whoever waits is told; paho's thread must live
            self.fail(f"a message could not be handed over: {error!r}")


def _send_at_once(_client: object, _data: object, connection: Any) -> None:
    """Switch Nagle's algorithm off, which could hold a small packet back for 40 ms."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
