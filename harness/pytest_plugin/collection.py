"""Which tests need a rig, what they cite, and what they lack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from harness.board.snapshot import SOURCES
from harness.errors import ConfigError
from harness.pytest_plugin.option import Settings
from harness.pytest_plugin.stand import Stand
from harness.scenario.requirement import Catalogue

#: A test that uses one of these needs a rig; all the others are built on them.
RIG_FIXTURES = ("hil_run", "board", "boards", "broker")
FIXTURE_MODULE = "harness.pytest_plugin.fixture"


#: What a test may ask for in ``needs``: of the board's profile, of the rig, of the
#: probe (whether it reports effects), of the broker.
CAPABILITIES = frozenset(
    {
        *("display", "led", "wifi", "mqtt", "button", "sensor", "motion", "speaker", "ir", "event"),
        *("lines", "power", "bench", "inputs", "network"),
        "records",
        *("broker:log", "broker:restart"),
    }
)


def uses_rig(item: pytest.Item) -> bool:
    """Return whether a test needs a rig.

    The names are common words, so the name alone says nothing: a lab's own ``broker`` fixture, or a
    parameter of that name, is left alone unless it asks for ours.
    """
    info = getattr(item, "_fixtureinfo", None)
    known = {} if info is None else info.name2fixturedefs
    return any(_reaches_ours(name, known.get(name, ())) for name in RIG_FIXTURES)


def _reaches_ours(name: str, definitions: Sequence[pytest.FixtureDef[Any]]) -> bool:
    """Return whether the last definition is ours, or overrides ours and asks for it."""
    for definition in reversed(definitions):
        if definition.func.__module__ == FIXTURE_MODULE:
            return True
        if name not in definition.argnames:
            return False
    return False


def boards_of(item: pytest.Item) -> int:
    """Return how many boards a test takes."""
    marker = item.get_closest_marker("boards")
    return int(marker.args[0]) if marker else 1


def check_requirements(items: Sequence[pytest.Item], catalogue: Catalogue) -> None:
    """Check that all ids that tests cite are in the catalogue, and bind the product.

    Raises:
        ConfigError: Some are not, or do not; the message lists them all.
    """
    cited = [
        (each, f"{each} in {item.nodeid}")
        for item in items
        for mark in item.iter_markers("requirement")
        for each in mark.args
    ]
    unknown = [place for each, place in cited if each not in catalogue]
    foreign = [
        place
        for each, place in cited
        if each in catalogue and catalogue[each].not_applicable_because
    ]
    if foreign:
        raise ConfigError(
            "tests cite requirements that do not bind the product",
            expected="ids without not_applicable_because",
            got="\n".join(foreign),
        )
    if unknown:
        raise ConfigError(
            "tests cite requirements that the catalogue does not have",
            expected="ids of fixtures/requirements/*.toml",
            got="\n".join(unknown),
        )


def check_capabilities(items: Sequence[pytest.Item]) -> None:
    """Check that all capabilities that tests need are ones that exist.

    A misspelt one would skip its test for ever. The same for sources of evidence.

    Raises:
        ConfigError: Some are not; the message lists them all.
    """
    for marker, known, what in (
        ("needs", CAPABILITIES, "tests need capabilities that do not exist"),
        ("evidence", frozenset(SOURCES), "tests take evidence from sources that do not exist"),
    ):
        unknown = [
            f"{each} in {item.nodeid}"
            for item in items
            for mark in item.iter_markers(marker)
            for each in mark.args
            if each not in known
        ]
        if unknown:
            raise ConfigError(what, expected=", ".join(sorted(known)), got="\n".join(unknown))


def evidence_of(item: pytest.Item, settings: Settings) -> frozenset[str]:
    """Return the sources from which a test takes evidence: its marker's, or all of the run's."""
    marker = item.get_closest_marker("evidence")
    return settings.sources if marker is None else settings.sources & set(marker.args)


def missing_capability(item: pytest.Item, stand: Stand) -> list[str]:
    """Return what a test needs and its board or rig lacks.

    Raises:
        HarnessError: The board cannot be had, so that nobody can tell.
    """
    count = boards_of(item)
    if count > len(stand.asked):
        return [f"boards:{count}"]
    missing = _missing_evidence(item, stand)
    needed = [str(each) for mark in item.iter_markers("needs") for each in mark.args]
    if not needed:
        return missing
    dut = stand.dut(0)
    have = dut.board.capabilities()
    if dut.has_records:
        have |= {"records"}
    if any(each.startswith("broker:") for each in needed):
        have |= {f"broker:{each}" for each in stand.broker.capabilities}
    return sorted(set(needed) - have) + missing


def _missing_evidence(item: pytest.Item, stand: Stand) -> list[str]:
    """Return the sources that a test names, when none of them is there."""
    marker = item.get_closest_marker("evidence")
    if marker is None:
        return []
    taken = evidence_of(item, stand.settings)
    if taken:
        board = stand.dut(0).board
        have = {"device"} | ({"bench"} & board.capabilities())
        if board.readback.has_probe:
            have.add("commanded")
        if taken & have:
            return []
    return [f"evidence:{each}" for each in marker.args]
