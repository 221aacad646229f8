"""Files on a board, over the REPL alone: any link that can run code can move files."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from harness.board.device_call import call_device
from harness.board.repl import Repl
from harness.deadline import Deadline
from harness.errors import DeployError, DeviceError, DeviceException, DeviceFileError, LinkError

#: One piece of a file in one piece of code: 2 KiB of base64, held twice for a moment.
PIECE_BYTES = 1536


@dataclass(frozen=True)
class Survey:
    """What lies on the board.

    Attributes:
        digests: For each path that was asked for, SHA-256 in hex, or None where there is no file.
        found: All files below the folders that were asked for.
    """

    digests: dict[str, str | None]
    found: tuple[str, ...]


class DeviceFiles:
    """The file system of one board.

    Each method raises `DeviceFileError` with the board's errno where the board refused.
    """

    def __init__(self, repl: Repl) -> None:
        """Use a board that is at the raw prompt when a method is called."""
        self._repl = repl

    def survey(self, paths: Iterable[str], folders: Iterable[str], deadline: Deadline) -> Survey:
        """Return digests and names in one round trip."""
        answer = self._call("digest", (list(paths), list(folders)), "reading files", deadline)
        return Survey(dict(answer["digests"]), tuple(sorted(answer["found"])))

    def write(
        self,
        path: str,
        data: bytes,
        deadline: Deadline,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Put a file in place, never half of it.

        On LittleFS the old one or the new one is there at any moment; FAT cannot replace a file in
        one step, and between its two the whole new one is there as ``PATH.new`` only.

        Args:
            path: Absolute path on the board; missing folders are made.
            data: The bytes.
            deadline: By when it must be done.
            progress: Is told the size of each piece that was taken.

        Raises:
            DeployError: The board read back something else than was sent.
        """
        try:
            self._call("open_write", (path,), f"writing {path}", deadline)
            for start in range(0, len(data), PIECE_BYTES):
                piece = data[start : start + PIECE_BYTES]
                text = base64.b64encode(piece).decode()
                self._guarded(
                    lambda text=text: self._repl.exec(  # type: ignore[misc]
                        f"import binascii;_hil_file.write(binascii.a2b_base64('{text}'))", deadline
                    ),
                    f"writing {path}",
                )
                if progress is not None:
                    progress(len(piece))
            expected = sha256(data).hexdigest()
            found = self._call("close_write", (path, expected), f"writing {path}", deadline)
        except DeviceError:
            # The first error is the one to tell; on a lost link there is nothing to clean.
            with suppress(LinkError, DeviceError):
                self._call("abort_write", (path,), f"cleaning up {path}", deadline)
            raise
        if found != expected:
            raise DeployError(
                f"{path} on the board is not what was sent",
                on=self._repl.name,
                expected=f"SHA-256 {expected}",
                got=f"SHA-256 {found}",
                advice="the line loses bytes: another cable, or a lower baud rate",
            )

    def read(self, path: str, deadline: Deadline) -> bytes:
        """Return a file's bytes."""
        data = bytearray()
        while True:
            answer = self._call(
                "read_piece", (path, len(data), PIECE_BYTES), f"reading {path}", deadline
            )
            piece = base64.b64decode(str(answer))
            data += piece
            if len(piece) < PIECE_BYTES:
                return bytes(data)

    def list(self, path: str, deadline: Deadline) -> list[tuple[str, bool, int]]:
        """Return name, whether it is a folder, and size in bytes of what a folder holds."""
        answer = self._call("list_folder", (path,), f"listing {path}", deadline)
        return sorted((str(name), bool(folder), int(size)) for name, folder, size in answer)

    def remove(self, paths: Iterable[str], deadline: Deadline) -> None:
        """Remove files; one that is absent is no error."""
        paths = list(paths)
        self._call("remove", (paths,), f"removing {', '.join(paths)}", deadline)

    def _call(
        self, name: str, arguments: tuple[object, ...], tried: str, deadline: Deadline
    ) -> Any:
        return self._guarded(lambda: call_device(self._repl, name, arguments, deadline), tried)

    def _guarded(self, call: Callable[[], Any], tried: str) -> Any:
        try:
            return call()
        except DeviceException as error:
            if error.type_name != "OSError":
                raise
            failed = DeviceFileError(
                f"{tried} on the board failed",
                on=self._repl.name,
                got=error.message,
                advice="hil exec \"import os; print(os.statvfs('/'))\" tells what is free",
            )
            failed.errno = _errno(error.message)
            raise failed from error


def _errno(message: str) -> int | None:
    """Return the number in ``[Errno 28] ENOSPC`` or ``28``."""
    digits = "".join(c if c.isdigit() else " " for c in message).split()
    return int(digits[0]) if digits else None
