"""Each item of a scenario done, and each expectation failing in its turn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from harness.broker.client import MqttClient
from harness.broker.inbox import Inbox
from harness.broker.message import Delivery
from harness.errors import BrokerError, ExpectationFailed, HarnessError
from harness.scenario import watching
from harness.scenario.font import render_number
from harness.scenario.matcher import led_is, shows
from harness.scenario.messenger import Messenger, Subscription
from harness.scenario.model import (
    Ends,
    Expectation,
    Marks,
    Prints,
    Publish,
    Receives,
    Scenario,
    SetInput,
    Shows,
    Start,
    Step,
    Stop,
)
from harness.scenario.runner import Runner
from harness.wire.probe_record import encode

if TYPE_CHECKING:
    from harness.scenario.evidence import Evidence
    from tests.unit.conftest import Ran
    from tests.unit.scenario.conftest import Hand, MakeHand

RAISED = b"Traceback (most recent call last):\r\nOSError: 5\r\n"


def nothing_wrong() -> None:
    """Find the connection open."""


class LocalMessenger(Messenger):
    """A messenger without a broker: what is published comes back to whoever subscribed to it."""

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(cast("MqttClient", None), evidence)
        self.inboxes: dict[str, Inbox] = {}
        self.is_lost = False

    def subscribe(self, topic_filter: str, *, qos: int = 2) -> Subscription:
        """Subscribe to one topic."""
        inbox = self.inboxes.setdefault(topic_filter, Inbox(topic_filter, nothing_wrong))
        return Subscription(inbox, self._evidence)

    def publish(
        self, topic: str, payload: bytes | str, *, qos: int = 0, retain: bool = False
    ) -> Delivery:
        """Deliver at once."""
        if self.is_lost:
            raise BrokerError("the MQTT connection is not open")
        data = payload.encode() if isinstance(payload, str) else payload
        delivery = Delivery(topic, data, qos, retain, dup=False, at_s=0.0)
        if topic in self.inboxes:
            self.inboxes[topic].put(delivery)
        return delivery


class Stage:
    """A runner with a hand on its board and its messenger."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self.messenger = LocalMessenger(hand.notebook)
        self.runner = Runner(hand.dut, self.messenger, hand.notebook)

    def play(self, *items: Step | Expectation) -> None:
        """Carry the items out."""
        self.runner(Scenario("scenario", items))

    @property
    def steps(self) -> list[tuple[str, bool]]:
        """The steps that were noted, and whether they were well."""
        return [(each["name"], each["ok"]) for each in self.hand.notebook.of("step")]


