"""The fixtures that tests use. Their life is stated with each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from harness.broker.broker import Broker
from harness.broker.mosquitto import Mosquitto
from harness.broker.scripted import ScriptedBroker
from harness.deadline import Deadline
from harness.errors import ExpectationFailed, LinkError
from harness.link.rig import BenchEvent
from harness.pytest_plugin.collection import evidence_of
from harness.pytest_plugin.run import HilRun, run_of
from harness.scenario.assertion import Display, Led
from harness.scenario.dut import BoardUnderTest
from harness.scenario.input import RigInputs
from harness.scenario.ledger import Ledger
from harness.scenario.messenger import Messenger
from harness.scenario.runner import Runner

#: The types by which tests name what they get.
__all__ = ["Display", "Led", "RigInputs"]

#: A bench that works answers in milliseconds.
BENCH_S = 5.0


@pytest.fixture(scope="session")
def hil_run(request: pytest.FixtureRequest) -> HilRun:
    """The run: journal, settings, and the stand with all that is open. One a session."""
    return run_of(request.config)


@pytest.fixture
def board(hil_run: HilRun, request: pytest.FixtureRequest) -> Iterator[BoardUnderTest]:
    """The first board: a fresh view for each test on a connection that is held for the run."""
    with _lent(hil_run, request, 1) as dut:
        yield dut


@pytest.fixture
def boards(hil_run: HilRun, request: pytest.FixtureRequest) -> Iterator[dict[str, BoardUnderTest]]:
    """Several boards by role, as the marker ``boards(n, roles=...)`` names them."""
    marker = request.node.get_closest_marker("boards")
    count = marker.args[0] if marker else 1
    roles = (marker.kwargs.get("roles") if marker else None) or [
        str(number) for number in range(1, count + 1)
    ]
    with contextlib.ExitStack() as lent:
        yield {
            role: lent.enter_context(_lent(hil_run, request, number))
            for number, role in zip(range(1, count + 1), roles, strict=True)
        }


@contextlib.contextmanager
def _lent(hil_run: HilRun, request: pytest.FixtureRequest, number: int) -> Iterator[BoardUnderTest]:
    dut = hil_run.stand.dut(number - 1)
    policy = hil_run.settings.reset
    if policy == "always" or (policy == "auto" and dut.needs_reset()):
        try:
            dut.reset()
        except LinkError as error:
            hil_run.stand.recover(number - 1, error)
            dut.reset()
    # Who had the board before the run may have left it so.
    _let_go(dut, hil_run)
    dut.begin(evidence_of(request.node, hil_run.settings))
    try:
        yield dut
    finally:
        if hil_run.has_failed(request.node.nodeid):
            dut.is_used = True
        bench = dut.board.rig.bench
        seen: list[BenchEvent] | None = None
        try:
            try:
                _let_go(dut, hil_run)
            finally:
                seen = dut.end()
        finally:
            if seen is None:  # the board is lost, and what was seen of it matters all the more
                seen = bench.take() if bench is not None else []
            for event in seen:
                hil_run.evidence.bench(dut.name, event)
    if not hil_run.has_failed(request.node.nodeid):
        # A test that has failed already has said what matters more.
        _require_rules_kept(dut, seen)


def _let_go(dut: BoardUnderTest, hil_run: HilRun) -> None:
    """Undo what was done to the board's inputs, by whatever means."""
    inputs = dut.board.rig.inputs
    if inputs is not None and inputs.rest(Deadline.after(BENCH_S)):
        hil_run.evidence.write("step", board=dut.name, name="inputs: at rest", ok=True, seconds=0)


def _require_rules_kept(dut: BoardUnderTest, seen: list[BenchEvent]) -> None:
    """Check that the driver kept the rules of the panel's bus, whatever the panel shows.

    Raises:
        ExpectationFailed: It broke one.
    """
    broken = [event.text for event in seen if event.what == "violation"]
    if broken:
        raise ExpectationFailed(
            "the panel's bus was used against its rules",
            on=dut.name,
            expected="transfers as the data sheet of the TM1640 has them",
            got=f"{broken[0]}, first of {len(broken)}" if len(broken) > 1 else broken[0],
            advice="look at the driver of the panel: device_src/codey/tm1640.py",
        )


