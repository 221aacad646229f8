"""More acknowledged publishes in a row than there are packet ids, each one found in the log."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.bench.client_peer import Client
from harness.bench.client_worker import Interpreter, Worker
from harness.bench.row import Row, at_least, at_most
from harness.broker.mosquitto import Mosquitto
from harness.broker.packet import LoggedPacket
from harness.broker.settings import MosquittoSettings
from harness.deadline import Deadline
from harness.scenario.ledger import Ledger

#: Five more than there are ids.
PUBLISHES = 65540
IDS = 65535

_TOPIC = "hil/ledger"
_START_S = 10.0
#: At the 2,000 a second that are demanded it takes 33 s, with a log line for each packet.
_LIMIT_S = 240.0


def ledger_rows(interpreter: Interpreter, client: Client, executable: Path) -> list[Row]:
    """Publish `PUBLISHES` messages at QoS 1, and count at the broker's side.

    The broker is one that logs every packet: with the message's number, which is in the topic, and
    its packet id.
    """
    with Mosquitto(executable, MosquittoSettings(users=None)) as broker:
        broker.start(Deadline.after(_START_S))
        mark = broker.log_mark
        worker = Worker(interpreter, client, broker.address)
        try:
            answer = worker.ask("ledger", 0, PUBLISHES, deadline=Deadline.after(_LIMIT_S))
        finally:
            worker.close()
        broker.sync_log(Deadline.after(_LIMIT_S))
        packets = broker.packets(mark)
    return [
        at_least("acknowledged publishes in a row", answer["count"], "", PUBLISHES),
        *count_rows(packets, PUBLISHES),
        Row("their rate, each packet logged", answer["count"] / answer["took_us"] * 1e6, "/s"),
    ]


def count_rows(packets: Iterable[LoggedPacket], count: int) -> list[Row]:
    """Count what came to the broker.

    Args:
        packets: All that the log tells of.
        count: How many messages were published, numbered from 0, with ids from 1; each publish has
            returned.
    """
    ledger = Ledger("client to broker", _TOPIC)
    for each in range(count):
        topic = ledger.topic_of(1, each)
        ledger.sent(topic)
        ledger.acknowledged(topic)
    wrong_ids = 0
    for packet in packets:
        number = ledger.number_of(packet.topic)
        if packet.is_received and packet.kind == "PUBLISH" and number is not None:
            ledger.delivered(packet.topic)
            wrong_ids += packet.packet_id != number % IDS + 1
    counted = ledger.count(1)
    return [
        at_most("of these lost", counted.lost, "", 0),
        at_most("of these doubled", counted.doubled, "", 0),
        at_most("of these out of order", counted.reordered, "", 0),
        at_most("of these with a wrong packet id", wrong_ids, "", 0),
    ]
