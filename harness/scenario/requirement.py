"""The catalogue of requirements that tests cite by id."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KINDS = (
    "interface",
    "connection",
    "will",
    "publish",
    "receive",
    "program",
    "display",
    "led",
    "wifi",
    "protocol",
)


@dataclass(frozen=True)
class Requirement:
    """One thing that the product must do.

    Attributes:
        id: Stable id, such as ``MQTT-27``.
        text: What it must do.
        source: Where that is written.
        kind: Which part of the product it is about, one of `KINDS`.
        uncovered_because: Why no test shows it yet; empty for one that is to be tested.
        not_applicable_because: Why it is none of the product's, and is listed all the same so that
            a standard's list is whole; empty for one that binds the product.
    """

    id: str
    text: str
    source: str
    kind: str
    uncovered_because: str = ""
    not_applicable_because: str = ""


class Catalogue:
    """All requirements, by id."""

    def __init__(self, requirements: tuple[Requirement, ...]) -> None:
        """Take the requirements in the order of the catalogue."""
        self._by_id = {requirement.id: requirement for requirement in requirements}

    def __iter__(self) -> Iterator[Requirement]:
        """Go through the requirements in the catalogue's order."""
        return iter(self._by_id.values())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._by_id)

    def __contains__(self, requirement_id: object) -> bool:
        """Return whether an id is known."""
        return requirement_id in self._by_id

    def __getitem__(self, requirement_id: str) -> Requirement:
        """Return a requirement by its id."""
        return self._by_id[requirement_id]

    def as_json(self) -> list[dict[str, str]]:
        """Return the catalogue as the journal holds it."""
        return [asdict(requirement) for requirement in self._by_id.values()]


def load_catalogue(folder: Path) -> Catalogue:
    """Read all ``*.toml`` of a folder.

    Args:
        folder: ``fixtures/requirements``; each file has a ``source`` and ``[[requirement]]``
            tables with ``id``, ``kind`` and ``text``.

    Raises:
        ConfigError: There is no file, a file is no TOML, a table lacks a member, a kind or key is
            unknown, both reasons are given, or an id stands twice; all errors at once.
    """
    found: dict[str, Requirement] = {}
    problems: list[str] = []
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise ConfigError(
            "there is no requirement catalogue",
            on=str(folder),
            expected="*.toml files",
            advice="fixtures/requirements is an example",
        )
    for path in paths:
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            problems.append(f"{path.name}: {error}")
            continue
        rows = table.get("requirement", [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            problems.append(f"{path.name}: requirement is no list of tables")
            continue
        for row in rows:
            requirement = _requirement(row, str(table.get("source", "")), path.name, problems)
            if requirement is None:
                continue
            if requirement.id in found:
                problems.append(f"{path.name}: {requirement.id} stands twice")
            found[requirement.id] = requirement
    if problems:
        raise ConfigError(
            "the requirement catalogue has errors", on=str(folder), got="\n".join(problems)
        )
    return Catalogue(tuple(found.values()))


def _requirement(
    row: dict[str, object], source: str, name: str, problems: list[str]
) -> Requirement | None:
    members = {key: str(row.get(key, "")).strip() for key in ("id", "kind", "text")}
    missing = [key for key, value in members.items() if not value]
    if missing or not source:
        problems.append(
            f"{name}: {members['id'] or 'a table'} lacks {', '.join(missing) or 'source'}"
        )
        return None
    if members["kind"] not in KINDS:
        problems.append(f"{name}: {members['id']} has the unknown kind {members['kind']!r}")
        return None
    reasons = ("uncovered_because", "not_applicable_because")
    unknown = set(row) - {*members, *reasons}
    if unknown:
        problems.append(f"{name}: {members['id']} has unknown keys {', '.join(sorted(unknown))}")
        return None
    given = {key: str(row.get(key, "")).strip() for key in reasons}
    if all(given.values()):
        problems.append(f"{name}: {members['id']} has both {' and '.join(reasons)}")
        return None
    return Requirement(**members, source=source, **given)
