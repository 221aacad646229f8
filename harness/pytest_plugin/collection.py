"""Which tests need a rig, what they cite, and what they lack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from harness.errors import ConfigError
from harness.pytest_plugin.stand import Stand
from harness.scenario.requirement import Catalogue

#: A test that uses one of these needs a rig; all the others are built on them.
RIG_FIXTURES = ("hil_run", "board", "boards", "broker")
FIXTURE_MODULE = "harness.pytest_plugin.fixture"


#: What a test may ask for in ``needs``: of the board's profile, of the rig, of the broker.
CAPABILITIES = frozenset(
    {
        *("display", "led", "wifi", "mqtt"),
        *("lines", "power", "bench", "inputs", "network"),
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
    """Check that all ids that tests cite are in the catalogue.

    Raises:
        ConfigError: Some are not; the message lists them all.
    """
    unknown = [
        f"{each} in {item.nodeid}"
        for item in items
        for mark in item.iter_markers("requirement")
        for each in mark.args
        if each not in catalogue
    ]
    if unknown:
        raise ConfigError(
            "tests cite requirements that the catalogue does not have",
            expected="ids of fixtures/requirements/*.toml",
            got="\n".join(unknown),
        )


def check_capabilities(items: Sequence[pytest.Item]) -> None:
    """Check that all capabilities that tests need are ones that exist.

    A misspelt one would skip its test for ever.

    Raises:
        ConfigError: Some are not; the message lists them all.
    """
    unknown = [
        f"{each} in {item.nodeid}"
        for item in items
        for mark in item.iter_markers("needs")
        for each in mark.args
        if each not in CAPABILITIES
    ]
    if unknown:
        raise ConfigError(
            "tests need capabilities that do not exist",
            expected=", ".join(sorted(CAPABILITIES)),
            got="\n".join(unknown),
        )


def missing_capability(item: pytest.Item, stand: Stand) -> list[str]:
    """Return what a test needs and its board or rig lacks.

    Raises:
        HarnessError: The board cannot be had, so that nobody can tell.
    """
    count = boards_of(item)
    if count > len(stand.asked):
        return [f"boards:{count}"]
    needed = [str(each) for mark in item.iter_markers("needs") for each in mark.args]
    if not needed:
        return []
    have = stand.dut(0).board.capabilities()
    if any(each.startswith("broker:") for each in needed):
        have |= {f"broker:{each}" for each in stand.broker.capabilities}
    return sorted(set(needed) - have)
