"""The program that a board runs to take files, and the bytes that it reads: one deflate stream."""

from __future__ import annotations

import base64
import hashlib
import random
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.board.device_source import Code, DeviceProgram, fill, isolated
from harness.errors import LocalProtocolError
from harness.wire.push_stream import CHUNK_BYTES, PAIRS, chunks_of

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
HEADER_BYTES = 26
#: What `source` in receive.py can be asked for at a time.
SOURCE_BYTES = 256
#: How long the board waits for a host that has died. One that lives is never silent in a push.
PATIENCE_MS = 5000
#: By so many signs of its base64 the board knows the expected hash: 48 bits, as of a digest.
EXPECTED_SIGNS = 8
#: Of the digest over the rows.
SUM_BYTES = 4
PROGRAM = DeviceProgram(
    *("load", "load_next", "reply", "digest", "walk", "survey"),
    *("make_folders", "remove", "place", "receive", "store", "skip", "push"),
)
#: A batch of chunks, of which the first waits for the board to read; see `PushStream.put`.
Batch = list[bytes]


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
    """A piece of program in chunks, and the size that it inflates to."""

    chunks: list[bytes]
    text_bytes: int
    is_escaped: bool

    @property
    def size_bytes(self) -> int:
        """How much the board has to read for it."""
        return sum(map(len, self.chunks))

    @property
    def sizes(self) -> Code:
        """Code of a list of what the board has to read."""
        return Code(f"[{CHUNK_BYTES}]*{len(self.chunks) - 1}+[{len(self.chunks[-1])}]")

    @property
    def join(self) -> Code:
        """Code of a function that makes of the chunks what was to be sent."""
        if not self.is_escaped:
            return Code("b''.join")
        undone = "".join(f".replace({pair!r},{plain!r})" for plain, pair in reversed(PAIRS))
        return Code(f"(lambda s:b''.join(s){undone})")


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

    def survey_only(self) -> tuple[str, list[Batch]]:
        """Return code to run, and chunks for it: it tells, the hash in any case."""
        piece = self._piece(self._survey(0) + PROGRAM.names["survey"] + "()\n")
        return self._code(piece), [piece.chunks]

    def survey_first(self) -> tuple[str, list[Batch]]:
        """Return code to run, and chunks for it: it tells, and waits if all is not as expected."""
        waiting = fill(PROGRAM.code("load_next"), {"header": HEADER_BYTES})
        piece = self._piece(self._survey(1) + waiting)
        return self._code(piece), [piece.chunks]

    def change_first(self, change: Change, *, skips: bool) -> tuple[str, list[Batch]]:
        """Return code to run, and chunks for it: it does what is to be done, and tells.

        Args:
            change: What is to be done.
            skips: Whether files that are right are left alone.
        """
        piece = self._piece(self._survey(1) + self._push(change, skips=skips))
        payload = self._payload(change)
        state = {"end": piece.size_bytes, "left": sum(map(len, payload))}
        return self._code(piece, state), [piece.chunks, payload]

    def then_change(self, change: Change) -> list[Batch]:
        """Return chunks for what `survey_first` began: it does what is to be done, and tells."""
        piece = self._piece(self._push(change))
        if piece.is_escaped:
            raise LocalProtocolError("the receiver cannot be sent without the byte 03")
        payload = self._payload(change)
        header = f"{piece.sizes},{piece.text_bytes},{sum(map(len, payload))}".encode()
        return [[header.ljust(HEADER_BYTES), *piece.chunks], payload]

    def _code(self, piece: _Piece, state: Mapping[str, int] | None = None) -> str:
        values = {
            "module": Code("deflate" if self._deflate else "io"),
            "patience": PATIENCE_MS,
            "join": piece.join,
            "sizes": piece.sizes,
            "inflate": Code("deflate.DeflateIO" if self._deflate else "(lambda b,*_:b)"),
            "bits": WINDOW_BITS,
            "text": piece.text_bytes,
        }
        names = {PROGRAM.names[name]: value for name, value in (state or {}).items()}
        return isolated(fill(PROGRAM.code("load"), values), names)

    def _survey(self, start: int) -> str:
        """Return code of a function that tells; where not all is right, from its hash or behind."""
        asked = self._asked
        parts = ["reply", "digest", *(["walk"] if asked.folders else []), "survey"]
        known = (*asked.paths, *asked.known)
        walk = PROGRAM.names["walk"]
        found = f"{walk}({list(asked.folders)!r},{known!r})" if asked.folders else "()"
        expected = base64.b64encode(bytes.fromhex(asked.expected))[:EXPECTED_SIGNS]
        values = {"paths": asked.paths, "expected": expected, "found": Code(found), "from": start}
        return fill(PROGRAM.code(*parts), values)

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
        names = PROGRAM.names
        values = {
            "chunk": CHUNK_BYTES,
            "rows": _reading(names["source"], len(self._rows)),
            "sum": hashlib.sha256(self._rows).digest()[:SUM_BYTES],
            "folders": Code(f"{names['make_folders']}({names['folders']})" if folders else "0"),
            "skip": Code(f"{names['skip']}(*{names['file']})" if skips else "0"),
        }
        return fill(PROGRAM.code(*parts, *["skip"] * skips, "push"), values)

    def _payload(self, change: Change) -> list[bytes]:
        data = {path: change.write[path] for path in self.order}
        deflated = self._rows + b"".join(
            each for path, each in data.items() if path not in self._plain
        )
        plain = b"".join(each for path, each in data.items() if path in self._plain)
        if self._deflate is not None:
            deflated = self._deflate.compress(deflated) + self._deflate.flush(zlib.Z_FINISH)
        return chunks_of(deflated + plain)

    def _deflated(self, source: bytes) -> tuple[bytes, zlib._Compress | None]:
        """Return what a piece of program is sent as, and the stream behind it."""
        if self._deflate is None:
            return source, None
        deflate = self._deflate.copy()
        return deflate.compress(source) + deflate.flush(zlib.Z_SYNC_FLUSH), deflate

    def _piece(self, text: str) -> _Piece:
        """Return a piece of program that no Ctrl-C is in."""
        source = text.encode()
        data, deflate = self._deflated(source)
        for spread in _spread(text):
            if b"\x03" not in data:
                break
            source = spread.encode()
            data, deflate = self._deflated(source)
        self._deflate = deflate
        is_escaped = b"\x03" in data
        for plain, pair in PAIRS if is_escaped else ():
            data = data.replace(plain, pair)
        starts = range(0, len(data), CHUNK_BYTES)
        chunks = [data[start : start + CHUNK_BYTES] for start in starts]
        return _Piece(chunks, len(source), is_escaped)


def _spread(text: str) -> Iterator[str]:
    """Return a program with some empty lines between its statements, at many places in turn."""
    lines = text.splitlines(keepends=True)
    places = [place for place, line in enumerate(lines) if line[0] > " "]
    chance = random.Random(TRIES)  # noqa: S311, the same in every run
    for number in range(1, TRIES):
        spread = list(lines)
        for place in chance.choices(places, k=min(number, MOST_LINES)):
            spread[place] = "\n" + spread[place]
        yield "".join(spread)


def _pays(data: bytes) -> bool:
    return len(zlib.compress(data)) <= WORTH * len(data)


def _reading(source: str, size: int) -> Code:
    """Return code that reads so many bytes, 256 at a time, as `source` can give."""
    if size <= SOURCE_BYTES:
        return Code(f"{source}({size})")
    sizes = [min(SOURCE_BYTES, size - start) for start in range(0, size, SOURCE_BYTES)]
    return Code(f"b''.join(map({source},{sizes}))")


def _row(path: str, data: bytes) -> tuple[str, int, str]:
    return path, len(data), hashlib.sha256(data).hexdigest()[:START_DIGITS]
