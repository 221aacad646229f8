"""A disk that is full: the verdicts stand, and the terminal and the exit code say what is missing.

Exit code 14, "qualification incomplete": the tests passed, and nobody could prove it later.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.virtual.fault.command import Commands

INCOMPLETE = 14

TESTS = """
    import resource

    def test_before(board):
        board.exec("print(1)")

    def test_disk_fills(board, hil_run):
        # From now on the system refuses this process each byte behind what is there.
        size = hil_run.journal.path.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
        board.exec("print(1)")

    def test_after(board):
        board.exec("print(1)")

    def test_fails(board):
        assert 1 == {expected}
"""


@pytest.mark.parametrize(("expected", "code"), [(1, INCOMPLETE), (2, 1)])
def test_file_that_cannot_grow_changes_no_verdict(hil: Commands, expected: int, code: int) -> None:
    done = hil.run("run", hil.scenario(TESTS.format(expected=expected)))
    assert f"verdicts  {'4 pass' if expected == 1 else '3 pass, 1 fail'}\n" in done.out
    assert "evidence  INCOMPLETE: " in done.out
    assert "File too large" in done.out or "bytes were taken" in done.out
    assert done.code == code
    (folder,) = hil.run_folders()
    # What was written is whole: half a page would be taken for a page.
    for page in folder.glob("*.html"):
        assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def in_full_disk(folder: Path, size: str) -> tuple[str, ...]:
    """Return what runs a command with a small file system of its own at a folder.

    The file system is in the command's own mount namespace and goes with it.
    """
    folder.mkdir()
    mount = f'mount -t tmpfs -o size={size} tmpfs "{folder}" && exec "$@"'
    command = ("unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no file system can be mounted here")
    return command


@pytest.mark.parametrize("size", ["4k", "48k"])
def test_full_file_system_changes_no_verdict(hil: Commands, size: str) -> None:
    name = hil.scenario(
        """
        def test_one(board):
            for _ in range(20):
                board.exec("print('x' * 1000)")

        def test_two(board):
            board.exec("print(1)")
        """
    )
    before = in_full_disk(hil.folder / "reports", size)
    done = hil.run("run", name, before=before)
    assert "verdicts  2 pass\n" in done.out
    assert "evidence  INCOMPLETE: " in done.out
    assert done.code == INCOMPLETE
