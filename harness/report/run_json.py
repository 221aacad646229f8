"""``run.json``: the run for programs, in a versioned shape (``schema/run.schema.json``)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.report.entry import rows_from_columns
from harness.report.traceability import coverage

if TYPE_CHECKING:
    from harness.report.record import BoardRecord, ExpectRecord, Run, SnapshotRecord, TestRecord

#: Version of the shape: it goes up when a key is removed or means something else.
SCHEMA_VERSION = 1


def run_object(run: Run) -> dict[str, Any]:
    """Return the object of ``hil run --json``; ``report`` is relative to the run folder."""
    return {
        "schema": SCHEMA_VERSION,
        "run": run.id,
        "started": run.wall,
        "seconds": run.seconds,
        "ended": run.is_ended,
        "exit": run.exit,
        "verdicts": run.verdicts,
        "report": "report.html",
        "boards": [_board(board) for board in run.boards],
        "tests": [_test(test) for test in run.tests],
        "requirements": [
            {
                "id": row.requirement.id,
                "text": row.requirement.text,
                "source": row.requirement.source,
                "kind": row.requirement.kind,
                "known": row.is_known,
                "verdict": row.verdict,
                "not_applicable_because": row.requirement.not_applicable_because,
                "tests": [test.test for test in row.tests],
            }
            for row in coverage(run)
        ],
        "versions": run.versions,
        "broker": run.broker,
        "git": run.git,
        "device_src": run.device_src,
        "host": run.host,
        "argv": list(run.argv),
        "problems": list(run.problems),
    }


def run_json(run: Run) -> str:
    """Return the text of ``run.json``."""
    return json.dumps(run_object(run), indent=1) + "\n"


def _board(board: BoardRecord) -> dict[str, Any]:
    last = board.deployments[-1] if board.deployments else None
    return {
        "name": board.name,
        "kind": "virtual" if board.is_virtual else "hardware",
        "id": board.id,
        "firmware": board.firmware,
        "port": board.port,
        "profile": board.profile,
        "unverified": list(board.unverified),
        "manifest": last.manifest if last else None,
    }


def _test(test: TestRecord) -> dict[str, Any]:
    return {
        "test": test.test,
        "name": test.name,
        "title": test.title,
        "file": test.file,
        "line": test.line,
        "doc": test.doc,
        "boards": list(test.boards),
        "params": test.params,
        "requirements": list(test.requirements),
        "verdict": test.verdict,
        "ended": test.is_ended,
        "start_s": test.start_s,
        "seconds": test.seconds,
        "attempts": len(test.earlier) + 1,
        "phase": test.phase,
        "sentence": test.sentence,
        "message": test.message,
        "parts": test.parts,
        "missing": list(test.missing),
        "expectations": [_expect(expect) for expect in test.expectations],
        "snapshots": [_snapshot(snapshot) for snapshot in test.snapshots],
        "measurements": [
            {
                "name": each.name,
                "value": each.value,
                "unit": each.unit,
                "limit": each.limit,
                "ok": each.ok,
            }
            for each in test.measurements
        ],
        "evidence": f"tests/{test.slug}",
    }


def _expect(expect: ExpectRecord) -> dict[str, Any]:
    return {
        "what": expect.what,
        "source": expect.source,
        "expected": expect.expected,
        "found": expect.found,
        "ok": expect.ok,
        "within_s": expect.within_s,
        "took_s": expect.took_s,
        "message": expect.message,
    }


def _snapshot(snapshot: SnapshotRecord) -> dict[str, Any]:
    return {
        "source": snapshot.source,
        "board": snapshot.board,
        "pixels": rows_from_columns(snapshot.columns),
        "text": snapshot.text,
        "led": list(snapshot.led),
        "ticks_ms": snapshot.ticks_ms,
    }
