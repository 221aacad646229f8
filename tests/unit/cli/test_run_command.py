"""Which scenarios ``hil run`` takes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from harness import shipped

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Hil

SCENARIOS = shipped.scenarios()


def chosen(hil: Hil, *arguments: str) -> Counter[str]:
    """Return how many tests of each file are taken, by the file's path below the scenarios."""
    ended = hil("run", "--collect-only", "-q", "--rootdir", str(SCENARIOS), *arguments)
    assert ended.code == 0, ended.stderr
    files = [line.split("::")[0] for line in ended.stdout.splitlines() if "::" in line]
    return Counter(files)


def test_without_paths_the_module_is_tested_whole_and_one_of_each_other_kind(hil: Hil) -> None:
    short, everything = chosen(hil), chosen(hil, "--all")
    assert short.keys() == everything.keys()
    assert short.total() >= 40
    for file, count in short.items():
        assert count == (1 if "/" in file else everything[file])
    assert short.total() < everything.total()


@pytest.mark.parametrize("selection", [("-k", "retained"), ("-m", "requirement")])
def test_who_selects_selects_among_all(hil: Hil, selection: tuple[str, str]) -> None:
    assert chosen(hil, *selection) == chosen(hil, "--all", *selection)


def test_short_set_says_that_it_is_one(hil: Hil) -> None:
    said = "hil run --all takes every scenario"
    assert said in hil("run", "--collect-only").stdout
    assert said not in hil("run", "--collect-only", "--all").stdout
    assert said not in hil("run", "--collect-only", str(SCENARIOS)).stdout


#: A test, and a word at the process's end on whether Hypothesis was loaded.
TELLS = """
import atexit, sys
{before}
def test_one({argument}):
    atexit.register(lambda: print("loaded", "hypothesis" in sys.modules))
"""


def test_run_that_does_not_use_hypothesis_does_not_load_it(hil: Hil, tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text(TELLS.format(before="", argument=""), "utf-8")
    assert hil("run", "test_plain.py").stdout.endswith("loaded False\n")


def test_run_that_uses_hypothesis_has_its_summary(hil: Hil, tmp_path: Path) -> None:
    before = "from hypothesis import given, strategies\n@given(x=strategies.just(1))"
    (tmp_path / "test_given.py").write_text(TELLS.format(before=before, argument="x"), "utf-8")
    said = hil("run", "test_given.py", "--hypothesis-show-statistics").stdout
    assert "Hypothesis Statistics" in said
    assert said.endswith("loaded True\n")
