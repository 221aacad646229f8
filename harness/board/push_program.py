"""The program that a board runs to take files, and the bytes that it reads: one deflate stream."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from harness.board.device_source import Code, device_code, fill, isolated
from harness.errors import LocalProtocolError
from harness.wire.push_stream import CHUNK_BYTES, chunks_of

#: Of 4 KiB: what a board with 70 KiB of heap can spare while it runs a program of 3 KiB.
WINDOW_BITS = 12
#: The digits of a digest by which a file is told from another; the hash over all has all of them.
START_DIGITS = 12
#: Deflate saves less than this of what does not deflate: it goes as it is, after all that does.
WORTH = 0.97
#: Comments at the head of a piece of program, until its deflated form holds no 03: of 600 bytes one
#: in ten has none, of 1500 one in 350.
TRIES = 10_000
HEADER_BYTES = 30
#: How long the board waits for a host that has died. One that lives is never silent in a push.
PATIENCE_MS = 5000
#: Raw deflate, as zlib's own head and sum are for nothing: each file has its digest.
INFLATING = f"__import__('deflate').DeflateIO(b,1,{WINDOW_BITS})"


@dataclass(frozen=True)
class Change:
    """What is to be done on a board.

    Attributes:
        remove: Paths of files; an absent one is no error.
        write: Path -> bytes.
    """

    remove: tuple[str, ...]
    write: Mapping[str, bytes]


@dataclass(frozen=True)
class Asked:
    """What is to be known of a board.

    Attributes:
        paths: Files whose digests are wanted.
        folders: Folders whose other files are wanted.
        known: Files in them that are none of those, such as protected ones.
        expected: The hash over all files with which nothing more has to be said.
    """

    paths: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    expected: str = ""


@dataclass(frozen=True)
class _Piece:
    """A piece of program in chunks of one size, the last filled up."""

    chunks: tuple[bytes, ...]
    size_bytes: int
    text_bytes: int


class PushProgram:
    """Makes the pieces of one push, in the order in which the board reads them.

    Attributes:
        order: Paths in the order in which they are written, known once the change is.
    """

    def __init__(self, asked: Asked, *, inflates: bool) -> None:
        """Begin the stream.

        Args:
            asked: What the board is to tell.
            inflates: Whether the board can inflate; otherwise all bytes are plain.
        """
        self.order: tuple[str, ...] = ()
        self._plain: frozenset[str] = frozenset()
        self._asked = asked
        self._deflate = zlib.compressobj(9, zlib.DEFLATED, -WINDOW_BITS, 9) if inflates else None

    def survey_only(self) -> tuple[str, list[bytes]]:
        """Return code to run, and chunks for it: it tells."""
        piece = self._piece(self._survey() + "tell()\n")
        return self._code(piece, 0), list(piece.chunks)

    def survey_first(self) -> tuple[str, list[bytes]]:
        """Return code to run, and chunks for it: it tells, and waits if all is not as expected."""
        text = self._survey() + device_code("load_next")
        piece = self._piece(text)
        return self._code(piece, 0), list(piece.chunks)

    def change_first(self, change: Change, *, skips: bool) -> tuple[str, list[bytes]]:
        """Return code to run, and chunks for it: it does what is to be done, and tells.

        Args:
            change: What is to be done.
            skips: Whether files that are right are left alone.
        """
        piece = self._piece(self._survey() + self._push(change, skips=skips))
        payload = self._payload(change)
        return self._code(piece, sum(map(len, payload))), [*piece.chunks, *payload]

    def then_change(self, change: Change) -> list[bytes]:
        """Return chunks for what `survey_first` began: it does what is to be done, and tells."""
        piece = self._piece(self._push(change))
        payload = self._payload(change)
        size = len(piece.chunks[0])
        numbers = (len(piece.chunks), size, piece.size_bytes, piece.text_bytes)
        header = ",".join(map(str, (*numbers, sum(map(len, payload)))))
        return [header.encode().ljust(HEADER_BYTES), *piece.chunks, *payload]

    def _code(self, piece: _Piece, left: int) -> str:
        values = {
            "count": len(piece.chunks),
            "last": len(piece.chunks) - 1,
            "chunk": len(piece.chunks[0]),
            "size": piece.size_bytes,
            "text": piece.text_bytes,
            "left": left,
            "source": Code(INFLATING if self._deflate else "b"),
        }
        return isolated(fill(device_code("load"), values))

    def _survey(self) -> str:
        asked = self._asked
        parts = ["reply", "digest", *(["walk"] if asked.folders else []), "survey"]
        known = (*asked.paths, *asked.known)
        found = f"walk({list(asked.folders)!r},{known!r})" if asked.folders else "()"
        values = {"paths": asked.paths, "expected": asked.expected, "found": Code(found)}
        return fill("".join(map(device_code, parts)), values)

    def _push(self, change: Change, *, skips: bool = False) -> str:
        plain = (
            [] if self._deflate is None else [p for p in change.write if not _pays(change.write[p])]
        )
        deflated = [path for path in change.write if path not in plain]
        self.order, self._plain = (*deflated, *plain), frozenset(plain)
        folders = tuple(
            {path.rpartition("/")[0]: path for path in self.order if path.count("/") > 1}
        )
        made = tuple(f"{folder}/" for folder in folders)
        parts = [*(["make_folders"] if made else []), "remove", "place", "receive", "store"]
        parts += ["skip"] if skips else []
        begin = f"make_folders({made!r})\n" if made else ""
        values = {
            "patience": PATIENCE_MS,
            "remove": change.remove,
            "skip": Code("skip(*file)" if skips else "0"),
            "deflated": tuple(_row(path, change.write[path]) for path in deflated),
            "plain": tuple(_row(path, change.write[path]) for path in plain),
        }
        return fill("".join(map(device_code, parts)) + begin + device_code("push"), values)

    def _payload(self, change: Change) -> list[bytes]:
        data = {path: change.write[path] for path in self.order}
        deflated = b"".join(each for path, each in data.items() if path not in self._plain)
        plain = b"".join(each for path, each in data.items() if path in self._plain)
        if self._deflate is not None:
            deflated = self._deflate.compress(deflated) + self._deflate.flush(zlib.Z_FINISH)
        return chunks_of(deflated + plain)

    def _piece(self, text: str) -> _Piece:
        """Return a piece of program that no Ctrl-C is in."""
        for number in range(TRIES):
            source = ((f"#{number:x}\n" if number else "") + text).encode()
            attempt = None if self._deflate is None else self._deflate.copy()
            data = source
            if attempt is not None:
                data = attempt.compress(source) + attempt.flush(zlib.Z_SYNC_FLUSH)
            if b"\x03" not in data:
                self._deflate = attempt
                break
        else:
            raise LocalProtocolError("a piece of program cannot be sent without the byte 03")
        count = -(-len(data) // CHUNK_BYTES)
        size = -(-len(data) // count)
        filled = data.ljust(count * size, b"\0")
        chunks = tuple(filled[start : start + size] for start in range(0, len(filled), size))
        return _Piece(chunks, len(data), len(source))


def _pays(data: bytes) -> bool:
    return len(zlib.compress(data)) <= WORTH * len(data)


def _row(path: str, data: bytes) -> tuple[str, int, str]:
    return path, len(data), hashlib.sha256(data).hexdigest()[:START_DIGITS]
