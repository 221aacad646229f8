"""The harness's side of an MQTT conversation: what does not come is the product's fault."""

from __future__ import annotations

import time
from collections.abc import Callable

from harness.broker.client import MqttClient
from harness.broker.inbox import Inbox
from harness.broker.message import Delivery, matching
from harness.deadline import Deadline
from harness.errors import ExpectationFailed
from harness.scenario.evidence import Evidence

#: Mosquitto on the same host answers in a millisecond; an external broker may be far away.
ANSWER_S = 10.0


class EvidenceObserver:
    """Writes each message of a client into the evidence."""

    def __init__(self, evidence: Evidence) -> None:
        """Write to `evidence`."""
        self._evidence = evidence

    def sent(self, client_id: str, delivery: Delivery) -> None:
        """Take note of a message that is about to be sent."""
        self._note("sent", client_id, delivery)

    def received(self, client_id: str, delivery: Delivery) -> None:
        """Take note of a message that has come."""
        self._note("received", client_id, delivery)

    def _note(self, direction: str, client_id: str, delivery: Delivery) -> None:
        self._evidence.write(
            "mqtt",
            dir=direction,
            client=client_id,
            topic=delivery.topic,
            payload=delivery.payload,
            qos=delivery.qos,
            retain=delivery.retain,
            at_s=delivery.at_s,
        )


class Subscription:
    """What comes for one topic filter."""

    def __init__(self, inbox: Inbox, evidence: Evidence) -> None:
        """Use an inbox of the client."""
        self._inbox = inbox
        self._evidence = evidence

    @property
    def all(self) -> tuple[Delivery, ...]:
        """All that came so far, whether it was taken or not."""
        return self._inbox.all()

    def expect(
        self,
        topic: str | None = None,
        payload: bytes | str | None = None,
        *,
        within_s: float = 5.0,
        qos: int | None = None,
        retain: bool | None = None,
    ) -> Delivery:
        """Wait for a message and take it; those before it stay.

        Raises:
            ExpectationFailed: It did not come in time; the message lists what did.
        """
        says = _describe(topic, payload, qos, retain)
        started_s = time.monotonic()
        found = self._inbox.wait(
            matching(topic, payload, qos=qos, retain=retain), Deadline.after(within_s)
        )
        self._note(says, found is not None, within_s, time.monotonic() - started_s)
        if found is None:
            raise ExpectationFailed(
                f"no such message reached the broker within {within_s:g} s",
                on=self._inbox.topic_filter,
                expected=says,
                got=_list(self.all),
            )
        return found

    def expect_none(
        self,
        topic: str | None = None,
        payload: bytes | str | None = None,
        *,
        for_s: float = 0.3,
        where: Callable[[Delivery], bool] = lambda _: True,
    ) -> None:
        """Check that no such message comes during a time, nor has come untaken before.

        Raises:
            ExpectationFailed: One did.
        """
        match = matching(topic, payload)
        found = self._inbox.none_within(for_s, lambda each: match(each) and where(each))
        says = f"no {_describe(topic, payload, None, None)}"
        self._note(says, found is None, for_s, for_s)
        if found is not None:
            raise ExpectationFailed(
                "a message came that must not come",
                on=self._inbox.topic_filter,
                expected=f"{says} for {for_s:g} s",
                got=str(found),
            )

    def _note(self, says: str, ok: bool, within_s: float, took_s: float) -> None:
        self._evidence.write(
            "expect",
            what=says,
            source="broker",
            expected=says,
            found="as expected" if ok else _list(self.all),
            ok=ok,
            within_s=within_s,
            took_s=round(took_s, 4),
        )


class Messenger:
    """One MQTT client of the harness."""

    def __init__(self, client: MqttClient, evidence: Evidence) -> None:
        """Use a connected client."""
        self.client = client
        self._evidence = evidence
        self._open: list[Inbox] = []

    def subscribe(self, topic_filter: str, *, qos: int = 2) -> Subscription:
        """Subscribe; what comes from now on is in the returned subscription."""
        inbox = self.client.subscribe(topic_filter, Deadline.after(ANSWER_S), qos=qos)
        self._open.append(inbox)
        return Subscription(inbox, self._evidence)

    def publish(
        self, topic: str, payload: bytes | str, *, qos: int = 0, retain: bool = False
    ) -> Delivery:
        """Publish and return once the broker has it."""
        return self.client.publish(topic, payload, Deadline.after(ANSWER_S), qos=qos, retain=retain)

    def tidy(self) -> None:
        """End all subscriptions, so that the next test begins without them."""
        while self._open:
            self.client.unsubscribe(self._open.pop(), Deadline.after(ANSWER_S))


def _describe(
    topic: str | None, payload: bytes | str | None, qos: int | None, retain: bool | None
) -> str:
    words = ["message"]
    if topic is not None:
        words.append(f"on {topic}")
    if payload is not None:
        words.append(f"with {payload!r}")
    if qos is not None:
        words.append(f"at QoS {qos}")
    if retain is not None:
        words.append("retained" if retain else "not retained")
    return " ".join(words)


def _list(deliveries: tuple[Delivery, ...], most: int = 8) -> str:
    if not deliveries:
        return "nothing"
    shown = [str(each) for each in deliveries[-most:]]
    more = [f"... {len(deliveries) - most} before"] if len(deliveries) > most else []
    return "\n".join(more + shown)
