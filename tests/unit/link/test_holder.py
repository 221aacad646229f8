"""Who has a port open."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.link.holder import find_holders

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs Linux's /proc")


def test_other_process_is_named_and_this_one_is_not(tmp_path: Path) -> None:
    master, slave = os.openpty()
    path = os.ttyname(slave)
    assert find_holders(path) == []
    link = tmp_path / "board"
    link.symlink_to(path)
    code = (
        f"import sys; port = open({path!r}, 'rb', 0)\nprint('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        (holder,) = find_holders(str(link))
        assert holder.pid == process.pid
        assert holder.command.startswith(sys.executable)
        assert len(holder.command) <= 80
        process.communicate()
    assert find_holders(path) == []
    os.close(master)
    os.close(slave)
