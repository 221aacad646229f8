"""A push: one piece of code on the board that takes all files as fast as the line, then answers."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from harness.board.device_call import LOSES
from harness.board.facility import Facility
from harness.board.program import Program
from harness.board.push_program import Asked, Batch, Change, PushProgram
from harness.board.repl import Repl
from harness.deadline import Deadline
from harness.errors import DeviceException, HarnessError, LinkTimeout, RemoteProtocolError
from harness.wire.push_stream import PLACED, SKIPPED, PushStream

#: What a board that was left in the middle needs to be at its prompt again.
ABORT_S = 3.0
#: How long a board may say nothing in a push. A lost byte leaves both sides waiting, the board
#: where it reads its program without a limit; the digests of 2 MB take an ESP32 some seconds.
SILENCE_S = 15.0


@dataclass(frozen=True)
class Survey:
    """What lies on the board.

    Attributes:
        sha256: Hash over all the files that were asked for; see `manifest_hash`. Empty when it is
            another than the expected one and more was to be done than to look.
        starts: For each of them the beginning of its digest, or None where there is none; empty
            when the hash is the expected one.
        found: Other files below the folders that were asked for.
    """

    sha256: str
    starts: dict[str, str | None]
    found: tuple[str, ...]

    def is_as(self, asked: Asked) -> bool:
        """Whether all is as expected, so that nothing has to be done."""
        return self.sha256 == asked.expected and not self.found


class Push:
    """One conversation with the receiver on the board."""

    def __init__(
        self, repl: Repl, facility: Facility, progress: Callable[[str], None] | None = None
    ) -> None:
        """Use a board at the raw prompt.

        Args:
            repl: The board.
            facility: What it offers; it must take a stream and make digests.
            progress: Is told each path that is in place.
        """
        self._repl = repl
        self._facility = facility
        self._progress = progress
        self._told = 0
        self._order: tuple[str, ...] = ()

    @property
    def at(self) -> str:
        """Which file the board is at, or has failed at; empty before the first."""
        return self._order[self._told] if self._told < len(self._order) else ""

    def survey(self, asked: Asked, deadline: Deadline) -> Survey:
        """Return what lies on the board, in one round trip."""
        program = PushProgram(asked, inflates=self._facility.inflates)
        return survey_of(asked, self._converse(*program.survey_only(), None, deadline))

    def write(self, change: Change, deadline: Deadline) -> None:
        """Do what is to be done, also where a file is right already."""
        self._change(Asked(), change, deadline, skips=False)

    def change(self, asked: Asked, change: Change, deadline: Deadline) -> Survey:
        """Send all files; the board writes those that differ. Then look.

        For a few small files: an exchange less than `run`, and bytes that may be for nothing.
        """
        return self._change(asked, change, deadline, skips=True)

    def _change(self, asked: Asked, change: Change, deadline: Deadline, *, skips: bool) -> Survey:
        program = PushProgram(asked, inflates=self._facility.inflates)
        code, batches = program.change_first(change, skips=skips)
        self._order = program.order
        return survey_of(asked, self._converse(code, batches, None, deadline))

    def run(self, asked: Asked, choose: Callable[[Survey], Change], deadline: Deadline) -> Survey:
        """Look, do what is to be done, and look again, all in one piece of code.

        Args:
            asked: What is to be known.
            choose: Is told what lies there, unless it is as expected; returns what is to be done.
            deadline: By when.

        Returns:
            What lies there at the end.
        """
        program = PushProgram(asked, inflates=self._facility.inflates)

        def go_on(value: object) -> list[Batch]:
            survey = survey_of(asked, value)
            if survey.is_as(asked):
                return []
            batches = program.then_change(choose(survey))
            self._order = program.order
            return batches

        return survey_of(asked, self._converse(*program.survey_first(), go_on, deadline))

    def _converse(
        self,
        code: str,
        batches: list[Batch],
        go_on: Callable[[object], list[Batch]] | None,
        deadline: Deadline,
    ) -> object:
        """Run code that reads chunks, and more of them after its first answer; return its last."""
        stream = PushStream()
        for batch in batches:
            stream.put(batch)
        program = self._repl.start(code, deadline)
        try:
            while program.is_running:
                stream.receive(self._listen(program, deadline))
                self._tell(stream.done)
                if stream.values and go_on is not None:
                    for batch in go_on(stream.values[0][0]):
                        stream.put(batch)
                    go_on = None
                if data := stream.data_to_send():
                    program.send(data, deadline)
            stream.receive(program.read(deadline))
            self._tell(stream.done)
            program.wait(deadline)
        except DeviceException:
            # What was under way when it raised has come to the prompt.
            self._repl.enter(deadline)
            raise
        except BaseException:
            # Whatever came between, Ctrl-C of the user too: the board is not left waiting.
            with suppress(HarnessError):
                program.interrupt(Deadline.after(ABORT_S))
            raise
        if not stream.values:
            raise RemoteProtocolError(
                "the board took files and gave no answer",
                on=self._repl.name,
                received=bytes(stream.noise),
                expected="a reply",
            )
        return stream.values[-1][0]

    def _listen(self, program: Program, deadline: Deadline) -> bytes:
        try:
            return program.read(deadline.at_most(SILENCE_S))
        except LinkTimeout as error:
            if deadline.is_expired:
                raise
            raise LinkTimeout(
                f"nothing more came from the board for {SILENCE_S:g} s in the middle of a push",
                on=self._repl.name,
                expected="its answer, or that it asks for more",
                received=error.received,
                advice=LOSES,
            ) from error

    def _tell(self, done: list[bool]) -> None:
        for is_written in done[self._told :]:
            if self._told == len(self._order):
                raise RemoteProtocolError(
                    "the board is done with more files than were sent",
                    on=self._repl.name,
                    expected=f"so many as were sent: {len(self._order)}",
                    received=bytes(PLACED if each else SKIPPED for each in done),
                    advice=LOSES,
                )
            if is_written and self._progress is not None:
                self._progress(self._order[self._told])
            self._told += 1


def survey_of(asked: Asked, value: object) -> Survey:
    """Return what a board's answer says."""
    if isinstance(value, bytes):
        return Survey(_hash_of(value), {}, ())
    assert isinstance(value, tuple)  # noqa: S101, our own function's form
    *hashes, starts, found = value
    folders = tuple(folder.rstrip("/") + "/" for folder in asked.folders)
    if not all(path.startswith(folders) for path in found):
        # What is found may be removed: not so if the line has changed where to look.
        raise RemoteProtocolError(
            "the board looked into other folders than it was told to",
            expected=", ".join(folders),
            received=repr(found).encode(),
            advice=LOSES,
        )
    sha256 = "".join(map(_hash_of, hashes))
    return Survey(sha256, dict(zip(asked.paths, starts, strict=False)), tuple(sorted(found)))


def _hash_of(answer: bytes) -> str:
    """Return a hash of which the board has left out the last sign of its base64."""
    return base64.b64decode(answer + b"=").hex()