@pytest.fixture
def broker(hil_run: HilRun) -> Broker:
    """The broker of the run; checked to be alive before each test."""
    hil_run.stand.broker.check_alive()
    return hil_run.stand.broker


@pytest.fixture
def scripted(hil_run: HilRun, board: BoardUnderTest) -> Iterator[ScriptedBroker]:
    """A broker that says what the test tells it to, right or wrong, and sees every byte.

    Without a script it is a correct one; see `ScriptedBroker`. During the test any host name that
    code on `board` uses is this broker, and what it saw and said is the test's broker log.
    """
    with hil_run.stand.lent.scripted_broker(board) as lent:
        yield lent


@pytest.fixture
def tls_broker(hil_run: HilRun, board: BoardUnderTest) -> Iterator[Broker]:
    """A broker of the test's own that speaks TLS, which any host name that `board` uses stands for.

    Some names stand for ports with certificates that a client must refuse, or ask for one of the
    client; see `LentBrokers.tls_broker`.
    """
    with hil_run.stand.lent.tls_broker(board) as lent:
        yield lent


@pytest.fixture
def own_broker(hil_run: HilRun, board: BoardUnderTest) -> Iterator[Callable[..., Mosquitto]]:
    """Start a Mosquitto that the test may stop, kill and start: ``own_broker(store=tmp_path)``.

    It takes the settings of `MosquittoSettings`. During the test any host name that code on `board`
    uses is this broker; mark the test ``needs("broker:restart")``.
    """
    with contextlib.ExitStack() as lent:
        yield lambda **settings: lent.enter_context(
            hil_run.stand.lent.own_mosquitto(board, **settings)
        )


@pytest.fixture
def ledger(hil_run: HilRun) -> Callable[[str, str], Ledger]:
    """Keep account of numbered messages: ``ledger("board to host", topic)``; see `Ledger`."""
    return lambda name, topic: Ledger(name, topic, hil_run.evidence)


@pytest.fixture
def mqtt(hil_run: HilRun, broker: Broker) -> Iterator[Messenger]:
    """The harness's MQTT client, connected for the run; subscriptions end with the test."""
    broker.check_alive()
    messenger = hil_run.stand.messenger
    yield messenger
    messenger.tidy()


@pytest.fixture
def display(board: BoardUnderTest, hil_run: HilRun) -> Display:
    """Assertions on the panel of `board`."""
    return Display(board, hil_run.evidence)


@pytest.fixture
def led(board: BoardUnderTest, hil_run: HilRun) -> Led:
    """Assertions on the LED of `board`."""
    return Led(board, hil_run.evidence)


@pytest.fixture
def inputs(board: BoardUnderTest, hil_run: HilRun) -> RigInputs:
    """Gestures at `board`; a rig without inputs skips the test. Undone after the test."""
    rig = board.board.rig
    if rig.inputs is None:
        pytest.skip("missing capability: inputs")
    return RigInputs(rig.inputs, board.name, hil_run.evidence, rig.time_scale)


@pytest.fixture
def measure(hil_run: HilRun) -> Callable[..., None]:
    """Note a number: ``measure("latency", 12.5, "ms", most=20)``; a broken limit fails."""
    return hil_run.measure


@pytest.fixture
def timeline(hil_run: HilRun) -> Callable[[str], None]:
    """Put a mark on the test's time line: ``timeline("cable pulled")``."""

    def mark(name: str) -> None:
        hil_run.evidence.write("step", name=name, ok=True, seconds=0)

    return mark


@pytest.fixture
def run(board: BoardUnderTest, mqtt: Messenger, hil_run: HilRun) -> Runner:
    """Run a `Scenario` on `board`."""
    return Runner(board, mqtt, hil_run.evidence)
