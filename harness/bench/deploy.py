"""Pushing and reading files over a throttled line: ours beside mpremote, mpytool and belay.

Every figure is the span from a job's first to its last byte on the line, by the line's own stamps.
Ours is measured from entering the raw REPL to the answer; a peer's is what its process does on the
line. All of them do each job `ROUNDS` times in turn, and the best counts. After each push the board
makes the digests, which must be those of the files.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness import shipped
from harness.bench.deploy_payload import random_bytes, source_text
from harness.bench.deploy_peer import PEERS, Peer, run
from harness.bench.deploy_stand import ANSWER_S, BAUD, LATENCY_MS, Span, Stand, best, manifest_of
from harness.bench.row import Row, at_most
from harness.board.manifest import load_manifest
from harness.deadline import Deadline

ROUNDS = 3
#: How many more pieces of code a peer runs in one process than in another, to know what one costs.
MORE_EXECS = 20
OURS = "ours"

Files = Mapping[str, bytes]


@dataclass
class Result:
    """What was measured.

    Attributes:
        rows: The table.
        missing: What could not be measured, and why.
        versions: Peer -> version.
    """

    rows: list[Row] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def extras(self) -> dict[str, Any]:
        """Return what stands beside the rows in the JSON object."""
        line = {"baud": BAUD, "latency_ms": LATENCY_MS, "rounds": ROUNDS}
        return {"missing": self.missing, "peers": self.versions, "line": line}


def measure(say: Callable[[str], None], micropython: str = "") -> Result:
    """Measure everything.

    Args:
        say: Is told what is measured now.
        micropython: Path of an interpreter in place of the installed one.

    Raises:
        DeployError: A board did not hold what was pushed.
    """
    result = Result(versions={peer.name: peer.version for peer in PEERS if peer.version})
    result.missing = [f"{peer.name} is not installed" for peer in PEERS if not peer.version]
    with (
        contextlib.closing(Stand(micropython)) as stand,
        tempfile.TemporaryDirectory(prefix="hil-bench-") as folder,
    ):
        bench = _Bench(stand, Path(folder), [peer for peer in PEERS if peer.version])
        say("entering the raw REPL, running code")
        result.rows += bench.talking()
        for what, files, limit in (
            ("20 kB of random bytes", {"/random.bin": random_bytes(20_000)}, 1.10),
            ("20 kB of source", {"/source.py": source_text(20_000)}, 0.35),
        ):
            say(what)
            wire_s = wire_time_s(files)
            spans = bench.pushing(files)
            values = {name: span.seconds / wire_s for name, span in spans.items()}
            result.rows.append(row_of(f"push {what} / wire time", values, "x", limit))
        say("2 kB, there and back")
        two = {"/small.py": source_text(2000)}
        values = {name: span.seconds for name, span in bench.pushing(two).items()}
        result.rows.append(row_of("push 2 kB of source", values, "s", 0.20))
        result.rows.append(bench.reading("/small.py", two["/small.py"]))
        say("ten files, and the same again")
        result.rows += bench.repeating()
        say("the device code")
        result.rows.append(bench.shipping())
    return result


def wire_time_s(files: Files) -> float:
    """Return what the bare bytes of files take on the line."""
    return sum(map(len, files.values())) * 10 / BAUD


def row_of(what: str, values: Mapping[str, float], unit: str, limit: float) -> Row:
    """Return a row that is met below its limit, and only if no peer is better."""
    peers = {name: value for name, value in values.items() if name != OURS}
    row = at_most(what, values[OURS], unit, limit, **peers)
    return replace(row, ok=row.ok and row.ours <= min(peers.values(), default=row.ours))


class _Bench:
    """The jobs, each done by all in turn."""

    def __init__(self, stand: Stand, folder: Path, peers: list[Peer]) -> None:
        self._stand = stand
        self._folder = folder
        self._peers = peers

    def pushing(self, files: Files) -> dict[str, Span]:
        """Push files to a board that has none; name -> the best span."""
        folder = self._lay_out(files)
        spans: dict[str, list[Span]] = {}
        for _ in range(ROUNDS):
            self._stand.clear()
            spans.setdefault(OURS, []).append(self._push_ours(files))
            self._stand.check(OURS, files)
            for peer in self._peers:
                self._stand.clear()
                span = self._span_of(peer.push(self._stand.port, folder))
                self._stand.check(peer.name, files)
                spans.setdefault(peer.name, []).append(span)
        return {name: best(each) for name, each in spans.items()}

    def repeating(self) -> list[Row]:
        """Push ten files that are there."""
        files = {f"/file_{number}.py": source_text(4000, 1000 * number) for number in range(10)}
        folder = self._lay_out(files)
        spans: dict[str, list[Span]] = {}
        execs = 0
        self._push_ours(files)
        for _ in range(ROUNDS):
            with self._stand.session() as session:
                self._stand.forget()
                session.enter()
                session.deployer.deploy(manifest_of(files), Deadline.after(ANSWER_S))
                spans.setdefault(OURS, []).append(self._stand.span())
                execs = max(execs, session.execs.count)
            for peer in self._peers:
                span = self._span_of(peer.push(self._stand.port, folder))
                spans.setdefault(peer.name, []).append(span)
                self._stand.check(peer.name, files)
        found = {name: best(each) for name, each in spans.items()}
        what = "ten unchanged files of 4 kB"
        turns = {name: float(span.turns) for name, span in found.items()}
        return [
            row_of(what, {name: span.seconds for name, span in found.items()}, "s", 0.10),
            row_of(f"{what}, turnarounds", turns, "", 6),
            at_most(f"{what}, pieces of code", execs, "", 1),
        ]

    def reading(self, path: str, data: bytes) -> Row:
        """Read a file that is there."""
        spans: dict[str, list[Span]] = {}
        to = self._folder / "read"
        for _ in range(ROUNDS):
            with self._stand.session() as session:
                self._stand.forget()
                session.enter()
                came = session.files.read(path, Deadline.after(ANSWER_S))
                spans.setdefault(OURS, []).append(self._stand.span())
                _require_same(OURS, came, data)
            for peer in self._peers:
                if peer.reads:
                    span = self._span_of(peer.read(self._stand.port, path, to))
                    spans.setdefault(peer.name, []).append(span)
                    _require_same(peer.name, to.read_bytes(), data)
        wire_s = wire_time_s({path: data})
        values = {name: best(each).seconds / wire_s for name, each in spans.items()}
        return row_of("read 2 kB / wire time", values, "x", 1.3)

    def talking(self) -> list[Row]:
        """Enter the raw REPL and run ``pass``.

        A peer does both in one process; what one more piece of code costs is known from a process
        that runs more of them.
        """
        enters: dict[str, list[float]] = {}
        execs: dict[str, list[float]] = {}
        arithmetic_s = 0.0
        for _ in range(ROUNDS):
            with self._stand.session() as session:
                self._stand.forget()
                session.enter()
                enters.setdefault(OURS, []).append(self._stand.span().seconds)
                several = []
                for _ in range(MORE_EXECS):
                    self._stand.forget()
                    session.repl.exec("pass", Deadline.after(ANSWER_S))
                    several.append(self._stand.span())
                arithmetic_s = several[0].arithmetic_s()
                median_s = statistics.median(span.seconds for span in several)
                execs.setdefault(OURS, []).append(median_s)
            for peer in self._peers:
                one = self._span_of(peer.execute(self._stand.port, 1))
                more = self._span_of(peer.execute(self._stand.port, 1 + MORE_EXECS))
                each_s = (more.seconds - one.seconds) / MORE_EXECS
                execs.setdefault(peer.name, []).append(each_s)
                enters.setdefault(peer.name, []).append(one.seconds)
        times = {name: min(each) / arithmetic_s for name, each in execs.items()}
        what = "exec round trip / the line's arithmetic for ours"
        entered = {name: min(each) for name, each in enters.items()}
        return [
            row_of("enter the raw REPL (a peer: run pass too)", entered, "s", 0.05),
            row_of(what, times, "x", 1.5),
        ]

    def shipping(self) -> Row:
        """Push the device code, folders and all, as a run does; no peer keeps a manifest."""
        manifest = load_manifest(shipped.device_src())
        spans = []
        for _ in range(ROUNDS):
            with self._stand.session() as session:
                session.enter()
                deadline = Deadline.after(ANSWER_S)
                session.files.remove(list(manifest.files), deadline)
                self._stand.forget()
                session.deployer.deploy(manifest, deadline)
                spans.append(self._stand.span())
        wire_s = manifest.size_bytes * 10 / BAUD
        return Row("push device_src / wire time", best(spans).seconds / wire_s, "x")

    def _push_ours(self, files: Files) -> Span:
        with self._stand.session() as session:
            self._stand.forget()
            session.enter()
            session.deployer.deploy(manifest_of(files), Deadline.after(ANSWER_S))
            return self._stand.span()

    def _span_of(self, command: list[str]) -> Span:
        self._stand.refresh()
        self._stand.forget()
        run(command)
        return self._stand.span()

    def _lay_out(self, files: Files) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="push-", dir=self._folder))
        for path, data in files.items():
            (folder / path.removeprefix("/")).write_bytes(data)
        return folder


def _require_same(name: str, came: bytes, data: bytes) -> None:
    if came != data:
        raise AssertionError(f"{name} read {len(came)} bytes that are not the file's {len(data)}")
