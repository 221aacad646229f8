"""Files on a board, over the REPL alone: any link that can run code can move files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from harness.board.device_call import LOSES, call_device, not_our_code
from harness.board.device_source import device_code, fill, isolated
from harness.board.facility import ALL, LACKS, Facility, probe_facility
from harness.board.piecewise import Piecewise
from harness.board.push import Push, Survey
from harness.board.push_program import Asked, Change
from harness.board.repl import Repl
from harness.deadline import Deadline
from harness.errors import DeployError, DeviceException, DeviceFileError
from harness.wire.file_output import decode_file

_T = TypeVar("_T")

#: What a board may raise when all that it runs is right, and what to try then.
ADVICE = {
    "OSError": "hil exec \"import os; print(os.statvfs('/'))\" tells what is free",
    "MemoryError": "reset the board: what its programs have left fills the heap",
}


class DeviceFiles:
    """The file system of one board.

    Each method raises `DeviceFileError` where the board refused, with its errno, or had no heap for
    it, and `RemoteProtocolError` where it ran something else than was sent.

    Attributes:
        facility: What the board offers; all of it until it turned out otherwise.
    """

    def __init__(self, repl: Repl) -> None:
        """Use a board that is at the raw prompt when a method is called."""
        self._repl = repl
        self.facility = ALL
        self._is_probed = False

    def survey(self, asked: Asked, deadline: Deadline) -> Survey:
        """Return digests and names, in one round trip."""
        return self._with_what_is_there(
            lambda facility: self._mover(facility, None).survey(asked, deadline),
            lambda: "reading files",
            deadline,
        )

    def update(
        self,
        asked: Asked,
        choose: Change | Callable[[Survey], Change],
        deadline: Deadline,
        progress: Callable[[str], None] | None = None,
    ) -> Survey:
        """Look, do what is to be done, and look again; see `Push.run` and `Push.change`.

        Raises:
            DeployError: The board read back something else than was sent.
        """
        at = ""

        def go(facility: Facility) -> Survey:
            nonlocal at
            mover = self._mover(facility, progress)
            try:
                if isinstance(choose, Change):
                    return mover.change(asked, choose, deadline)
                return mover.run(asked, choose, deadline)
            finally:
                at = mover.at

        return self._with_what_is_there(go, lambda: f"writing {at or 'files'}", deadline)

    def write(
        self,
        path: str,
        data: bytes,
        deadline: Deadline,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        """Put a file in place, never half of it.

        On LittleFS the old one or the new one is there at any moment; FAT cannot replace a file in
        one step, and between its two the whole new one is there as ``PATH.new`` only.

        Args:
            path: Absolute path on the board; missing folders are made.
            data: The bytes.
            deadline: By when it must be done.
            progress: Is told the path once it is in place.

        Raises:
            DeployError: The board read back something else than was sent.
        """
        change = Change((), {path: data})
        self._with_what_is_there(
            lambda facility: self._mover(facility, progress).write(change, deadline),
            lambda: f"writing {path}",
            deadline,
        )

    def read(self, path: str, deadline: Deadline) -> bytes:
        """Return a file's bytes."""
        return self._with_what_is_there(
            lambda facility: self._read(path, facility, deadline),
            lambda: f"reading {path}",
            deadline,
        )

    def list(self, path: str, deadline: Deadline) -> list[tuple[str, bool, int]]:
        """Return name, whether it is a folder, and size in bytes of what a folder holds."""
        answer: Any = self._guarded(
            lambda: call_device(self._repl, "list_folder", (path,), deadline), f"listing {path}"
        )
        return sorted((str(name), bool(folder), int(size)) for name, folder, size in answer)

    def remove(self, paths: Iterable[str], deadline: Deadline) -> None:
        """Remove files; one that is absent is no error."""
        paths = list(paths)
        self._guarded(
            lambda: call_device(self._repl, "remove", (paths,), deadline),
            f"removing {', '.join(paths)}",
        )

    def _mover(
        self, facility: Facility, progress: Callable[[str], None] | None
    ) -> Push | Piecewise:
        if facility.streams and facility.digests:
            return Push(self._repl, facility, progress)
        return Piecewise(
            self._repl, facility, progress, lambda path, by: self._read(path, facility, by)
        )

    def _read(self, path: str, facility: Facility, deadline: Deadline) -> bytes:
        if not facility.prints_bytes:
            return Piecewise.read(self._repl, path, deadline)
        code = isolated(fill(device_code("read_file"), {"path": path}))
        program = self._repl.start(code, deadline)
        printed = bytearray()
        while program.is_running:
            printed += program.read(deadline)
        printed += program.read(deadline)
        program.wait(deadline)
        return decode_file(bytes(printed))

    def _with_what_is_there(
        self, move: Callable[[Facility], _T], tried: Callable[[], str], deadline: Deadline
    ) -> _T:
        """Do it with what the board is known to offer, and with less when that is too much."""

        def go() -> _T:
            while True:
                try:
                    return move(self.facility)
                except DeviceException as error:
                    less = self._less(error, deadline) if error.type_name in LACKS else None
                    if less is None:
                        raise
                self.facility = less

        return self._guarded(go, tried)

    def _less(self, error: DeviceException, deadline: Deadline) -> Facility | None:
        """Return what to do with, None when there is nothing left to do without."""
        found = self.facility
        if not self._is_probed:
            self._is_probed = True
            try:
                found = probe_facility(self._repl, deadline)
            except DeviceException as refused:
                # Not even that has room: what needs less is tried, one after the other.
                if refused.type_name != "MemoryError":
                    raise
        if found == self.facility and error.type_name == "MemoryError":
            found = found.with_less_heap()
        return None if found == self.facility else found

    def _guarded(self, call: Callable[[], _T], tried: str | Callable[[], str]) -> _T:
        try:
            return call()
        except DeviceException as error:
            said = tried if isinstance(tried, str) else tried()
            if error.type_name == "ValueError" and error.message.startswith("/"):
                raise DeployError(
                    f"{error.message} on the board is not what was sent",
                    on=self._repl.name,
                    expected="the digest of the file that was sent",
                    got="another; the old file is still in place",
                    advice=LOSES,
                ) from error
            if error.type_name not in ADVICE:
                raise not_our_code(error) from error
            failed = DeviceFileError(
                f"{said} on the board failed",
                on=self._repl.name,
                got=error.got if error.type_name == "MemoryError" else error.message,
                advice=ADVICE[error.type_name],
            )
            failed.errno = _errno(error.message) if error.type_name == "OSError" else None
            raise failed from error


def _errno(message: str) -> int | None:
    """Return the number in ``[Errno 28] ENOSPC`` or ``28``."""
    digits = "".join(c if c.isdigit() else " " for c in message).split()
    return int(digits[0]) if digits else None
