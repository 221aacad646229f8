"""An `MQTTClient` on the board and a scripted broker, in conversation.

talk.meet(Expect("PUBLISH", qos=1), Ack())
assert talk.outcome("c.publish('t', 'm', qos=1)") == ("returned", None)
assert talk.said() == [Publish("t", b"m", 1, packet_id=1)]
"""

from __future__ import annotations

from typing import cast

from harness.broker.scripted import ScriptedBroker
from harness.broker.scripted_record import Ended
from harness.broker.scripted_step import Ack, Expect, Step
from harness.deadline import Deadline
from harness.errors import ExpectationFailed
from harness.scenario.device_client import COLLECT, JOIN_WIFI
from harness.scenario.dut import BoardUnderTest
from harness.wire.mqtt_packet import Connect, Packet, PingReq, Publish

#: For what happens at once; a loaded machine or a weak radio takes longer.
SOON_S = 5.0

#: What the board needs for it. A client's own limit is shorter than a call's here, so that the
#: client ends a wait before the harness does; a number of errno is another one on each port.
PRELUDE = (
    JOIN_WIFI
    + COLLECT
    + """\
import errno
from mqtt import MQTTClient, MQTTException
MQTTClient.timeout_s = 5
def tries(call):
    try:
        value = call()
        if isinstance(value, (type(None), bool, int, str, bytes)):
            return ("returned", value)
        return ("returned", type(value).__name__)
    except MQTTException as e:
        return ("MQTTException", e.code)
    except OSError as e:
        for name in dir(errno):
            if getattr(errno, name) == e.args[0]:
                return ("OSError", name)
        return ("OSError", e.args[0])
    except Exception as e:
        return (type(e).__name__, None)
"""
)


class Conversation:
    """One test's client and its broker.

    On the board `c` is the client, once `make` was called, and `got` what its callback collected.

    Attributes:
        board: Where the client runs.
        broker: What it talks to.
    """

    def __init__(self, board: BoardUnderTest, broker: ScriptedBroker) -> None:
        """Bring the board onto the network.

        Args:
            board: Where the client will run.
            broker: What every host name stands for there.
        """
        self.board = board
        self.broker = broker
        board.exec(PRELUDE, within_s=30.0)

    def make(self, arguments: str = "'c', 'broker.lab'", *, name: str = "c") -> None:
        """Build a client whose callback collects.

        Args:
            arguments: Of `MQTTClient`, as source.
            name: What it is called on the board.
        """
        self.board.exec(f"{name} = MQTTClient({arguments})\n{name}.set_callback(_collect)")

    def meet(
        self, *steps: Step, clean: bool = True, present: bool | None = None, call: str = ""
    ) -> None:
        """Let the client connect.

        Args:
            *steps: What the broker does on the connection after it has accepted.
            clean: Whether the session is clean.
            present: What CONNACK says of a session; None for the truth.
            call: How the client connects; empty for `connect`.

        Raises:
            ExpectationFailed: It did not come to a connection.
        """
        self.broker.expect_connection(Expect("CONNECT"), Ack(session_present=present), *steps)
        self.value(call or f"c.connect({clean})")

    def outcome(self, call: str, within_s: float = 15.0) -> tuple[str, object]:
        """Return how a call on the board ends.

        Args:
            call: Source of the call.
            within_s: How long it may take.

        Returns:
            ``("returned", value)``, with its type's name for a value that has no literal;
            ``("MQTTException", code)``; ``("OSError", name or number of errno)``; or the name of
            another exception and None.
        """
        found = self.board.evaluate(f"tries(lambda: {call})", within_s)
        return cast("tuple[str, object]", found)

    def value(self, call: str, within_s: float = 15.0) -> object:
        """Return the value of a call that has to return one.

        Raises:
            ExpectationFailed: It raised.
        """
        how, value = self.outcome(call, within_s)
        if how != "returned":
            raise ExpectationFailed(
                f"{call} raised {how}",
                on=self.board.name,
                expected="a value",
                got=f"{how} {value}",
                advice="the test's broker log has the packets",
            )
        return value

    def hear(self, count: int = 1) -> None:
        """Let the client wait for messages until its callback has collected so many in all.

        One `wait_msg` hands over what is there when it looks, which may be all that is to come.

        Raises:
            ExpectationFailed: It raised, or they did not come.
        """
        self.board.exec(f"while len(got) < {count}:\n    c.wait_msg()")

    @property
    def got(self) -> list[tuple[str, object]]:
        """Topic and message of each call of the callback."""
        return cast("list[tuple[str, object]]", self.board.evaluate("got"))

    def said(self, connection: int = -1) -> list[Packet]:
        """Return what the client has said on its connection after CONNECT, PINGREQ left out.

        A ping makes sure that all of it has come, so the connection must be open when it is the
        newest one.
        """
        count = self.broker.connection_count
        number = connection % count
        if number == count - 1:
            self.value("c.ping()")
        return [
            each.packet
            for each in self.broker.packets()
            if each.connection == number
            and each.is_received
            and each.packet is not None
            and not isinstance(each.packet, (Connect, PingReq))
        ]

    def messages(self, connection: int = -1) -> list[Publish]:
        """Return the PUBLISH among what the client has said."""
        return [each for each in self.said(connection) if isinstance(each, Publish)]

    def end(self, connection: int = -1) -> Ended:
        """Wait until the client has closed a connection.

        Raises:
            ExpectationFailed: It has not.
        """
        return self.broker.wait_end(Deadline.after(SOON_S), connection=connection)

    def opening(self, connection: int = -1) -> bytes:
        """Return the bytes of the first packet on a connection, a CONNECT when all is well.

        Raises:
            ExpectationFailed: There is no such connection.
        """
        number = connection if connection >= 0 else max(0, self.broker.connection_count - 1)
        deadline = Deadline.after(SOON_S)
        self.broker.wait_connection(deadline, count=number + 1)
        self.broker.wait_packet(
            lambda each: each.connection == number and each.is_received, deadline
        )
        data = self.broker.received(number)
        # The remaining length of every CONNECT here takes one byte or two.
        size = data[1] if data[1] < 128 else data[1] & 127 | data[2] << 7  # noqa: PLR2004
        return data[: (2 if data[1] < 128 else 3) + size]  # noqa: PLR2004
