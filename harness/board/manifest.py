"""What belongs on a board: files, their places, and one hash over all of it."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MANIFEST_NAME = "manifest.toml"


@dataclass(frozen=True)
class PushFile:
    """One file that belongs on the board.

    Attributes:
        device_path: Absolute path there.
        data: Its bytes.
        repository_path: What a traceback shows for it.
    """

    device_path: str
    data: bytes
    repository_path: str

    @property
    def sha256(self) -> str:
        """Digest of the bytes, 64 hex digits."""
        return hashlib.sha256(self.data).hexdigest()


def manifest_hash(digests: Mapping[str, str | None]) -> str:
    """Return one hash over paths and digests, whoever made the digests: host or board.

    Args:
        digests: Path on the board -> SHA-256 in hex; a missing file is None.
    """
    lines = "".join(f"{path} {digests[path]}\n" for path in sorted(digests))
    return hashlib.sha256(lines.encode()).hexdigest()


@dataclass(frozen=True)
class Manifest:
    """The files that a board has to hold.

    Attributes:
        files: By path on the board.
        mirrored: Folders on the board in which nothing else may lie.
        protected: Paths that are never removed.
        path: Where it was loaded from.
    """

    files: Mapping[str, PushFile]
    mirrored: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    path: Path | None = None
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Hash over all paths and digests; see `manifest_hash`."""
        return manifest_hash({path: file.sha256 for path, file in self.files.items()})

    @property
    def size_bytes(self) -> int:
        """Bytes of all files together."""
        return sum(len(file.data) for file in self.files.values())


def load_manifest(folder: Path) -> Manifest:
    """Read ``manifest.toml`` of a device source folder and the files that it names.

    Args:
        folder: ``device_src`` or a lab's own.

    Raises:
        ConfigError: The file is missing, is no TOML, or names what is not there; all errors at
            once.

    Source: device_src/manifest.toml, which documents the form.
    """
    path = folder / MANIFEST_NAME
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            "the folder with the device code has no manifest",
            on=str(folder),
            expected=MANIFEST_NAME,
            advice="--device-src names the folder; device_src/manifest.toml is an example",
        ) from error
    except OSError as error:
        raise ConfigError(
            "the manifest cannot be read", on=str(path), got=error.strerror or str(error)
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("the manifest is no TOML", on=str(path), got=str(error)) from error
    return _read(table, folder, path)


def _read(table: Mapping[str, object], folder: Path, path: Path) -> Manifest:
    problems = [
        f"unknown key {key!r}"
        for key in table
        if key not in ("version", "marker", "files", "mirrored", "protected")
    ]
    placed = table.get("files")
    files: dict[str, PushFile] = {}
    if not isinstance(placed, dict) or not placed:
        problems.append("[files] is missing or empty")
        placed = {}
    for host_path, device_path in placed.items():
        if not isinstance(device_path, str) or not device_path.startswith("/"):
            problems.append(f"files.{host_path}: the place on the board is no absolute path")
            continue
        if device_path in files:
            problems.append(f"files.{host_path}: {device_path} is the place of another file too")
            continue
        try:
            data = (folder / host_path).read_bytes()
        except OSError as error:
            problems.append(f"files.{host_path}: {error.strerror}")
            continue
        files[device_path] = PushFile(device_path, data, f"{folder.name}/{host_path}")
    mirrored = _names(table, "mirrored", problems)
    protected = _names(table, "protected", problems)
    problems += [f"{place} is in [files] and protected" for place in protected if place in files]
    if problems:
        raise ConfigError(
            f"the manifest has {len(problems)} error{'s' * (len(problems) > 1)}",
            on=str(path),
            got="\n".join(problems),
        )
    return Manifest(
        files=files,
        mirrored=mirrored,
        protected=protected,
        path=path,
        places={place: file.repository_path for place, file in files.items()},
    )


def _names(table: Mapping[str, object], key: str, problems: list[str]) -> tuple[str, ...]:
    names = table.get(key, [])
    if not isinstance(names, list) or not all(
        isinstance(name, str) and name.startswith("/") for name in names
    ):
        problems.append(f"{key}: expected a list of absolute paths")
        return ()
    return tuple(names)
