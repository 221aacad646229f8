"""Where the data lies that the package brings along: in a checkout, and in an installed wheel.

In a checkout it lies beside the package, where it is worked on; the wheel carries the same
folders inside the package (``[tool.hatch.build.targets.wheel.sources]`` in ``pyproject.toml``).
Only the command line and the pytest plugin ask; all others are given paths.
"""

from __future__ import annotations

from pathlib import Path

from harness.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent


def device_src() -> Path:
    """Return the folder with the device code and its ``manifest.toml``.

    Raises:
        ConfigError: It is not there.
    """
    return _folder("device_src", "device_src")


def fixtures() -> Path:
    """Return the folder with the test data: requirements, golden frames, device programs.

    Raises:
        ConfigError: It is not there.
    """
    return _folder("fixtures", "fixtures")


def scenarios() -> Path:
    """Return the folder with the scenario suite that `hil run` runs.

    Raises:
        ConfigError: It is not there.
    """
    return _folder("scenarios", "tests/scenarios")


def checkout() -> Path | None:
    """Return the checkout that the package runs from, or None when it is an installed wheel."""
    return None if (_PACKAGE / "_shipped").is_dir() else _PACKAGE.parent


def _folder(name: str, place: str) -> Path:
    """Return a folder of a wheel by its name, or of a checkout by its place there."""
    root = checkout()
    folder = _PACKAGE / "_shipped" / name if root is None else root / place
    if not folder.is_dir():
        raise ConfigError(
            f"the folder {name} of codey-hil is missing",
            on=str(folder),
            expected="the folders that come with the package",
            advice="install codey-hil again, or restore the checkout with `git status`",
        )
    return folder
