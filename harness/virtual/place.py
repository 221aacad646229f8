"""Where a virtual board's control socket lies: it follows from the path of its serial port."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

from harness.errors import ConfigError


def control_folder() -> Path:
    """Return the folder of this user's control sockets.

    It depends on nothing but the user: no variable of the environment, which may differ between
    the terminal that runs `hil virtual` and the one that looks for it.
    """
    return Path(f"/tmp/codey-hil-{os.getuid()}")  # noqa: S108, private and checked, see below


def control_path(port_path: str) -> Path:
    """Return where the control socket of the board behind `port_path` would be.

    Args:
        port_path: Path of the port; links to it are followed.
    """
    name = os.path.realpath(port_path).strip("/").replace("/", "-")
    return control_folder() / f"{name}.sock"


def make_control_folder() -> Path:
    """Return the folder, made when it is absent.

    Raises:
        ConfigError: Somebody else made it, or opened it for others.
    """
    folder = control_folder()
    folder.mkdir(mode=0o700, exist_ok=True)
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o077:
        raise ConfigError(
            "the folder for control sockets is not ours alone",
            on=str(folder),
            expected="a folder of this user with mode 0700",
            got=f"mode {stat.S_IMODE(info.st_mode):o}, user {info.st_uid}",
            advice=f"remove {folder}",
        )
    return folder


def keep_if_answered(path: Path) -> bool:
    """Remove a control socket whose supervisor was killed; return whether one listens there."""
    try:
        made_ns = path.stat().st_mtime_ns
    except OSError:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            # Another board may have got its name in the meantime, and its number on the disk.
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime_ns == made_ns:
                    path.unlink()
            return False
        except OSError:
            return False
    return True
