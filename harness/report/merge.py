"""One journal out of several: a suite that ran once on each of several boards is one run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.report.assembly import assemble
from harness.report.journal import Entry, read_journal


@dataclass(frozen=True)
class Part:
    """A run that becomes a part of another.

    Attributes:
        journal: Its journal.
        board: What is put behind the names of its tests, so that those of different boards stay
            apart; empty for a run whose tests nobody else ran.
    """

    journal: Path
    board: str


def merge_journals(parts: Sequence[Part], path: Path, run: str) -> Any:
    """Write one journal with all that happened in several, without its end.

    Args:
        parts: The runs, in the order in which they are to stand. All of one machine: they share a
            clock.
        path: The journal to write; must not be there yet.
        run: The id of the run that it becomes.

    Returns:
        How many tests have each verdict; a test that did not come to its end is blocked.

    Raises:
        OSError: A journal cannot be read or written.
    """
    entries: list[Entry] = []
    for part in parts:
        entries += _entries_of(part)
    starts = [entry for entry in entries if entry["kind"] == "run.start"]
    if not starts:
        return {}
    first = min(starts, key=lambda entry: float(entry["clock_s"]))
    begun_s = float(first["clock_s"])
    merged: list[Entry] = [{**first, "t": 0.0, "run": run}]
    for entry in entries:
        if entry["kind"] not in ("run.start", "run.end"):
            offset_s = float(entry.pop("_clock_s")) - begun_s
            merged.append({**entry, "t": round(float(entry["t"]) + offset_s, 6)})
    with path.open("x", encoding="utf-8") as file:
        file.writelines(_line(entry) for entry in merged)
    return assemble(merged).verdicts


def end_journal(path: Path, verdicts: dict[str, int], code: int, seconds: float) -> None:
    """Write the end of a merged run."""
    entry = {
        "t": round(seconds, 6),
        "kind": "run.end",
        "test": None,
        "board": None,
        "verdicts": verdicts,
        "exit": code,
        "seconds": round(seconds, 3),
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(_line(entry))


def _entries_of(part: Part) -> list[Entry]:
    entries = read_journal(part.journal)
    clock_s = next((entry["clock_s"] for entry in entries if entry["kind"] == "run.start"), 0.0)
    for entry in entries:
        if entry["kind"] != "run.start":
            entry["_clock_s"] = clock_s
        if part.board and entry.get("test") is not None:
            entry["test"] = f"{entry['test']}@{part.board}"
            if entry["kind"] == "test.start":
                entry["name"] = f"{entry['name']}@{part.board}"
    return entries


def _line(entry: Entry) -> str:
    return json.dumps(entry, separators=(",", ":")) + "\n"