@pytest.fixture
def stage(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A runner on a board under test that has all that a rig can have."""
    monkeypatch.setattr(watching, "SETTLE_S", 0.05)
    return Stage(hand)


def test_scenario_that_holds_notes_each_step(stage: Stage, ran: type[Ran]) -> None:
    printed = b"ready\r\n" + encode("mark", 1, name="subscribed", value=3)
    stage.hand.programs["program"] = ran(printed, is_endless=True)
    stage.hand.bench.see(led=(0, 0, 255))
    stage.hand.shown.commanded = stage.hand.shown.device = (bytes(16), (0, 0, 255))
    stage.play(
        SetInput("wifi", "up"),
        Start("program"),
        Prints("ready", 5.0),
        Marks("mark", (("name", "subscribed"),), 5.0),
        Publish("t", "38", qos=1),
        Receives("t", "38", qos=1, within_s=1.0),
        Stop(),
        Shows(led_is(0, 0, 255)),
    )
    assert stage.steps == [
        ("set wifi to up", True),
        ("start a program", True),
        ("output 'ready'", True),
        ("record mark", True),
        ("publish '38' to t", True),
        ("message on t", True),
        ("stop the program", True),
        ("LED (0, 0, 255)", True),
    ]
    assert stage.hand.inputs.set_to == {"wifi": "up"}


def test_program_that_ends_as_expected_is_returned(stage: Stage, ran: type[Ran]) -> None:
    stage.hand.programs["program"] = ran(b"bye\r\n", RAISED)
    program = stage.runner(Scenario("s", (Start("program"), Ends("OSError"))))
    assert program is not None
    assert program.text == "bye\n"


def test_program_that_still_runs_is_stopped_at_the_end(stage: Stage, ran: type[Ran]) -> None:
    stage.hand.programs["program"] = ran(is_endless=True)
    program = stage.runner(Scenario("s", (Start("program"),)))
    assert program is not None
    assert not program.is_running
    assert stage.hand.dut.running is None


def test_program_from_a_file_is_named(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "thermometer.py"
    path.write_text("pass\n")
    stage.play(Start(path))
    assert stage.steps == [("start thermometer.py", True)]
    assert "pass\n" in stage.hand.wired.side.sources


@pytest.mark.parametrize(
    ("item", "tried"),
    [
        (Prints("never", 0.05), "did not print 'never'"),
        (Marks("mark", (("name", "other"),), 0.05), "did not report record mark"),
        (Marks("led", (), 0.05), "did not report record led"),
        (Ends(None, 0.05), "did not end"),
        (Shows(shows("38"), 0.05), "was not seen by commanded"),
        (Shows(led_is(1, 2, 3, tolerance=0), 0.05), "was not seen by commanded"),
        (Receives("t", within_s=0.05), "no such message reached the broker"),
        (Receives("t", "39", within_s=0.05), "no such message reached the broker"),
        (Receives("t", "38", qos=2, within_s=0.05), "no such message reached the broker"),
    ],
    ids=["prints", "mark", "kind", "ends", "panel", "led", "none", "payload", "qos"],
)
def test_each_expectation_goes_red(
    stage: Stage, ran: type[Ran], item: Expectation, tried: str
) -> None:
    printed = b"text\r\n" + encode("mark", 1, name="subscribed")
    stage.hand.programs["program"] = ran(printed, is_endless=True)
    around: tuple[Step, ...] = ()
    if isinstance(item, Receives) and item.payload is not None:
        around = (Publish("t", "38", qos=1),)
    with pytest.raises(ExpectationFailed, match=tried):
        stage.play(Start("program"), *around, item, Publish("after", "never"))
    assert stage.steps[-1] == (item.says, False)
    assert ("publish 'never' to after", True) not in stage.steps


@pytest.mark.parametrize(
    ("error", "expected", "got"),
    [(RAISED, None, "OSError: 5"), (b"", "OSError", "no exception"), (RAISED, "ValueError", "OSE")],
    ids=["raised", "did-not-raise", "raised-another"],
)
def test_program_that_ends_otherwise_goes_red(
    stage: Stage, ran: type[Ran], error: bytes, expected: str | None, got: str
) -> None:
    stage.hand.programs["program"] = ran(b"", error)
    with pytest.raises(ExpectationFailed, match="ended otherwise than expected") as caught:
        stage.play(Start("program"), Ends(expected))
    assert got in caught.value.got
    assert caught.value.expected == Ends(expected).says


def test_wrong_picture_goes_red_whoever_saw_the_right_one(stage: Stage, ran: type[Ran]) -> None:
    picture = render_number("38") or b""
    stage.hand.programs["program"] = ran(
        encode("display", 1, px=picture.hex(), text="38"), is_endless=True
    )
    with pytest.raises(ExpectationFailed, match="was not seen by bench"):
        stage.play(Start("program"), Shows(shows("38"), 0.05))


@pytest.mark.parametrize(
    "item", [Prints("x"), Marks("mark"), Ends(None)], ids=lambda each: each.says
)
def test_expectation_of_a_program_that_was_not_started_is_no_verdict(
    stage: Stage, item: Expectation
) -> None:
    with pytest.raises(HarnessError, match="started none"):
        stage.play(item)


def test_input_that_the_rig_does_not_have_is_no_verdict(make_hand: MakeHand) -> None:
    stage = Stage(make_hand(has_inputs=False))
    with pytest.raises(HarnessError, match="no inputs"):
        stage.play(SetInput("wifi", "down"))
    assert stage.steps == [("set wifi to down", False)]


def test_broker_that_is_gone_is_no_verdict(stage: Stage) -> None:
    stage.messenger.is_lost = True
    with pytest.raises(BrokerError):
        stage.play(Publish("t", "x"))
    assert stage.steps == [("publish 'x' to t", False)]


def test_topics_are_subscribed_to_before_the_first_item(stage: Stage) -> None:
    stage.play(Publish("t", "early"), Receives("t", "early", within_s=0.05))
    assert list(stage.messenger.inboxes) == ["t"]
