"""For each statement that binds a client there is a broken client that turns its tests red.

By default a seeded tenth of the table runs, another one each time; the seed is printed. With
``HIL_MUTANTS=all`` the whole table runs, with ``HIL_MUTANTS=SEED`` the tenth of that seed, with
``HIL_MUTANTS=NAME,...`` the named ones.
"""

from __future__ import annotations

import ast
import os
import random
from pathlib import Path
from typing import Any

import pytest

from harness import shipped
from harness.scenario.requirement import load_catalogue
from tests.virtual.mutant.judgement import finish, judge, start
from tests.virtual.mutant.mutant import Mutant, load_mutants
from tests.virtual.mutant.plugin import UNCHANGED, WORKS

MUTANTS = load_mutants()


def binding() -> list[str]:
    """Return the ids of the statements that bind a client."""
    catalogue = load_catalogue(shipped.fixtures() / "requirements")
    return [e.id for e in catalogue if e.kind == "protocol" and not e.not_applicable_because]


def choice() -> tuple[list[Mutant], str]:
    """Return the mutants that are to run, and how they were chosen."""
    wanted = os.environ.get("HIL_MUTANTS", "")
    if wanted == "all":
        return list(MUTANTS), "all"
    if wanted and not wanted.isdigit():
        names = wanted.split(",")
        found = [each for each in MUTANTS if {each.name, each.statement} & set(names)]
        assert found, f"HIL_MUTANTS={wanted} names none of the table"
        return found, wanted
    seed = int(wanted) if wanted else random.randrange(1_000_000)  # noqa: S311, no secret
    rng = random.Random(seed)  # noqa: S311, no secret
    return rng.sample(MUTANTS, len(MUTANTS) // 10), f"HIL_MUTANTS={seed}"


def test_each_binding_statement_has_a_mutant_and_no_two_share_one() -> None:
    assert {each.statement for each in MUTANTS} == set(binding())
    assert len({each.edit for each in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_mutant_is_one_edit_that_compiles(tmp_path: Path, mutant: Mutant) -> None:
    folder = mutant.write(tmp_path / "device_src")
    text = (folder / mutant.file).read_text(encoding="utf-8")
    ast.parse(text)
    assert text != (shipped.device_src() / mutant.file).read_text(encoding="utf-8")


def test_edit_that_does_not_fit_is_told(tmp_path: Path) -> None:
    mutant = Mutant("M/1", "M", "nothing", "mqtt.py", "no such text", "")
    with pytest.raises(ValueError, match=r"M/1: mqtt.py has 0 of 'no such text'"):
        mutant.write(tmp_path / "device_src")


def test_each_test_of_the_suite_shows_one_statement() -> None:
    cited = []
    for path in sorted((shipped.scenarios() / "conformance").glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                marks = [
                    each
                    for each in node.decorator_list
                    if isinstance(each, ast.Call) and ast.unparse(each.func).endswith("requirement")
                ]
                ids = [ast.literal_eval(argument) for mark in marks for argument in mark.args]
                assert len(ids) == 1, f"{path.name}: {node.name} cites {ids}"
                assert node.name.startswith("test_" + ids[0][5:].translate({45: 95, 46: 95}) + "_")
                cited += ids
    assert set(cited) == set(binding())


def test_mutants_turn_the_tests_of_their_statements_red(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mutants, how = choice()
    with capsys.disabled():
        print(f"\n{len(mutants)} of {len(MUTANTS)} mutants ({how})")  # noqa: T201, the seed
    parts = [mutants[::2], mutants[1::2]] if how == "all" else [mutants]
    runs = [start(part, tmp_path / str(number)) for number, part in enumerate(parts)]
    wrong: dict[str, str] = {}
    try:
        for number, (process, limit_s) in enumerate(runs):
            run = finish(process, limit_s, tmp_path / str(number))
            wrong |= judge(run, parts[number])
    finally:
        for process, _ in runs:
            process.terminate()
            process.wait()
    assert wrong == {}, how


HARMLESS = """
[[mutant]]
statement = "MQTT-3.1.2-2"
breaks = "Nothing: another version of the client."
file = "mqtt.py"
old = '__version__ = "1.0.0"'
new = '__version__ = "1.0.1"'

[[mutant]]
statement = "MQTT-3.1.2-2"
breaks = "Everything: the client cannot be built."
file = "mqtt.py"
old = '        Session.__init__(self)'
new = '        raise OSError(5)'
"""


def test_harmless_and_useless_mutants_are_found_out(tmp_path: Path) -> None:
    table = tmp_path / "table.toml"
    table.write_text(HARMLESS, encoding="utf-8")
    mutants = load_mutants(table)
    process, limit_s = start(mutants, tmp_path / "reports", table)
    wrong = judge(finish(process, limit_s, tmp_path / "reports"), mutants)
    assert list(wrong) == ["MQTT-3.1.2-2/1", "MQTT-3.1.2-2/2"]
    assert wrong["MQTT-3.1.2-2/1"].startswith("survives 1 tests: Nothing")
    assert wrong["MQTT-3.1.2-2/2"].startswith("does not work at all: ")


def outcome(mutant: str, statement: str, verdict: str) -> dict[str, Any]:
    """Return a test as ``run.json`` has it."""
    return {
        "name": f"test[{mutant}]",
        "params": {"mutant": mutant},
        "requirements": [statement],
        "verdict": verdict,
        "sentence": "why",
    }


@pytest.mark.parametrize(
    ("tests", "wrong"),
    [
        ([("M/1", "M", "fail"), ("M/1", WORKS, "pass")], {}),
        ([("M/1", "M", "pass"), ("M/1", "M", "fail"), ("M/1", WORKS, "pass")], {}),
        (
            [(UNCHANGED, "M", "fail"), ("M/1", "M", "fail"), ("M/1", WORKS, "pass")],
            {f"test[{UNCHANGED}]": "on the client as it is: fail, why"},
        ),
        ([("M/1", "M", "pass"), ("M/1", WORKS, "pass")], {"M/1": "survives 1 tests: it"}),
        ([], {"M/1": "survives 0 tests: it"}),
        ([("M/1", "M", "blocked"), ("M/1", WORKS, "pass")], {"M/1": "the rig was in the way"}),
        ([("M/1", "M", "fail"), ("M/1", WORKS, "fail")], {"M/1": "does not work at all: why"}),
        ([("M/1", "M", "fail")], {"M/1": "does not work at all: not tried"}),
    ],
    ids=["killed", "late", "red", "survives", "absent", "blocked", "useless", "not tried"],
)
def test_mutant_is_judged_by_the_tests_of_its_statement(
    tests: list[tuple[str, str, str]], wrong: dict[str, str]
) -> None:
    mutant = Mutant("M/1", "M", "it", "f", "a", "b")
    assert judge({"tests": [outcome(*each) for each in tests]}, [mutant]) == wrong
