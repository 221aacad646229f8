"""The stream of fuzzed cases, what of it counts, and the command as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from harness import shipped
from harness.bench import fuzz
from harness.bench.fuzz_case import Case, CaseSeen, Chunk, Step, StepSeen
from harness.bench.fuzz_judge import FAULTS, RESULT, count, faults
from harness.bench.fuzz_least import least
from harness.bench.fuzz_packet import _MUTATIONS
from harness.bench.fuzz_stream import _STATES, case_of
from harness.wire.mqtt_packet import ConnAck, PubAck, Publish

TABLES = fuzz.packet_tables(shipped.fixtures() / "packets")


def made(steps: tuple[Step, ...]) -> Case:
    return Case(0, "state", is_live=True, steps=steps)


def test_case_is_known_by_its_seed_and_number() -> None:
    assert case_of(7, 3, TABLES) == case_of(7, 3, TABLES)
    assert len({case_of(seed, n, TABLES) for seed in (7, 8) for n in range(20)}) == 40


def test_stream_has_every_state_and_every_mutation() -> None:
    cases = [case_of(1, n, TABLES) for n in range(3000)]
    states = Counter(case.state for case in cases)
    assert set(states) == set(_STATES)
    said = " ".join(chunk.what for case in cases for chunk in case.chunks)
    assert [name for name, _ in _MUTATIONS if f"{name} of" not in said] == []
    assert "table: " in said
    assert {step.end for case in cases for step in case.steps} == {"", "fin", "rst"}
    modes = {step.mode for case in cases for step in case.steps}
    assert modes == {"", "deaf", "narrow", "reset", "refused", "refused at once", "silent"}


CONNACK = Chunk(ConnAck().encode())
ONE, TWO, BREAKING = Chunk(b"a", 1), Chunk(b"ab", 2), Chunk(b"x", 1, breaks=True)


def seen(*begun: tuple[int, ...], is_open: bool) -> CaseSeen:
    return CaseSeen(tuple(StepSeen("returned", 0, each, is_open, (), ()) for each in begun))


@pytest.mark.parametrize(
    ("chunks", "begun", "is_open", "counted"),
    [
        ((ONE, ONE, ONE), (1, 2, 3), True, 3),
        ((ONE, ONE, ONE), (1,), False, 1),  # the others were never looked at
        ((TWO,), (1,), True, 2),
        ((TWO,), (1,), False, 1),  # nobody knows whether the second was looked at
        ((TWO, ONE), (1, 2), False, 3),
        ((BREAKING, ONE), (1, 2), False, 1),  # what followed was no packet any more
        ((ONE,), (), True, 0),
    ],
)
def test_packet_counts_when_it_was_parsed(
    chunks: tuple[Chunk, ...], begun: tuple[int, ...], is_open: bool, counted: int
) -> None:
    case = made((Step("connect", (True,), (CONNACK,)), Step("wait_msg", (), chunks)))
    did = seen((0,), begun, is_open=is_open)
    assert (count(case, did).packets, count(case, did).live) == (counted, counted)
    assert count(replace(case, is_live=False), did).live == 0


def test_result_needs_its_packet() -> None:
    publish = Step("publish", ("t", "m", False, 1), (Chunk(PubAck(9).encode(), 1),))
    case = made((Step("connect", (True,), (CONNACK,)), publish))
    connected = StepSeen("returned 0", 0, (0,), is_open=True, messages=(), wrote=((0x10, 0),))
    right = StepSeen("returned", 0, (1,), is_open=True, messages=(), wrote=((0x32, 9),))
    wrong = replace(right, wrote=((0x32, 8),))
    assert list(faults(case, CaseSeen((connected, right)))) == []
    ((fault, text),) = faults(case, CaseSeen((connected, wrong)))
    assert fault == RESULT
    assert "PubAck(packet_id=8)" in text


def test_least_case_keeps_what_it_takes() -> None:
    guilty = Chunk(Publish("guilty").encode(), 1)
    steps = (
        Step("connect", (True,), (CONNACK,)),
        Step("wait_msg", (), (*[ONE] * 40, guilty, *[ONE] * 40)),
        Step("ping"),
    )

    def shows(case: Case) -> str:
        return "it" if guilty in case.chunks else ""

    found = least(made(steps), shows)
    assert [step.call for step in found.steps] == ["connect", "wait_msg"]
    assert found.chunks == [guilty]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", "bench", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_command_prints_seed_figures_and_classes_of_outcome() -> None:
    ended = bench("fuzz", "--packets", "400", "--seed", "3", "--json")
    found = json.loads(ended.stdout)
    rows = {row["what"]: row for row in found["rows"]}
    assert ended.returncode == 0, ended.stderr
    assert found["seed"] == 3
    assert "seed 3\n" in ended.stderr
    assert rows["fuzzed packets on cpython"]["ours"] >= 400
    assert rows["of these on a live session"]["limit"] == ">= 20"
    assert {f"cases with: {fault}" for fault in FAULTS} <= set(rows)
    assert rows["outcome: returned"]["ours"] > rows["outcome: MQTTException"]["ours"] > 0
    assert rows["branches of mqtt_session.py"]["ours"] > 50
    assert "python" in found["host"]


def test_one_case_is_shown_with_what_came_of_each_call() -> None:
    ended = bench("fuzz", "--seed", "3", "--only", "5")
    case = case_of(3, 5, TABLES)
    assert ended.returncode == 0, ended.stderr
    for line in case.text():
        assert line in ended.stdout
    assert ended.stdout.count("\n= ") == len(case.steps)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("fuzz", "--only", "5"), "--seed S --only INDEX"),
        (("fuzz", "--packets", "0"), "is not 1 or more"),
        (("fuzz", "--on", "lua"), "cpython"),
        (("fuzz", "--long"), "hil bench client"),
        (("client", "--seed", "0"), "hil bench fuzz"),
    ],
)
def test_wrong_argument_is_bad_usage(arguments: tuple[str, ...], text: str) -> None:
    ended = bench(*arguments)
    assert (ended.returncode, ended.stdout) == (4, "")
    assert text in ended.stderr
