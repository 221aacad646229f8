"""Public collections of client tests, told anew: every packet whole, cut, and joined with others.

Mosquitto's ``test/lib`` plays a broker that compares each packet byte by byte. Its cases stand here
under their own names, as far as MQTT 3.1.1 and this client's interface go. A broker's packets come
in one piece each, byte by byte, and as many as can be in one; what the client says has to be the
same each time, each packet in one write, so that a broker understands it that reads once a packet.

What is not here:

- properties, reason codes, receive maximum and all else of MQTT 5: ``*-v5``, ``*-len``,
  ``11-prop-*``, ``03-request-response*``, ``*-maximum*``, ``*-pubrec-error``,
  ``01-extended-auth-*``, ``01-server-keepalive-*``;
- a will that is taken back (``01-con-discon-will-clear``): the interface has no call for it;
- calls from another thread (``02-subscribe-qos1-async*``) and of functions that only that library
  has (``09-util-*``);
- TLS (``08-ssl-*``), which lies below the packets.

Where a case goes on in a session after a loss, that session is a clean one there; here it is kept,
as MQTT-4.4.0-1 has it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.broker.scripted_step import Close, End
from harness.scenario.conversation import Conversation
from harness.scenario.dialogue import Broker, Client, Delivery, Turn, check, script
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
    Will,
)


@dataclass(frozen=True)
class Loses:
    """A call that ends with the loss of the connection."""

    call: str


@dataclass(frozen=True)
class Case:
    """One public case.

    Attributes:
        program: What the program calls after `connect`; a number waits for so many messages in all.
        connections: What is said on each connection, in its order.
        client: Further arguments of the client.
        before: What the program does before it connects.
    """

    program: tuple[str | int | Loses, ...]
    connections: tuple[tuple[Turn, ...], ...]
    client: str = "keepalive=60"
    before: str = "pass"


ID = "lib-test"
OPEN = (Client(Connect(ID, keepalive_s=60)), Broker(ConnAck()))
KEPT = Client(Connect(ID, clean_session=False, keepalive_s=60))
BYE = Client(Disconnect())
QUIT = Broker(Publish("quit", b"quit"))
WILL = Will("will-topic", b"will message", 2)
ODD = "#'^2hg9a&nm38*us"


def opening(connect: Connect) -> tuple[tuple[Turn, ...], ...]:
    """Return a connection on which nothing happens but this CONNECT."""
    return ((Client(connect), Broker(ConnAck()), BYE),)


def asked(packet: Packet, answer: Packet, *more: Turn) -> tuple[tuple[Turn, ...], ...]:
    """Return a connection on which the client says one packet and gets an answer."""
    return ((*OPEN, Client(packet), Broker(answer), *more, BYE),)


def at_qos(topic: str, qos: int, number: int = 1, *, dup: bool = False) -> Publish:
    """Return a PUBLISH of the payload that most cases have."""
    return Publish(topic, b"message", qos, dup=dup, packet_id=number)


SET_WILL = "c.set_last_will('will-topic', 'will message', False, 2)"

CASES = {
    "01-con-discon-success": Case((), opening(Connect(ID, keepalive_s=60))),
    "01-con-discon-will": Case(
        (), opening(Connect(ID, keepalive_s=60, will=WILL)), before=SET_WILL
    ),
    "01-keepalive-pingreq": Case(
        (1,),
        (
            (
                Client(Connect(ID, keepalive_s=1)),
                Broker(ConnAck()),
                *(Client(PingReq()), Broker(PingResp())) * 2,
                QUIT,
                BYE,
            ),
        ),
        client="keepalive=1",
    ),
    "01-no-clean-session": Case((), ((KEPT, Broker(ConnAck()), BYE),)),
    "01-pre-connect-callback": Case(
        (),
        opening(Connect(ID, keepalive_s=60, user="uname", password=b";'[08gn=#")),
        client="""keepalive=60, user="uname", password=";'[08gn=#\"""",
    ),
    "01-unpwd-set": Case(
        (),
        opening(Connect(ID, keepalive_s=60, user="uname", password=ODD.encode())),
        client=f'keepalive=60, user="uname", password="{ODD}"',
    ),
    "01-will-set": Case(
        (),
        opening(
            Connect(ID, keepalive_s=60, will=Will("topic/on/unexpected", b"will", 1, retain=True))
        ),
        before="c.set_last_will('topic/on/unexpected', 'will', True, 1)",
    ),
    "01-will-unpwd-set": Case(
        (),
        opening(Connect(ID, keepalive_s=60, will=WILL, user="oibvvwqw", password=ODD.encode())),
        client=f'keepalive=60, user="oibvvwqw", password="{ODD}"',
        before=SET_WILL,
    ),
    **{
        f"02-subscribe-qos{qos}": Case(
            (f"c.subscribe('qos{qos}/test', {qos})",),
            asked(Subscribe(1, ((f"qos{qos}/test", qos),)), SubAck(1, (qos,))),
        )
        for qos in range(3)
    },
    "02-subscribe-helper-qos2": Case(
        ("c.subscribe('qos2/test', 2)", 1),
        asked(
            Subscribe(1, (("qos2/test", 2),)),
            SubAck(1, (2,)),
            Broker(Publish("qos2/test", b"message")),
        ),
    ),
    "02-unsubscribe": Case(
        ("c.unsubscribe('unsubscribe/test')",),
        asked(Unsubscribe(1, ("unsubscribe/test",)), UnsubAck(1)),
    ),
    "03-publish-b2c-qos1": Case(
        (1,), ((*OPEN, Broker(at_qos("pub/qos1/receive", 1, 123)), Client(PubAck(123)), BYE),)
    ),
    "03-publish-b2c-qos1-unexpected-puback": Case(
        ("c.ping()",),
        ((*OPEN, Broker(PubAck(13423)), Client(PingReq()), Broker(PingResp()), BYE),),
    ),
    "03-publish-b2c-qos2": Case(
        (2,),
        (
            (
                *OPEN,
                Broker(at_qos("pub/qos2/receive", 2, 13423)),
                Client(PubRec(13423)),
                Broker(PubRel(13423)),
                Client(PubComp(13423)),
                QUIT,
                BYE,
            ),
        ),
    ),
    "03-publish-b2c-qos2-unexpected-pubcomp": Case(
        ("c.ping()",),
        ((*OPEN, Broker(PubComp(13423)), Client(PingReq()), Broker(PingResp()), BYE),),
    ),
    "03-publish-b2c-qos2-unexpected-pubrel": Case(
        (2,),
        (
            (
                *OPEN,
                Broker(PubRel(1000)),
                Client(PubComp(1000)),
                Broker(at_qos("pub/qos2/receive", 2, 13423)),
                Client(PubRec(13423)),
                Broker(PubRel(13423)),
                Client(PubComp(13423)),
                QUIT,
                BYE,
            ),
        ),
    ),
    "03-publish-c2b-qos1-disconnect": Case(
        (Loses("c.publish('pub/qos1/test', 'message', qos=1)"), "c.reconnect()", 1),
        (
            (KEPT, Broker(ConnAck()), Client(at_qos("pub/qos1/test", 1)), Close()),
            (
                KEPT,
                Broker(ConnAck(session_present=True)),
                Client(at_qos("pub/qos1/test", 1, dup=True)),
                Broker(PubAck(1)),
                QUIT,
                BYE,
            ),
        ),
    ),
    "03-publish-c2b-qos2": Case(
        ("c.publish('pub/qos2/test', 'message', qos=2)",),
        asked(at_qos("pub/qos2/test", 2), PubRec(1), Client(PubRel(1)), Broker(PubComp(1))),
    ),
    "03-publish-c2b-qos2-disconnect": Case(
        (
            Loses("c.publish('pub/qos2/test', 'message', qos=2)"),
            "c.reconnect()",
            Loses("c.wait_msg()"),
            "c.reconnect()",
            1,
        ),
        (
            (KEPT, Broker(ConnAck()), Client(at_qos("pub/qos2/test", 2)), Close()),
            (
                KEPT,
                Broker(ConnAck(session_present=True)),
                Client(at_qos("pub/qos2/test", 2, dup=True)),
                Broker(PubRec(1)),
                Client(PubRel(1)),
                Close(),
            ),
            (
                KEPT,
                Broker(ConnAck(session_present=True)),
                Client(PubRel(1)),
                Broker(PubComp(1)),
                QUIT,
                BYE,
            ),
        ),
    ),
    "03-publish-helper-multiple-disconnect": Case(
        (
            *(f"c.publish('multiple/{n}', 'message')" for n in range(2)),
            Loses("c.wait_msg()"),
            "c.reconnect()",
            *(f"c.publish('multiple/{n}', 'message')" for n in range(2, 5)),
        ),
        (
            (*OPEN, *(Client(Publish(f"multiple/{n}", b"message")) for n in range(2)), Close()),
            (*OPEN, *(Client(Publish(f"multiple/{n}", b"message")) for n in range(2, 5)), BYE),
        ),
    ),
    "03-publish-loop": Case(
        ("c.subscribe('loop/test')", 1, "c.publish(*got[0])"),
        asked(
            Subscribe(1, (("loop/test", 0),)),
            SubAck(1, (0,)),
            Broker(Publish("loop/test", b"message")),
            Client(Publish("loop/test", b"message")),
        ),
    ),
    "03-publish-qos0": Case(
        ("c.publish('pub/qos0/test', 'message')",),
        ((*OPEN, Client(Publish("pub/qos0/test", b"message")), BYE),),
    ),
    "03-publish-qos0-no-payload": Case(
        ("c.publish('pub/qos0/no-payload/test', '')",),
        ((*OPEN, Client(Publish("pub/qos0/no-payload/test")), BYE),),
    ),
    "04-retain-qos0": Case(
        ("c.publish('retain/qos0/test', 'retained message', True)",),
        ((*OPEN, Client(Publish("retain/qos0/test", b"retained message", retain=True)), BYE),),
    ),
}


@pytest.mark.requirement("MQTT-4.2")
@pytest.mark.parametrize("delivery", Delivery, ids=lambda each: each.value)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_4_2_public_case(talk: Conversation, case: Case, delivery: Delivery) -> None:
    for turns in case.connections:
        talk.broker.expect_connection(*script(turns, delivery))
    talk.make(f"{ID!r}, 'broker.lab', {case.client}")
    talk.board.exec(case.before)
    for call in (f"c.connect({KEPT not in case.connections[0]})", *case.program, "c.disconnect()"):
        if isinstance(call, Loses):
            assert talk.outcome(call.call)[0] == "OSError"
        elif isinstance(call, int):
            talk.hear(call)
        else:
            talk.value(call)
    assert talk.end().how is End.FIN
    assert talk.broker.connection_count == len(case.connections)
    for number, turns in enumerate(case.connections):
        check(talk.broker, number, turns)
