"""Files on a board whose firmware takes no stream or makes no digests: code for each piece of them.

Slower by far, and it needs nothing that any MicroPython lacks. A board without SHA-256 has its
files read back, and the digests are made here: what is proven is the same.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256

from harness.board.device_call import LOSES, call_device
from harness.board.device_source import Code
from harness.board.facility import Facility
from harness.board.manifest import manifest_hash
from harness.board.push import Survey
from harness.board.push_program import START_DIGITS, Asked, Change
from harness.board.repl import Repl
from harness.deadline import Deadline
from harness.errors import DeployError, DeviceError, LinkError

#: One piece of a file in one piece of code: 512 bytes of base64, held three times for a moment.
PIECE_BYTES = 384
#: As a literal up to four characters a byte.
LITERAL_BYTES = 128


class Piecewise:
    """What `Push` does, in many pieces of code."""

    def __init__(
        self,
        repl: Repl,
        facility: Facility,
        progress: Callable[[str], None] | None,
        read: Callable[[str, Deadline], bytes],
    ) -> None:
        """Use a board at the raw prompt.

        Args:
            repl: The board.
            facility: What it offers.
            progress: Is told each path that is in place.
            read: Reads a file back.
        """
        self._repl = repl
        self._facility = facility
        self._progress = progress
        self._read = read
        #: Which file the board is at, or has failed at.
        self.at = ""

    def survey(self, asked: Asked, deadline: Deadline) -> Survey:
        """Return what lies on the board."""
        digests = {path: self._digest(path, deadline) for path in asked.paths}
        found: object = ()
        if asked.folders:
            known = (*asked.paths, *asked.known)
            found = call_device(self._repl, "walk", (list(asked.folders), known), deadline)
        starts = {path: text and text[:START_DIGITS] for path, text in digests.items()}
        return Survey(manifest_hash(digests), starts, tuple(sorted(found)))  # type: ignore[call-overload]

    def run(self, asked: Asked, choose: Callable[[Survey], Change], deadline: Deadline) -> Survey:
        """Look, do what is to be done, and look again; see `Push.run`."""
        survey = self.survey(asked, deadline)
        if survey.is_as(asked):
            return survey
        self.write(choose(survey), deadline)
        return self.survey(asked, deadline)

    def change(self, asked: Asked, change: Change, deadline: Deadline) -> Survey:
        """Write those of the files that differ, and look; see `Push.change`."""
        starts = self.survey(asked, deadline).starts
        differing = {
            path: data
            for path, data in change.write.items()
            if starts.get(path) != sha256(data).hexdigest()[:START_DIGITS]
        }
        self.write(Change(change.remove, differing), deadline)
        return self.survey(asked, deadline)

    def write(self, change: Change, deadline: Deadline) -> None:
        """Do what is to be done."""
        if change.remove:
            call_device(self._repl, "remove", (list(change.remove),), deadline)
        for path, data in change.write.items():
            self.at = path
            self._write(path, data, deadline)
            if self._progress is not None:
                self._progress(path)

    def _write(self, path: str, data: bytes, deadline: Deadline) -> None:
        call_device(self._repl, "make_folders", ((path,),), deadline)
        size = PIECE_BYTES if self._facility.decodes else LITERAL_BYTES
        try:
            for start in range(0, max(1, len(data)), size):
                piece = data[start : start + size]
                sent: object = piece
                if self._facility.decodes:
                    text = base64.b64encode(piece).decode()
                    sent = Code(f"__import__('binascii').a2b_base64('{text}')")
                call_device(self._repl, "append_piece", (path, not start, sent), deadline)
            self._require(path, sha256(data).hexdigest(), deadline)
            call_device(self._repl, "place", (path,), deadline)
        except (DeviceError, DeployError):
            # The first error is the one to tell; on a lost link there is nothing to clean.
            with suppress(LinkError, DeviceError):
                call_device(self._repl, "remove", ([path + ".new"],), deadline)
            raise

    def _require(self, path: str, expected: str, deadline: Deadline) -> None:
        found = self._digest(path + ".new", deadline)
        if found != expected:
            raise DeployError(
                f"{path} on the board is not what was sent",
                on=self._repl.name,
                expected=f"SHA-256 {expected}",
                got=f"SHA-256 {found}",
                advice=LOSES,
            )

    def _digest(self, path: str, deadline: Deadline) -> str | None:
        if self._facility.digests:
            answer = call_device(self._repl, "digest", (path,), deadline)
            return None if answer is None else str(answer)
        try:
            return sha256(self._read(path, deadline)).hexdigest()
        except DeviceError:
            # Absent, or a folder: as on the board's side, what is wrong shows when it is written.
            return None

    @staticmethod
    def read(repl: Repl, path: str, deadline: Deadline) -> bytes:
        """Return a file's bytes as literals, from a board whose output takes text only."""
        data = bytearray()
        while True:
            piece = call_device(repl, "read_piece", (path, len(data), LITERAL_BYTES), deadline)
            assert isinstance(piece, bytes)  # noqa: S101, our own function's form
            data += piece
            if len(piece) < LITERAL_BYTES:
                return bytes(data)
