"""The program that a board runs to take files, and the bytes that it reads: one deflate stream."""

from __future__ import annotations

import hashlib
import random
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from harness.board.device_source import Code, device_code, fill, isolated
from harness.errors import LocalProtocolError
from harness.wire.push_stream import CHUNK_BYTES, PAIRS, WINDOWS, chunks_of

#: Of 4 KiB: what a board with 70 KiB of heap can spare while it runs a program of 3 KiB.
WINDOW_BITS = 12
#: The digits of a digest by which a file is told from another; the hash over all has all of them.
START_DIGITS = 12
#: Deflate saves less than this of what does not deflate: it goes as it is, after all that does.
WORTH = 0.97
#: A piece of program may hold no 03, which one in seven deflated ones of 500 bytes does not: empty
#: lines move what follows by some bits. The first piece, which names the files, may be too long for
#: that and is escaped then; the next is always short.
TRIES = 300
MOST_LINES = 5
HEADER_BYTES = 30
#: What `source` in receive.py can be asked for at a time.
SOURCE_BYTES = 256
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
    """A piece of program in chunks of one size, the last filled up; sizes before that."""

    chunks: tuple[bytes, ...]
    size_bytes: int
    text_bytes: int
    sent_bytes: int

    def data(self) -> Code:
        """Return code that makes of the chunks, joined as `s`, what was to be sent."""
        if self.sent_bytes == self.size_bytes:
            return Code("s[:e]")
        undone = "".join(f".replace({pair!r},{plain!r})" for plain, pair in reversed(PAIRS))
        return Code(f"s[:{self.sent_bytes}]{undone}")


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
        self._rows = b""
        self._asked = asked
        self._deflate = zlib.compressobj(9, zlib.DEFLATED, -WINDOW_BITS, 9) if inflates else None

    def survey_only(self) -> tuple[str, list[bytes]]:
        """Return code to run, and chunks for it: it tells."""
        piece = self._piece(self._survey() + "tell()\n")
        return self._code(piece, 0), list(piece.chunks)

    def survey_first(self) -> tuple[str, list[bytes]]:
        """Return code to run, and chunks for it: it tells, and waits if all is not as expected."""
        text = self._survey() + fill(device_code("load_next"), {"windows": WINDOWS})
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
        if piece.sent_bytes != piece.size_bytes:
            raise LocalProtocolError("the receiver cannot be sent without the byte 03")
        payload = self._payload(change)
        size = len(piece.chunks[0])
        numbers = (len(piece.chunks), size, piece.size_bytes, piece.text_bytes)
        header = ",".join(map(str, (*numbers, sum(map(len, payload)))))
        return [header.encode().ljust(HEADER_BYTES), *piece.chunks, *payload]

    def _code(self, piece: _Piece, left: int) -> str:
        values = {
            "count": len(piece.chunks),
            "first": min(WINDOWS, len(piece.chunks)),
            "later": len(piece.chunks) - WINDOWS,
            "chunk": len(piece.chunks[0]),
            "size": piece.size_bytes,
            "text": piece.text_bytes,
            "left": left,
            "data": piece.data(),
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
        folders = {path.rpartition("/")[0] for path in self.order if path.count("/") > 1}
        self._rows = repr(
            (
                change.remove,
                tuple(f"{folder}/" for folder in sorted(folders)),
                tuple(_row(path, change.write[path]) for path in deflated),
                tuple(_row(path, change.write[path]) for path in plain),
            )
        ).encode()
        parts = [*(["make_folders"] if folders else []), "remove", "place", "receive", "store"]
        values = {
            "patience": PATIENCE_MS,
            "windows": WINDOWS,
            "chunk": CHUNK_BYTES,
            "rows": _reading(len(self._rows)),
            "folders": Code("make_folders(folders)" if folders else "0"),
            "skip": Code("skip(*file)" if skips else "0"),
        }
        return fill("".join(map(device_code, [*parts, *["skip"] * skips, "push"])), values)

    def _payload(self, change: Change) -> list[bytes]:
        data = {path: change.write[path] for path in self.order}
        deflated = self._rows + b"".join(
            each for path, each in data.items() if path not in self._plain
        )
        plain = b"".join(each for path, each in data.items() if path in self._plain)
        if self._deflate is not None:
            deflated = self._deflate.compress(deflated) + self._deflate.flush(zlib.Z_FINISH)
        return chunks_of(deflated + plain)

    def _piece(self, text: str) -> _Piece:
        """Return a piece of program that no Ctrl-C is in."""
        number = 0
        while True:
            source = _spread(text, number).encode()
            attempt = None if self._deflate is None else self._deflate.copy()
            data = source
            if attempt is not None:
                data = attempt.compress(source) + attempt.flush(zlib.Z_SYNC_FLUSH)
            number += 1
            if b"\x03" not in data or number == TRIES:
                break
        self._deflate = attempt
        sent = data
        for plain, pair in PAIRS if b"\x03" in data else ():
            sent = sent.replace(plain, pair)
        count = -(-len(sent) // CHUNK_BYTES)
        size = -(-len(sent) // count)
        filled = sent.ljust(count * size, b"\0")
        chunks = tuple(filled[start : start + size] for start in range(0, len(filled), size))
        return _Piece(chunks, len(data), len(source), len(sent))


def _spread(text: str, number: int) -> str:
    """Return a program with as many empty lines between its statements, at places drawn for it."""
    lines = text.splitlines(keepends=True)
    chance = random.Random(number)  # noqa: S311, the same in every run
    for _ in range(min(number, MOST_LINES)):
        lines.insert(chance.choice([i for i, line in enumerate(lines) if line[0] > " "]), "\n")
    return "".join(lines)


def _pays(data: bytes) -> bool:
    return len(zlib.compress(data)) <= WORTH * len(data)


def _reading(size: int) -> Code:
    """Return code that reads so many bytes, 256 at a time, as `source` can give."""
    if size <= SOURCE_BYTES:
        return Code(f"source({size})")
    sizes = [min(SOURCE_BYTES, size - start) for start in range(0, size, SOURCE_BYTES)]
    return Code(f"b''.join(map(source,{sizes}))")


def _row(path: str, data: bytes) -> tuple[str, int, str]:
    return path, len(data), hashlib.sha256(data).hexdigest()[:START_DIGITS]
