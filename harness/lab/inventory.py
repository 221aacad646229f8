"""`boards.toml`: the boards of a lab, as people write them.

``boards.local.toml`` beside it goes over it, key by key: what differs on one machine, such as the
ports, stands there and not in the shared file. What was found out by asking a board stands in a
third file, which only programs write (`harness.lab.probed`).

Source: docs/interface.md, "Inventory".
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import ConfigError
from harness.lab.dut import Dut
from harness.lab.entry import Entry, read_entry
from harness.lab.toml_line import line_of
from harness.link.spec import parse_part

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE_NAME = "boards.toml"
LOCAL_NAME = "boards.local.toml"


@dataclass(frozen=True)
class Inventory:
    """The boards of a lab.

    Attributes:
        path: The file; None when there is none.
        duts: Its boards by name, in the file's order.
    """

    path: Path | None
    duts: Mapping[str, Dut]


NO_INVENTORY = Inventory(None, {})


def find_inventory(folder: Path) -> Path | None:
    """Return the nearest ``boards.toml`` in a folder or above it."""
    for each in (folder, *folder.parents):
        if (each / FILE_NAME).is_file():
            return each / FILE_NAME
    return None


def load_inventory(path: Path | None) -> Inventory:
    """Read an inventory and what goes over it.

    Args:
        path: The file; None gives the empty inventory.

    Raises:
        ConfigError: One of the files cannot be read, or says what cannot be: all errors at once,
            each with its file and line.
    """
    if path is None:
        return NO_INVENTORY
    problems: list[str] = []
    merged: dict[str, Entry] = {}
    for each in (path, path.with_name(LOCAL_NAME)):
        if each is path or each.exists():
            _merge(merged, each, problems, may_add=each is path)
    duts = {name: read_entry(name, entry, problems) for name, entry in merged.items()}
    _find_doubles(merged, problems)
    if problems:
        raise ConfigError(
            f"the inventory has {len(problems)} error{'s' * (len(problems) > 1)}",
            on=str(path),
            got="\n".join(problems),
            advice="docs/interface.md, Inventory",
        )
    return Inventory(path, {name: dut for name, dut in duts.items() if dut is not None})


def _merge(merged: dict[str, Entry], path: Path, problems: list[str], *, may_add: bool) -> None:
    """Put one file's tables over what was there."""
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        problems.append(f"{path.name}: {error.strerror}")
        return
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{path.name}: this is no TOML: {error}")
        return
    problems += [
        f"{path.name}:{line_of(text, (key,))}: unknown key {key!r}; expected [boards.NAME]"
        for key in table
        if key != "boards"
    ]
    boards = table.get("boards", {})
    if not isinstance(boards, dict):
        problems.append(f"{path.name}:{line_of(text, ('boards',))}: boards is no table")
        return
    for name, values in boards.items():
        place = f"{path.name}:{line_of(text, ('boards', name))}"
        if not isinstance(values, dict):
            problems.append(f"{place}: boards.{name} is no table")
        elif name in merged or may_add:
            entry = merged.setdefault(name, Entry(place))
            entry.put_over(values, path.name, text, ("boards", name))
        else:
            problems.append(f"{place}: board {name!r} is not in {FILE_NAME}")


def _find_doubles(merged: Mapping[str, Entry], problems: list[str]) -> None:
    """Two entries that name one port or one chip would be two names for one board."""
    for key in ("port", "id"):
        seen: dict[Any, str] = {}
        for name, entry in merged.items():
            value = entry.values.get(key)
            if not isinstance(value, str) or (key == "port" and _names_no_port(value)):
                continue
            if value in seen:
                problems.append(
                    f"{entry.place_of(key)}: {key} {value!r} is that of board {seen[value]!r} too"
                )
            seen.setdefault(value, name)


def _names_no_port(text: str) -> bool:
    """Return whether a port is none that two entries could share: a made one, or a wrong one."""
    try:
        return any(spec.is_made for spec in parse_part(text))
    except ConfigError:
        return True
