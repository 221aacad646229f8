"""Change `boards.toml` and leave everything else in it as its people wrote it, comments too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from harness.errors import ConfigError
from harness.lab.whole_file import write_whole


def add_entry(path: Path, name: str, values: Mapping[str, object]) -> None:
    """Add a board at the end; the file is made when it is absent.

    Args:
        path: The inventory.
        name: Of the board; must be new.
        values: Its keys.

    Raises:
        ConfigError: The file cannot be read or written, or has a board of this name.
    """
    document = _read(path)
    boards = _boards(document, path)
    if name in boards:
        raise ConfigError(
            "the inventory has a board of this name already",
            on=f"{path}: {name}",
            advice="--name NAME gives it another one",
        )
    table = tomlkit.table()
    table.update(values)
    boards.append(name, table)
    _write(path, document)


def set_value(path: Path, name: str, key: str, value: object) -> None:
    """Set one key of a board.

    Raises:
        ConfigError: The file cannot be read or written, or has no such board.
    """
    document = _read(path)
    boards = _boards(document, path)
    if name not in boards:
        raise ConfigError(
            "the inventory has no board of this name",
            on=str(path),
            expected=", ".join(boards) or "a board",
            got=name,
            advice="hil boards add PORT",
        )
    boards[name][key] = value
    _write(path, document)


def _read(path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise ConfigError("the inventory cannot be read", on=str(path), got=str(error)) from error


def _boards(document: tomlkit.TOMLDocument, path: Path) -> Table:
    if "boards" not in document:
        document["boards"] = tomlkit.table(is_super_table=True)
    boards = document["boards"]
    if not isinstance(boards, Table):
        raise ConfigError(
            "the inventory's boards are in a form that cannot be added to",
            on=str(path),
            expected="tables [boards.NAME]",
        )
    return boards


def _write(path: Path, document: tomlkit.TOMLDocument) -> None:
    try:
        write_whole(path, tomlkit.dumps(document))
    except OSError as error:
        raise ConfigError(
            "the inventory cannot be written",
            on=str(path),
            got=error.strerror or str(error),
        ) from error
