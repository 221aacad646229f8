"""The harness's MQTT client: what a scenario publishes, subscribes and waits with."""

from __future__ import annotations

import secrets
import threading
import time
from types import TracebackType
from typing import Protocol, final

from harness.broker.broker import BrokerAddress, Credentials
from harness.broker.inbox import Inbox
from harness.broker.message import Delivery, Will
from harness.broker.session import Session, is_topic_matched
from harness.deadline import Deadline


class MqttObserver(Protocol):
    """Is told of every message; `received` is called in the client's network thread."""

    def sent(self, client_id: str, delivery: Delivery) -> None:
        """Take note of a message that is about to be sent."""
        ...

    def received(self, client_id: str, delivery: Delivery) -> None:
        """Take note of a message that has come, before anybody who waits for it is woken."""
        ...


@final
class MqttClient:
    """One MQTT 3.1.1 client. Its calls may be made from any thread.

    Attributes:
        client_id: What the broker knows it by.
        received: Everything that came, whichever subscription it came for; the place to look for
            what a kept session delivers before anything is subscribed again.
    """

    def __init__(
        self,
        address: BrokerAddress,
        credentials: Credentials | None = None,
        *,
        client_id: str | None = None,
        clean_session: bool = True,
        keepalive_s: int = 60,
        will: Will | None = None,
        observer: MqttObserver | None = None,
    ) -> None:
        """Describe a client; nothing is connected yet.

        Args:
            address: Of the broker.
            credentials: User and password, or None for neither.
            client_id: A fixed id, or None for a random one.
            clean_session: Whether the broker forgets subscriptions and messages at the end.
            keepalive_s: The keep-alive of MQTT 3.1.1 section 3.1.2.10; 0 is off.
            will: What the broker publishes when this client vanishes.
            observer: Is told of all messages.
        """
        self.client_id = client_id or f"hil-{secrets.token_hex(4)}"
        self._observer = observer
        self._session = Session(
            address,
            credentials,
            client_id=self.client_id,
            clean_session=clean_session,
            keepalive_s=keepalive_s,
            will=will,
            on_delivery=self._hand_over,
            on_end=self._wake,
        )
        self._lock = threading.Lock()
        self._inboxes: tuple[Inbox, ...] = ()
        self.received = Inbox("#", self._session.check_open)

    def check_open(self) -> None:
        """Do nothing while the connection stands.

        Raises:
            BrokerError: It was never made, or is over; the message says how it ended.
        """
        self._session.check_open()

    def connect(self, deadline: Deadline) -> bool:
        """Connect, for the first time or again.

        Returns:
            Whether the broker had kept a session for this client.

        Raises:
            BrokerError: Nobody listens, the broker refuses, or it does not answer in time.
        """
        return self._session.connect(deadline)

    def publish(
        self,
        topic: str,
        payload: bytes | str,
        deadline: Deadline,
        *,
        qos: int = 0,
        retain: bool = False,
    ) -> Delivery:
        """Publish a message and wait until the broker has it.

        Args:
            topic: Topic name.
            payload: The message; text is sent as UTF-8.
            deadline: How long the acknowledgement (QoS 1: PUBACK, 2: PUBCOMP) may take. At QoS 0
                the wait ends when the packet was handed to the network.
            qos: 0, 1 or 2.
            retain: Whether the broker stores it for later subscribers.

        Returns:
            What was sent, with the time when it was handed over.

        Raises:
            BrokerError: The connection is lost, or the acknowledgement did not come in time.
            ConfigError: The topic or the QoS is not a legal one.
        """
        data = payload.encode() if isinstance(payload, str) else payload
        self._session.check_open()
        delivery = Delivery(topic, data, qos, retain, dup=False, at_s=time.monotonic())
        if self._observer is not None:
            self._observer.sent(self.client_id, delivery)
        self._session.publish(delivery, deadline)
        return delivery

    def subscribe(self, topic_filter: str, deadline: Deadline, *, qos: int = 0) -> Inbox:
        """Subscribe and wait until the broker has granted it.

        Retained messages that the subscription brings are in the inbox too, in their turn. Where
        two filters of one client overlap, each inbox gets what comes for either, and the broker
        decides how often and at which QoS (Mosquitto 2.0.11: once, at the lower one); a test of
        QoS uses a client for each filter.

        Args:
            topic_filter: Topic filter, with ``+`` and ``#`` as wildcards.
            deadline: How long SUBACK may take.
            qos: The highest QoS to be delivered.

        Raises:
            BrokerError: The connection is lost, SUBACK did not come in time, or says no.
            ConfigError: The filter or the QoS is not a legal one.
        """
        self._session.check_open()
        inbox = Inbox(topic_filter, self._session.check_open)
        with self._lock:
            self._inboxes += (inbox,)
        try:
            self._session.subscribe(topic_filter, qos, deadline)
        except BaseException:
            self._forget(inbox)
            raise
        return inbox

    def unsubscribe(self, inbox: Inbox, deadline: Deadline) -> None:
        """End a subscription; the inbox keeps what it has and gets no more.

        Raises:
            BrokerError: The connection is lost, or UNSUBACK did not come in time.
        """
        self._session.unsubscribe(inbox.topic_filter, deadline)
        self._forget(inbox)

    def disconnect(self) -> None:
        """Say goodbye (DISCONNECT) and end; the will is not published. May be called twice."""
        self._session.disconnect()

    def vanish(self) -> None:
        """Cut the connection without a goodbye, so that the broker publishes the will."""
        self._session.vanish()

    def __enter__(self) -> MqttClient:
        """Return the client itself, connected or not."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        self.disconnect()

    def _hand_over(self, delivery: Delivery) -> None:
        if self._observer is not None:
            self._observer.received(self.client_id, delivery)
        with self._lock:
            inboxes = self._inboxes
        self.received.put(delivery)
        for inbox in inboxes:
            if is_topic_matched(delivery.topic, inbox.topic_filter):
                inbox.put(delivery)

    def _wake(self) -> None:
        with self._lock:
            inboxes = self._inboxes
        for inbox in (self.received, *inboxes):
            inbox.wake()

    def _forget(self, inbox: Inbox) -> None:
        with self._lock:
            self._inboxes = tuple(each for each in self._inboxes if each is not inbox)
