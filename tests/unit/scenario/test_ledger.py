"""Each count of the ledger, wrong once, and the expectation that goes red for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import pytest

from harness.broker.message import Delivery
from harness.broker.packet import LoggedPacket
from harness.errors import ExpectationFailed
from harness.scenario.ledger import Ledger

TOPIC = "t/x"
COUNT = 5


class Notes:
    """Evidence that is looked at afterwards."""

    def __init__(self) -> None:
        self.entries: list[dict[str, object]] = []

    def write(
        self, kind: str, *, test: str | None = None, board: str | None = None, **fields: object
    ) -> None:
        """Keep it."""
        self.entries.append({"kind": kind, **fields})


def topic(number: int, qos: int = 1) -> str:
    return f"{TOPIC}/{qos}/{number}"


def publish(number: int, qos: int = 1, *, dup: bool = True) -> LoggedPacket:
    return LoggedPacket(
        0.0, is_received=True, kind="PUBLISH", client_id="c", topic=topic(number, qos), dup=dup
    )


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture(params=[0, 1, 2])
def qos(request: pytest.FixtureRequest) -> int:
    found: int = request.param
    return found


@pytest.fixture
def ledger(notes: Notes, qos: int) -> Ledger:
    """All is well: five messages, each sent, acknowledged, delivered once, in order."""
    made = Ledger("board to host", TOPIC, notes)
    for number in range(COUNT):
        for event in (made.sent, made.acknowledged, made.delivered):
            event(topic(number, qos))
    return made


WELL = {
    "sent": COUNT,
    "acknowledged": COUNT,
    "delivered": COUNT,
    **dict.fromkeys(("doubled", "unexplained", "reordered", "lost"), 0),
    **dict.fromkeys(("open", "undelivered", "foreign"), 0),
}


def test_all_is_well(ledger: Ledger, notes: Notes, qos: int) -> None:
    assert asdict(ledger.count(qos)) == WELL
    ledger.expect(qos)
    (entry,) = notes.entries
    assert (entry["kind"], entry["ok"]) == ("expect", True)
    assert entry["what"] == f"ledger board to host, QoS {qos}"
    assert str(entry["found"]).startswith("sent 5, acknowledged 5, delivered 5, doubled 0")


def lose(ledger: Ledger, qos: int) -> None:
    ledger.sent(topic(5, qos))
    ledger.acknowledged(topic(5, qos))


def double(ledger: Ledger, qos: int) -> None:
    ledger.delivered(topic(2, qos))


def double_after_dup(ledger: Ledger, qos: int) -> None:
    ledger.read_repeats([publish(2, qos), publish(3, qos, dup=False)])
    ledger.delivered(topic(2, qos))


def reorder(ledger: Ledger, qos: int) -> None:
    for number in (5, 6):
        ledger.sent(topic(number, qos))
        ledger.acknowledged(topic(number, qos))
    for number in (6, 5):
        ledger.delivered(topic(number, qos))


def leave_open(ledger: Ledger, qos: int) -> None:
    ledger.sent(topic(5, qos))


def invent(ledger: Ledger, qos: int) -> None:
    ledger.delivered(topic(9, qos))


#: What goes wrong -> the counts that differ then, and whether it passes at QoS 0, 1 and 2.
WRONG: dict[str, tuple[Callable[[Ledger, int], None], dict[str, int], str]] = {
    "lost": (lose, {"sent": 6, "acknowledged": 6, "lost": 1, "undelivered": 1}, "---"),
    "doubled": (double, {"doubled": 1, "unexplained": 1}, "---"),
    "doubled and explained": (double_after_dup, {"doubled": 1}, "-+-"),
    "reordered": (reorder, {"sent": 7, "acknowledged": 7, "delivered": 7, "reordered": 1}, "---"),
    "foreign": (invent, {"delivered": 6, "foreign": 1}, "---"),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_count_goes_wrong_once(ledger: Ledger, notes: Notes, qos: int, name: str) -> None:
    do, changed, passes = WRONG[name]
    do(ledger, qos)
    assert asdict(ledger.count(qos)) == {**WELL, **changed}
    if passes[qos] == "+":
        ledger.expect(qos)
        return
    with pytest.raises(ExpectationFailed, match="does not add up") as raised:
        ledger.expect(qos)
    assert any(count in str(raised.value) for count in changed)
    assert notes.entries[-1]["ok"] is False
    ledger.expect(qos, **dict.fromkeys(changed, None))


def test_message_without_acknowledgement_is_open_and_not_lost_but_at_qos_0(
    ledger: Ledger, qos: int
) -> None:
    leave_open(ledger, qos)
    count = ledger.count(qos)
    assert (count.open, count.undelivered, count.lost) == ((0, 1, 1) if qos == 0 else (1, 1, 0))
    with pytest.raises(ExpectationFailed, match="undelivered"):
        ledger.expect(qos)


def test_nothing_sent_is_no_success() -> None:
    with pytest.raises(ExpectationFailed, match="nothing was sent"):
        Ledger("nobody", TOPIC).expect(1)


def test_limit_is_the_most_that_may_be() -> None:
    ledger = Ledger("a", TOPIC)
    for number in (1, 2):
        lose_number(ledger, number)
    assert ledger.lost(1) == [1, 2]
    assert ledger.last_acknowledged(1) == 2
    ledger.expect(1, lost=2, undelivered=None)
    with pytest.raises(ExpectationFailed, match="lost"):
        ledger.expect(1, lost=1, undelivered=None)


def lose_number(ledger: Ledger, number: int) -> None:
    ledger.sent(topic(number))
    ledger.acknowledged(topic(number))


def test_program_and_client_tell_of_the_same_messages() -> None:
    ledger = Ledger("a", TOPIC)
    ledger.read_text(
        "ready\nsent t/x/2/0\nacknowledged t/x/2/0\r\nsent t/xy/2/9\nsent t/x/2/last\nsent\n"
        "delivered t/x/2/0 \nsent t/x/0/4"
    )
    delivery = Delivery("t/x/0/4", b"", qos=0, retain=False, dup=False, at_s=0.0)
    ledger.read_deliveries([delivery])
    ledger.expect(2)
    ledger.expect(0)
    assert ledger.count(1).sent == 0
    assert ledger.topic_of(2, 0) == "t/x/2/0"
