"""One connection of a scripted broker: its script, its queue, its policy. One thread uses it."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace

from harness.broker.scripted_pipe import Pipe
from harness.broker.scripted_policy import Policy
from harness.broker.scripted_queue import SayQueue
from harness.broker.scripted_record import Record, WirePacket
from harness.broker.scripted_step import (
    Ack,
    Close,
    End,
    Expect,
    Hold,
    Pause,
    Release,
    Script,
    Send,
    Step,
)
from harness.errors import BrokerError
from harness.wire.mqtt_event import Event, Malformed, Violation
from harness.wire.mqtt_packet import ConnAck, Packet
from harness.wire.mqtt_session import BrokerSession
from harness.wire.mqtt_state import Phase

#: A broker gives a client up that was silent for so many keep alives (MQTT-3.1.2-24).
KEEPALIVE_FACTOR = 1.5


class Connection:
    """What a script makes of one accepted connection."""

    def __init__(
        self, number: int, pipe: Pipe, session: BrokerSession, policy: Policy, record: Record
    ) -> None:
        """Take over an accepted connection.

        Args:
            number: Which one, from 0.
            pipe: Its bytes.
            session: Its state.
            policy: What answers where the script does not.
            record: What is told of everything.
        """
        self.number = number
        self.pipe = pipe
        self._session = session
        self._policy = policy
        self._record = record
        self._steps: deque[Step] = deque()
        self._expected: list[Packet] = []
        self._holds: Hold | None = None
        self._held: list[Packet] = []
        self._queue = SayQueue(number, pipe, session, record, self._end)
        self._heard_at_s = time.monotonic()
        self._is_deaf = False
        self._has_ended = False  # the policy knows
        self.is_closed = False
        policy.opened(self)

    @property
    def session(self) -> BrokerSession:
        """The state of the connection."""
        return self._session

    @property
    def wants_to_read(self) -> bool:
        """Whether the selector is to wait for bytes."""
        return not self._is_deaf

    @property
    def wants_to_write(self) -> bool:
        """Whether the selector is to wait for room."""
        return self._queue.wants_to_write

    @property
    def due_at_s(self) -> float | None:
        """When `advance` has something to do though nothing comes."""
        times = [self._queue.due_at_s, self._patience_ends_at_s()]
        return min((each for each in times if each is not None), default=None)

    @property
    def waits_for(self) -> str:
        """What its script stands at, for a message."""
        return str(self._steps[0]) if self._steps else "all of it said"

    # What the broker's thread calls.

    def perform(self, steps: Script) -> None:
        """Put steps at the end of the script."""
        self._steps += steps
        self._run_script()

    def read(self) -> None:
        """Take what has come."""
        try:
            data = self.pipe.read()
        except OSError:
            self._take_end(End.RST)
            return
        if data is None:
            return
        if not data:
            self._take_end(End.FIN)
            return
        self._heard_at_s = time.monotonic()
        self._record.add_bytes(self.number, data, is_received=True)
        for event in self._session.receive(data):
            self._take(event)
            # At once, since a message behind a SUBSCRIBE in the same read is meant for it too.
            self._speak()

    def advance(self) -> None:
        """Say what is due, and find out who has been silent for too long."""
        ends_at_s = self._patience_ends_at_s()
        if ends_at_s is not None and time.monotonic() >= ends_at_s:
            self._lose_patience()
        self._speak()
        is_said = self.is_closed or self._queue.is_empty
        self._record.set_idle(self.number, is_idle=is_said and not self._steps)

    def _speak(self) -> None:
        while not self.is_closed and self._queue.advance():
            pass

    def abandon(self) -> None:
        """Close without a word, at the end of the broker."""
        self.is_closed = True
        self.pipe.close()

    # What a policy calls.

    def say(self, packet: Packet) -> None:
        """Say a packet, unless the script holds such packets back."""
        if self._holds is not None and (not self._holds.kinds or packet.kind in self._holds.kinds):
            self._held.append(packet)
        else:
            self._queue.say(Send(packet), packet)

    def close(self, how: End = End.FIN) -> None:
        """End the connection after what was said before."""
        self._queue.end(how)

    # The script.

    def _take(self, event: Event) -> None:
        """Give an event to the script or to the policy."""
        if isinstance(event, Malformed):
            self._note(None, event.data, (event.violation,))
            if not self._queue.is_mute:
                self._policy.refuses(self, event.violation)
            return
        packet = event.packet
        self._note(packet, b"", event.violations)
        step = self._steps[0] if self._steps else None
        if isinstance(step, Expect) and step.matches(packet):
            self._steps.popleft()
            self._expected.append(packet)
            self._run_script()
        elif not self._queue.is_mute:
            self._policy.received(self, event)

    def _note(self, packet: Packet | None, data: bytes, violations: tuple[Violation, ...]) -> None:
        now_s = time.monotonic()
        self._record.add_packet(
            WirePacket(
                now_s,
                self.number,
                is_received=True,
                packet=packet,
                data=data,
                violations=violations,
            )
        )

    def _run_script(self) -> None:
        """Do steps up to the next one that has to wait for a packet."""
        while self._steps and not isinstance(self._steps[0], Expect):
            self._do(self._steps.popleft())

    def _do(self, step: Step) -> None:
        match step:
            case Send():
                what = step.what
                self._queue.say(step, what(self._last(-1)) if callable(what) else what)
            case Ack():
                self._queue.say(step, self._answer(step))
            case Hold():
                self._holds = step
            case Release():
                self._release(step)
            case Pause():
                self._queue.pause(step.duration_s)
            case Close():
                self.close(step.how)

    def _last(self, of: int) -> Packet:
        try:
            return self._expected[of]
        except IndexError:
            raise BrokerError(
                "a script speaks of a packet that it has not taken",
                on=f"scripted broker, connection {self.number}",
                expected="an Expect before it",
                got=f"{len(self._expected)} packets taken, number {of} asked for",
            ) from None

    def _answer(self, step: Ack) -> Packet:
        answer = self._session.answer_to(self._last(step.of), step.codes)
        if isinstance(answer, ConnAck) and step.session_present is not None:
            answer = replace(answer, session_present=step.session_present)
        return answer

    def _release(self, step: Release) -> None:
        held, self._held, self._holds = self._held, [], None
        for packet in reversed(held) if step.is_reversed else held:
            self._queue.say(Send(packet), packet)

    # The end.

    def _end(self, how: End) -> None:
        """Bring about an end that a script or a policy asked for."""
        self._queue.is_mute = True
        if how is End.DEAF:
            self._is_deaf = True
        elif how is End.FIN:
            self.pipe.finish()
        elif how is End.RST:
            self.pipe.reset()
            self.is_closed = True
        if how in {End.FIN, End.RST}:
            self._record.add_end(self.number, how, by_client=False)
            self._tell_policy()

    def _take_end(self, how: End) -> None:
        """The client has closed."""
        self._record.add_end(self.number, how, by_client=True)
        self.is_closed = True
        self.pipe.close()
        self._tell_policy()

    def _tell_policy(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._policy.ended(self)

    def _patience_ends_at_s(self) -> float | None:
        connect = self._session.connect
        if connect is None or not connect.keepalive_s or self._queue.is_mute:
            return None
        if self._session.phase is not Phase.OPEN:
            return None
        return self._heard_at_s + KEEPALIVE_FACTOR * connect.keepalive_s

    def _lose_patience(self) -> None:
        """The client was silent for too long (MQTT-3.1.2-24)."""
        violation = Violation(
            "MQTT-3.1.2-23", "no packet within one and a half keep alives", "", None, is_fatal=True
        )
        self._heard_at_s = time.monotonic()  # once is enough
        self._session.violations.append(violation)
        self._record.add_violation(self.number, violation)
        self._policy.refuses(self, violation)
