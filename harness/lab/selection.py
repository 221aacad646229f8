"""From what was typed after ``--board`` to the boards that are meant."""

from __future__ import annotations

import difflib

from harness.errors import ConfigError
from harness.lab.dut import Dut
from harness.lab.inventory import Inventory
from harness.lab.tag import parse_tags
from harness.link.spec import FORMS, BoardSpec, is_form, parse_part

#: Two, since some scenarios need two.
NO_BOARDS = "virtual:2"


def select(text: str, inventory: Inventory) -> list[Dut]:
    """Return the boards that a specification names.

    Args:
        text: Forms, names of the inventory and ``tag:EXPR``, separated by commas.
        inventory: The boards that have names.

    Raises:
        ConfigError: A part is unknown, fits no board, or names one that another part names too.
    """
    found: list[Dut] = []
    for part in (part.strip() for part in text.split(",")):
        if part.startswith("tag:"):
            found += _by_tags(part.removeprefix("tag:"), inventory, found)
        elif part in inventory.duts:
            found.append(inventory.duts[part])
        elif is_form(part):
            found += [
                _listed(spec, inventory) for spec in parse_part(part, (dut.spec for dut in found))
            ]
        else:
            raise _unknown(part, inventory)
    seen: set[tuple[str, str, str]] = set()
    for dut in found:
        key = (dut.name, dut.spec.kind, dut.spec.value)
        if key in seen:
            raise ConfigError(
                "the board is named twice",
                on=f"board {dut.name if dut.is_listed else dut.spec.text!r}",
                expected="each board once",
            )
        seen.add(key)
    return found


def select_or_default(text: str, inventory: Inventory) -> list[Dut]:
    """Return the boards that a specification names; without one those that `hil run` takes.

    Args:
        text: A specification, or nothing: then all boards of the inventory that are enabled, and
            without any `NO_BOARDS`.
        inventory: The boards that have names.

    Raises:
        ConfigError: See `select`.
    """
    return select(text, inventory) if text else _enabled(inventory) or select(NO_BOARDS, inventory)


def _enabled(inventory: Inventory) -> list[Dut]:
    # Boards that are made for whoever asks are no boards of a lab.
    return [dut for dut in inventory.duts.values() if dut.is_enabled and not dut.spec.is_made]


def _by_tags(expression: str, inventory: Inventory, before: list[Dut]) -> list[Dut]:
    matches = parse_tags(expression)
    fitting = [
        dut for dut in inventory.duts.values() if dut.is_enabled and matches(dut.tags | {dut.name})
    ]
    if not fitting:
        known = sorted({tag for dut in inventory.duts.values() for tag in dut.tags})
        raise ConfigError(
            "no board of the inventory has these tags",
            on=f"tag:{expression}",
            expected=f"tags: {', '.join(known) or 'none are given'}",
            got=str(inventory.path or "no inventory"),
            advice="hil boards list",
        )
    # Two expressions may well share boards.
    return [dut for dut in fitting if dut not in before]


def _listed(spec: BoardSpec, inventory: Inventory) -> Dut:
    """Return the inventory's entry for a port: it holds however the board is named."""
    for dut in inventory.duts.values():
        if (dut.spec.kind, dut.spec.value) == (spec.kind, spec.value) and not spec.is_made:
            return dut
    return Dut.unlisted(spec)


def _unknown(part: str, inventory: Inventory) -> ConfigError:
    names = list(inventory.duts)
    near = difflib.get_close_matches(part, names, 1)
    advice = (
        f"--board {near[0]}"
        if near
        else "hil boards lists what is attached; --board virtual needs nothing"
    )
    return ConfigError(
        "unknown board",
        on=f"board {part!r}",
        expected=f"{FORMS}, tag:EXPR"
        + (f", or a board of {inventory.path}: {', '.join(names)}" if names else ""),
        advice=advice,
    )
