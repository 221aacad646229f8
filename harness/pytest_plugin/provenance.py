"""What a run was made with: versions, host, state of the checkout."""

from __future__ import annotations

import platform
import subprocess
from importlib import metadata
from pathlib import Path

import pytest


def versions() -> dict[str, str]:
    """Return the versions that a verdict may hang on, by name."""
    return {
        "python": platform.python_version(),
        "harness": metadata.version("codey-hil"),
        "paho": metadata.version("paho-mqtt"),
        "pytest": pytest.__version__,
    }


def host() -> dict[str, str]:
    """Return what machine this is."""
    return {"system": platform.platform(), "machine": platform.machine()}


def git_state(root: Path) -> dict[str, object] | None:
    """Return commit and dirtiness of the checkout; None where there is none."""
    git = ["git", "-C", str(root)]
    try:
        commit = subprocess.run(
            [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
        status = subprocess.run(
            [*git, "status", "--porcelain"], capture_output=True, text=True, check=True, timeout=10
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "dirty": bool(status)}
