"""Broken clients as data: small edits of the device code, and the statements that they break."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from harness import shipped

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = shipped.fixtures() / "mutants" / "mqtt311.toml"


@dataclass(frozen=True)
class Mutant:
    """A broken client.

    Attributes:
        name: The statement, and which of its mutants it is, from 1.
        statement: Id of the statement that it breaks, of the requirement catalogue.
        breaks: What is broken, in a sentence.
        file: The edited file, relative to the device code.
        old: What stands in the file, exactly once.
        new: What takes its place.
        refused_because: Why a real broker ends its connection at once; empty for the others, which
            work but for the statement.
    """

    name: str
    statement: str
    breaks: str
    file: str
    old: str
    new: str
    refused_because: str = ""

    @property
    def edit(self) -> tuple[str, str, str]:
        """What tells it from the others."""
        return self.file, self.old, self.new

    def write(self, folder: Path) -> Path:
        """Write the device code with this edit into a new folder, and return that.

        Raises:
            ValueError: What is to be replaced does not stand in the file exactly once.
        """
        shutil.copytree(shipped.device_src(), folder)
        path = folder / self.file
        given = path.read_text(encoding="utf-8")
        if given.count(self.old) != 1:
            raise ValueError(
                f"{self.name}: {self.file} has {given.count(self.old)} of {self.old!r}"
            )
        path.write_text(given.replace(self.old, self.new), encoding="utf-8")
        return folder


def load_mutants(path: Path = TABLE) -> tuple[Mutant, ...]:
    """Return the mutants of a table, in its order."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    found: list[Mutant] = []
    for row in rows:
        number = 1 + sum(each.statement == row["statement"] for each in found)
        found.append(Mutant(name=f"{row['statement']}/{number}", **row))
    return tuple(found)
