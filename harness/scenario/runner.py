"""Carry a scenario out on a board and a broker: here the two meet."""

from __future__ import annotations

import time

from harness.deadline import Deadline
from harness.errors import ExpectationFailed, HarnessError
from harness.scenario.dut import BoardUnderTest
from harness.scenario.evidence import Evidence
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
    Watches,
)
from harness.scenario.observation import expect
from harness.scenario.running import RunningProgram
from harness.scenario.watching import watch
from harness.wire.probe_record import Record

INPUT_S = 5.0


class Runner:
    """Runs scenarios on one board with one client of the harness."""

    def __init__(self, dut: BoardUnderTest, messenger: Messenger, evidence: Evidence) -> None:
        """Use a deployed board and a connected client."""
        self._dut = dut
        self._messenger = messenger
        self._evidence = evidence

    def __call__(self, scenario: Scenario) -> RunningProgram | None:
        """Carry out all items in order; the program, if it still runs, is stopped at the end.

        All topics that the scenario expects messages on are subscribed to before its first item,
        so that nothing can be missed.

        Returns:
            The program of the last `Start`, ended, for further checks.

        Raises:
            ExpectationFailed: An expectation was not met.
            HarnessError: The rig failed.
        """
        topics = dict.fromkeys(item.topic for item in scenario.items if isinstance(item, Receives))
        inboxes = {topic: self._messenger.subscribe(topic) for topic in topics}
        program: RunningProgram | None = None
        for item in scenario.items:
            started_s = time.monotonic()
            try:
                self._carry_out(item, inboxes)
            except (ExpectationFailed, HarnessError):
                self._note(item, started_s, ok=False)
                raise
            self._note(item, started_s, ok=True)
            program = self._dut.running or program
        self._dut.stop()
        return program

    def _note(self, item: Step | Expectation, started_s: float, *, ok: bool) -> None:
        self._evidence.write(
            "step",
            board=self._dut.name,
            name=item.says,
            ok=ok,
            seconds=round(time.monotonic() - started_s, 4),
        )

    def _carry_out(self, item: Step | Expectation, inboxes: dict[str, Subscription]) -> None:
        dut = self._dut
        if isinstance(item, Start):
            dut.start(item.program)
        elif isinstance(item, Stop):
            dut.stop()
        elif isinstance(item, Publish):
            self._messenger.publish(item.topic, item.payload, qos=item.qos, retain=item.retain)
        elif isinstance(item, SetInput):
            if dut.board.rig.inputs is None:
                raise HarnessError("the rig has no inputs", on=dut.name)
            dut.board.rig.inputs.set(item.name, item.value, Deadline.after(INPUT_S))
        elif isinstance(item, Shows):
            expect(dut, item.matcher, item.within_s, self._evidence)
        elif isinstance(item, Watches):
            watch(dut, item.claim, self._evidence)
        elif isinstance(item, Receives):
            inboxes[item.topic].expect(
                item.topic, item.payload, qos=item.qos, within_s=item.within_s
            )
        else:
            self._expect_of_program(item)

    def _expect_of_program(self, item: Prints | Marks | Ends) -> None:
        program = self._dut.running
        if program is None:
            raise HarnessError("the scenario expects something of a program and started none")
        if isinstance(item, Prints):
            program.expect_text(item.text, item.within_s)
        elif isinstance(item, Marks):
            program.expect_record(item.says, lambda each: _is_marked(each, item), item.within_s)
        else:
            error = program.expect_end(item.within_s)
            raised = None if error is None else error.type_name
            if raised != item.raises:
                raise ExpectationFailed(
                    "the program ended otherwise than expected",
                    on=self._dut.name,
                    expected=item.says,
                    got="no exception" if error is None else error.got,
                )


def _is_marked(record: Record, item: Marks) -> bool:
    return record.kind == item.kind and all(
        record.fields.get(name) == value for name, value in item.fields
    )
