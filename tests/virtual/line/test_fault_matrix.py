"""Each fault of board and line, under each action: the right end in time, nothing lost, no trace.

By default one action of each fault, drawn by a seed that a test which fails tells. With
``HIL_FAULTS=all`` all cells run, with ``HIL_FAULTS=SEED`` those of that seed, with
``HIL_FAULTS=NAME,...,SEED`` all of the named faults, by a seed or any.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest

from harness.board import push, push_program
from tests.virtual.fault.command import Commands
from tests.virtual.line.bench import CODE as PROGRAM
from tests.virtual.line.bench import DATA, FILES, KEPT, MANIFEST, OLD, PRINTED, Bench, soon
from tests.virtual.line.cell import ACTIONS, TABLE, Row, cells

SEEDS = 1_000_000
CODES = {"right": {0}, "other": {0, 1}, "DeviceException": {1}}
#: All the errors of the rig that the table names.
RIG = {10}


def wanted() -> tuple[set[str], int]:
    """Return what ``HIL_FAULTS`` names, and its seed or one that is drawn."""
    words = set(filter(None, os.environ.get("HIL_FAULTS", "").split(",")))
    seeds = {word for word in words if word.isdigit()}
    seed = int(seeds.pop()) if seeds else random.randrange(1, SEEDS)  # noqa: S311, no secret
    return {word for word in words if not word.isdigit()}, seed


def choice() -> list[tuple[Row, str]]:
    """Return the cells that are to run; an empty action is one to be drawn by the seed."""
    names, _ = wanted()
    known = {row.name for row in TABLE}
    assert names <= known | {"all"}, f"HIL_FAULTS names others than {', '.join(known)}"
    if not names:
        return [(row, "") for row in TABLE]
    return [(row, action) for row, action in cells() if names & {row.name, "all"}]


def test_table_names_an_end_and_its_reason_for_each_cell() -> None:
    assert len({row.name for row in TABLE}) == len(TABLE)
    for row in TABLE:
        assert set(row.ends) == set(ACTIONS)
        assert all(ends and why for ends, why in row.ends.values())


@pytest.mark.parametrize(
    ("row", "action"), choice(), ids=lambda each: each.name if isinstance(each, Row) else each
)
def test_action_on_a_board_with_a_fault(
    hil: Commands,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
    row: Row,
    action: str,
) -> None:
    names, seed = wanted()
    action = action or random.Random(f"{seed} {row.name}").choice(ACTIONS)  # noqa: S311, no secret
    again = f"HIL_FAULTS={','.join((*names, str(seed)))}"
    record_property("again", again)
    # What a lost byte costs on a real line is waiting; the waits are the same, and shorter.
    monkeypatch.setattr(push, "SILENCE_S", 3.0)
    monkeypatch.setattr(push_program, "PATIENCE_MS", 1500)
    ends, why = row.ends[action]
    bench = Bench(row.settings)
    try:
        bench.break_by(row.fault.format(seed=seed))
        end = bench.do(action, hil)
        assert end.name in ends, f"{action}, {again}: {why}; but: {end}"
        assert end.code in CODES.get(end.name, RIG), (again, end)
        assert end.seconds < row.seconds, (again, end)
        bench.heal()
        if row.needs_reset:
            bench.power_cycle()
        require_whole(bench, again, pushed=action == "push" and end.name == "right")
        require_sound(bench)
    finally:
        bench.close()


def require_whole(bench: Bench, again: str, *, pushed: bool) -> None:
    """Check that each file is the old or the new one; the new one where that was claimed."""
    found = bench.contents()
    assert found[KEPT] == DATA
    for path, data in FILES.items():
        allowed = (data,) if pushed else (data, OLD.get(path))
        assert found.get(path) in allowed, (again, path)


def require_sound(bench: Bench) -> None:
    """Check that the board is as good as any, at once."""
    with bench.opened(timeout_s=5.0) as board:
        assert board.deploy(MANIFEST, soon()).manifest == MANIFEST.sha256
        assert board.exec(PROGRAM, soon()) == PRINTED
        assert board.files.read(KEPT, soon()) == DATA
    assert {path: bench.contents()[path] for path in FILES} == FILES
