"""The fixtures that tests use. Their life is stated with each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from harness.broker.broker import Broker
from harness.broker.scripted import ScriptedBroker
from harness.deadline import Deadline
from harness.errors import LinkError
from harness.link.rig import Inputs
from harness.pytest_plugin.collection import evidence_of
from harness.pytest_plugin.run import HilRun, run_of
from harness.scenario.assertion import Display, Led
from harness.scenario.dut import BoardUnderTest
from harness.scenario.messenger import Messenger
from harness.scenario.runner import Runner

#: The types by which tests name what they get.
__all__ = ["Display", "Led", "RigInputs"]


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
    dut.begin(evidence_of(request.node, hil_run.settings))
    try:
        yield dut
    finally:
        if hil_run.has_failed(request.node.nodeid):
            dut.is_used = True
        try:
            dut.stop()
        finally:
            if dut.board.rig.bench is not None:
                for event in dut.board.rig.bench.events():
                    hil_run.evidence.bench(dut.name, event)


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
    with hil_run.stand.scripted_broker(board) as lent:
        yield lent


@pytest.fixture
def tls_broker(hil_run: HilRun, board: BoardUnderTest) -> Iterator[Broker]:
    """A broker of the test's own that speaks TLS, which any host name that `board` uses stands for.

    Some names stand for ports with certificates that a client must refuse, or ask for one of the
    client; see `Stand.tls_broker`.
    """
    with hil_run.stand.tls_broker(board) as lent:
        yield lent


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


class RigInputs:
    """What the rig can do to the board from outside."""

    def __init__(self, rig_inputs: Inputs) -> None:
        """Made by the fixture."""
        self._inputs = rig_inputs
        self._changed: set[str] = set()

    def wifi(self, state: str) -> None:
        """Bring the board's Wi-Fi ``up``, ``down``, or give it a ``wrong_password``."""
        self._inputs.set("wifi", state, Deadline.after(5.0))
        self._changed.add("wifi")

    def restore(self) -> None:
        """Undo all."""
        if "wifi" in self._changed:
            self.wifi("up")


@pytest.fixture
def inputs(board: BoardUnderTest) -> Iterator[RigInputs]:
    """Control of the board's inputs; a rig without it skips the test. Undone after the test."""
    if board.board.rig.inputs is None:
        pytest.skip("missing capability: inputs")
    rig_inputs = RigInputs(board.board.rig.inputs)
    yield rig_inputs
    rig_inputs.restore()


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
