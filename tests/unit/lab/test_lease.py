"""Leases: one holder, a queue in order, and nothing left of those who died."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.errors import ConfigError, LeaseBusy
from harness.lab.lease import (
    LeaseTerms,
    job_name,
    lease_name,
    list_leases,
    take_lease,
)

KEY = "/dev/ttyUSB0"

#: Takes the lease, says so, and holds it until its standard input ends.
HOLDER = """
import sys
from pathlib import Path
from harness.lab.lease import LeaseTerms, take_lease
terms = LeaseTerms(job="nightly", wait_s=float(sys.argv[2]), folder=Path(sys.argv[1]),
                   tell=lambda text: print(text, flush=True))
lease = take_lease("/dev/ttyUSB0", terms, "c1")
print("held", flush=True)
sys.stdin.read()
lease.release()
"""


class Other:
    """Another process that wants the board."""

    def __init__(self, folder: Path, wait_s: float) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(folder), str(wait_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """Return what it says next."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def until(self, said: str) -> None:
        """Wait until it has said something."""
        while (line := self.line()) != said:
            assert line, f"it ended and never said {said!r}"

    def let_go(self) -> None:
        """Have it give the board back."""
        self.process.communicate()

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "leases"


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[[float], Other]]:
    others: list[Other] = []

    def start(wait_s: float = 0.0) -> Other:
        others.append(Other(folder, wait_s))
        return others[-1]

    yield start
    for other in others:
        other.close()


def test_holder_is_named_with_its_job_and_age(
    folder: Path, start: Callable[[float], Other]
) -> None:
    other = start(0)
    other.until("held")
    with pytest.raises(LeaseBusy, match="another run holds the board") as caught:
        take_lease(KEY, LeaseTerms(folder=folder), "c1")
    assert f"pid {other.process.pid}, for " in caught.value.got
    assert caught.value.got.endswith(" s: nightly")
    assert caught.value.on == "c1"
    assert "--hil-lock-wait" in caught.value.advice
    assert list(list_leases(folder)) == [lease_name(KEY)]
    other.let_go()
    take_lease(KEY, LeaseTerms(folder=folder)).release()
    assert list(folder.iterdir()) == []


def test_other_boards_are_not_touched_by_it(folder: Path) -> None:
    first = take_lease(KEY, LeaseTerms(folder=folder))
    second = take_lease("usb-1-1.2", LeaseTerms(folder=folder))
    with pytest.raises(LeaseBusy):
        take_lease(KEY, LeaseTerms(folder=folder))
    first.release()
    first.release()
    take_lease(KEY, LeaseTerms(folder=folder)).release()
    second.release()


def test_lease_of_a_killed_holder_is_free_at_once(
    folder: Path, start: Callable[[float], Other]
) -> None:
    other = start(0)
    other.until("held")
    other.process.send_signal(signal.SIGKILL)
    other.process.wait(10)
    assert list_leases(folder) == {}
    take_lease(KEY, LeaseTerms(folder=folder)).release()
    assert list(folder.iterdir()) == []


def test_those_who_wait_are_told_their_place_and_served_in_order(
    folder: Path, start: Callable[[float], Other]
) -> None:
    held = take_lease(KEY, LeaseTerms(job="first", folder=folder), "c1")
    second, third = start(60), None
    line = second.line()
    assert line.startswith("c1 is held by ")
    assert line.endswith("first; place 1 in the queue")
    third = start(60)
    assert third.line().endswith("; place 2 in the queue")
    # Who comes now is behind them, even where the board is free for a moment.
    with pytest.raises(LeaseBusy) as caught:
        take_lease(KEY, LeaseTerms(folder=folder), "c1")
    assert caught.value.got.endswith("; 2 wait for it")
    held.release()
    second.until("held")
    # Between the two it may see the board free, and itself behind somebody.
    while not (line := third.line()).endswith("nightly; place 1 in the queue"):
        assert line
    second.let_go()
    third.until("held")
    third.let_go()
    assert list(folder.iterdir()) == []


def test_ticket_of_a_killed_waiter_holds_nobody_up(
    folder: Path, start: Callable[[float], Other]
) -> None:
    held = take_lease(KEY, LeaseTerms(folder=folder))
    waiter = start(60)
    waiter.line()
    waiter.process.send_signal(signal.SIGKILL)
    waiter.process.wait(10)
    held.release()
    take_lease(KEY, LeaseTerms(folder=folder)).release()
    assert list(folder.iterdir()) == []


def test_waiting_ends_with_the_time_that_was_given(folder: Path) -> None:
    held = take_lease(KEY, LeaseTerms(folder=folder))
    with pytest.raises(LeaseBusy, match=r"holds the board for 0\.4 s"):
        take_lease(KEY, LeaseTerms(folder=folder, wait_s=0.4))
    held.release()


def test_whoever_only_looks_is_no_holder(folder: Path) -> None:
    take_lease("other", LeaseTerms(folder=folder))
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            list_leases(folder)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(200):
            take_lease(KEY, LeaseTerms(folder=folder)).release()
    finally:
        stop.set()
        looking.join()


def test_only_one_of_many_gets_it(folder: Path, start: Callable[[float], Other]) -> None:
    others = [start(0) for _ in range(4)]
    said = [other.line() for other in others]
    assert sorted(said) == ["", "", "", "held"]


def test_every_user_of_the_machine_may_take_part(folder: Path) -> None:
    lease = take_lease(KEY, LeaseTerms(folder=folder))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o1777
    (path,) = folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o666
    lease.release()


def test_folder_that_is_none_is_a_config_error(tmp_path: Path) -> None:
    path = tmp_path / "leases"
    path.write_text("")
    with pytest.raises(ConfigError, match="folder of leases"):
        take_lease(KEY, LeaseTerms(folder=path))


def test_link_in_the_place_of_a_lease_is_not_followed(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    target = tmp_path / "precious"
    target.write_text("mine")
    (folder / f"{lease_name(KEY)}.lease").symlink_to(target)
    with pytest.raises(ConfigError, match="cannot be opened"):
        take_lease(KEY, LeaseTerms(folder=folder))
    assert target.read_text() == "mine"


def test_what_nobody_holds_says_nothing(folder: Path) -> None:
    folder.mkdir()
    (folder / f"{lease_name(KEY)}.lease").write_text("{}")
    assert list_leases(folder) == {}
    assert list(folder.iterdir()) == []
    take_lease(KEY, LeaseTerms(folder=folder)).release()


def test_job_is_the_ci_jobs_address_or_the_command() -> None:
    assert job_name({"CI_JOB_URL": "https://ci/7"}) == "https://ci/7"
    assert Path(sys.argv[0]).name in job_name({})


def test_no_password_reaches_those_who_find_the_board_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["/bin/hil", "run", "--hil-broker=mqtts://lab:s3cret:x@host:8883", "-k", "a"]
    )
    assert job_name({}) == "hil run --hil-broker=mqtts://lab:***@host:8883 -k a"
    monkeypatch.setattr(sys, "argv", ["hil", "run", "socket://host:7777"])
    assert job_name({}) == "hil run socket://host:7777"
