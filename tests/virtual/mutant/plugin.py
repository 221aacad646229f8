"""A pytest plugin that runs the tests of a statement against the clients that break it.

Loaded with ``-p tests.virtual.mutant.plugin`` into a run of the conformance suite. Each test of a
statement runs on the client as it is and on each chosen mutant of the statement; one test more, of
the transport, shows that a mutant still exchanges messages with a real broker. One board serves all
of them: a mutant costs the push of one file and the tests up to the first that turns red.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.board.manifest import load_manifest
from harness.pytest_plugin.run import HilRun, run_of
from harness.shipped import device_src
from tests.virtual.mutant.mutant import TABLE, Mutant, load_mutants

#: The client as it is, among the names of mutants.
UNCHANGED = "unchanged"

#: The statement whose test shows that a client works: messages both ways, with a real broker.
WORKS = "MQTT-7.1.2-1"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice of mutants."""
    parser.addoption("--mutants", default="", metavar="NAME,...", help="mutants to run, by name")
    parser.addoption("--mutant-table", default=str(TABLE), metavar="FILE", help="where they stand")


def chosen(config: pytest.Config) -> list[Mutant]:
    """Return the mutants that this run is about."""
    names = config.getoption("--mutants").split(",")
    table = Path(config.getoption("--mutant-table"))
    return [each for each in load_mutants(table) if each.name in names]


def statements(node: pytest.Item | pytest.Function) -> set[str]:
    """Return what a test cites."""
    return {str(each) for mark in node.iter_markers("requirement") for each in mark.args}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Multiply the tests by the clients that they have to judge."""
    cited = statements(metafunc.definition)
    names = [
        each.name
        for each in chosen(metafunc.config)
        if each.statement in cited or (WORKS in cited and not each.refused_because)
    ]
    if names:
        metafunc.parametrize("mutant", [UNCHANGED, *names], indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests out that have nothing to judge."""
    rest = [each for each in items if mutant_of(each) is None]
    config.hook.pytest_deselected(items=rest)
    items[:] = [each for each in items if mutant_of(each) is not None]


def mutant_of(item: pytest.Item) -> str | None:
    """Return the name of the client that a test judges."""
    callspec = getattr(item, "callspec", None)
    return None if callspec is None else callspec.params.get("mutant")


@pytest.fixture(scope="session", autouse=True)
def mutant(
    request: pytest.FixtureRequest, hil_run: HilRun, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Have the board run this client, broken or not."""
    mutants = {each.name: each for each in chosen(request.config)}
    folder = device_src()
    if request.param != UNCHANGED:
        folder = mutants[request.param].write(tmp_path_factory.mktemp("mutant") / "device_src")
    dut = hil_run.stand.dut(0)
    hil_run.stand.seen[0].deploy(load_manifest(folder))
    dut.reset()  # it was not asked to push, and would take the interpreter for the old one


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Spare a mutant the further tests of its statement once one of them is red."""
    name = mutant_of(item)
    endings = run_of(item.config).endings
    of_it = [each for each in item.session.items if mutant_of(each) == name]
    is_killed = any(
        endings[each.nodeid].verdict == "fail" and WORKS not in statements(each)
        for each in of_it
        if each.nodeid in endings
    )
    if name != UNCHANGED and is_killed and WORKS not in statements(item):
        pytest.skip("the mutant is killed")
