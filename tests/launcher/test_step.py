"""The lock's messages are tested with whole set-ups; here the folder that is there or is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.step import WayClosedError, replacing


def _begin_and_fail(folder: Path) -> None:
    with replacing(folder) as fresh:
        (fresh / "half").touch()
        raise WayClosedError("no more")


def test_replacing_puts_the_new_folder_in_place_of_the_old(tmp_path: Path) -> None:
    folder = tmp_path / "cache/thing"
    folder.mkdir(parents=True)
    (folder / "old").touch()

    with replacing(folder) as fresh:
        (fresh / "new").touch()

    assert [path.name for path in folder.iterdir()] == ["new"]
    assert [path.name for path in folder.parent.iterdir()] == ["thing"]


def test_replacing_keeps_the_old_folder_when_the_work_fails(tmp_path: Path) -> None:
    folder = tmp_path / "thing"
    folder.mkdir()
    (folder / "old").touch()

    with pytest.raises(WayClosedError):
        _begin_and_fail(folder)

    assert [path.name for path in tmp_path.rglob("*")] == ["thing", "old"]


def test_replacing_removes_what_a_killed_start_has_left(tmp_path: Path) -> None:
    (tmp_path / ".unfinished/junk").mkdir(parents=True)

    with replacing(tmp_path / "thing") as fresh:
        (fresh / "new").touch()

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["new", "thing"]
