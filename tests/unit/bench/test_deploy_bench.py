"""The bench of pushes: its verdicts, its accounts, one small job done by all it measures."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.bench import deploy
from harness.bench.deploy import OURS, row_of, wire_time_s
from harness.bench.deploy_payload import random_bytes, source_text
from harness.bench.deploy_peer import PEERS, run
from harness.bench.deploy_stand import Span, Stand, best
from harness.errors import DeployError, HarnessError


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """The bench's board."""
    with contextlib.closing(Stand()) as stand:
        yield stand


@pytest.mark.parametrize(
    ("ours", "peers", "ok"),
    [
        (1.0, {"a": 1.2, "b": 1.0}, True),
        (1.0, {}, True),
        (1.11, {"a": 1.2}, False),
        (1.0, {"a": 1.2, "b": 0.99}, False),
    ],
    ids=["met", "alone", "above its limit", "slower than a peer"],
)
def test_row_is_met_below_its_limit_and_no_worse_than_the_best_peer(
    ours: float, peers: dict[str, float], ok: bool
) -> None:
    row = row_of("what", {OURS: ours, **peers}, "x", 1.1)
    assert (row.ok, row.ours, row.peers) == (ok, ours, peers)


def test_spans_have_their_arithmetic_and_a_best() -> None:
    spans = [Span(0.3, 2, 1152), Span(0.2, 2, 1152)]
    assert best(spans) == spans[1]
    assert spans[0].arithmetic_s() == pytest.approx(0.1 + 0.004)
    assert wire_time_s({"/a": bytes(1000), "/b": bytes(152)}) == pytest.approx(0.1)


def test_payloads_are_the_same_in_every_run() -> None:
    assert random_bytes(100) == random_bytes(100)
    assert len(source_text(60_000, 5000)) == 60_000
    compile(source_text(20_000).rpartition(b"\n\n\n")[0], "source", "exec")


def test_every_tool_pushes_over_the_line_and_the_board_holds_it(
    stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploy, "ROUNDS", 1)
    bench = deploy._Bench(stand, tmp_path, list(PEERS))
    data = source_text(300)
    spans = bench.pushing({"/small.py": data})
    assert set(spans) == {OURS, "mpremote", "mpytool", "belay"}
    assert all(span.seconds > span.arithmetic_s() / 2 for span in spans.values())
    assert all(span.line_bytes > 150 for span in spans.values())
    row = bench.reading("/small.py", data)
    assert row.ours > 1.0
    assert set(row.peers) == {"mpremote", "mpytool"}


def test_board_that_does_not_hold_what_was_pushed_ends_the_bench(stand: Stand) -> None:
    with pytest.raises(DeployError, match="what mpytool has pushed"):
        stand.check("mpytool", {"/small.py": b"something else"})


def test_tool_that_fails_is_told_by_its_command(tmp_path: Path) -> None:
    (mpremote, *_) = PEERS
    with pytest.raises(HarnessError, match="failed") as caught:
        run(mpremote.execute(str(tmp_path / "absent"), 1))
    assert "mpremote" in caught.value.on
