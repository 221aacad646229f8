"""What is remembered of boards: by several processes, and for how long a board is set aside."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from harness.errors import ConfigError, HarnessError
from harness.lab.admission import Admission, is_version_of
from harness.lab.dut import Dut
from harness.lab.probed import MAX_PROBATION_S, PROBATION_S, Aside, Probed, ProbedFile, now_utc
from harness.link.spec import BoardSpec

C1 = Dut("c1", BoardSpec("port", "/dev/absent", "port:/dev/absent"), is_listed=True)


@pytest.fixture
def probed(tmp_path: Path) -> ProbedFile:
    path = tmp_path / "boards.toml"
    path.write_text('[boards.c1]\nport = "usb:1"\n')
    return ProbedFile(path)


def test_what_was_found_is_read_back_and_peoples_file_is_not_touched(
    probed: ProbedFile, tmp_path: Path
) -> None:
    known = Probed(id="aa", firmware="micropython 1", bench={"led red": "yes"}, seen="now")
    probed.update("c1", lambda _: known)
    probed.set_aside("c2", 'it said "no"\nand more')
    again = ProbedFile(tmp_path / "boards.toml")
    assert again.read("c1") == known
    assert again.read("c2").aside is not None
    assert again.read("c3") == Probed()
    assert (tmp_path / "boards.toml").read_text() == '[boards.c1]\nport = "usb:1"\n'
    assert {each.name for each in tmp_path.iterdir()} == {"boards.toml", "boards.probed.toml"}


def test_without_an_inventory_nothing_is_remembered() -> None:
    nowhere = ProbedFile(None)
    assert nowhere.update("c1", lambda before: replace(before, id="aa")).id == "aa"
    assert nowhere.read("c1") == Probed()


def test_board_is_set_aside_for_longer_each_time_in_a_row(probed: ProbedFile) -> None:
    waits = []
    for _ in range(7):
        aside = probed.set_aside("c1", "silent").aside
        assert aside is not None
        waits.append(
            (
                datetime.fromisoformat(aside.until) - datetime.fromisoformat(aside.since)
            ).total_seconds()
        )
    assert waits[:3] == [PROBATION_S, 2 * PROBATION_S, 4 * PROBATION_S]
    assert waits[-1] == MAX_PROBATION_S
    assert probed.readmit("c1").aside is None
    after = probed.set_aside("c1", "silent").aside
    assert after is not None
    assert after.strikes == 1


def test_board_that_is_set_aside_is_refused_with_the_reason_until_its_time(
    probed: ProbedFile,
) -> None:
    admission = Admission(probed)
    probed.set_aside("c1", "it did not answer on any rung")
    with pytest.raises(HarnessError, match="set aside") as caught:
        admission.check(C1)
    assert "it did not answer on any rung" in caught.value.got
    assert caught.value.advice.endswith("hil boards readmit c1")
    past = (now_utc() - timedelta(seconds=1)).isoformat()
    probed.update("c1", lambda b: replace(b, aside=Aside("silent", past, past)))
    # It would be tried now, if its port were there.
    with pytest.raises(HarnessError, match="no such port"):
        admission.check(C1)


def test_unlisted_board_is_never_set_aside(probed: ProbedFile) -> None:
    Admission(probed).set_aside(replace(C1, is_listed=False), HarnessError("silent"))
    assert probed.read("c1").aside is None


def test_broken_file_says_that_it_can_be_removed(probed: ProbedFile) -> None:
    assert probed.path is not None
    for text in ("[c1", "c1 = 3\n", "[c1.aside]\nreason = 1\n"):
        probed.path.write_text(text)
        with pytest.raises(ConfigError, match="found out") as caught:
            probed.read("c1")
        assert caught.value.advice == f"remove {probed.path}: it is made anew"


def test_processes_that_write_at_once_lose_nothing(probed: ProbedFile, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from harness.lab.probed import ProbedFile\n"
        "file = ProbedFile(Path(sys.argv[1]))\n"
        "for n in range(20):\n"
        "    file.update('c' + sys.argv[2], lambda b: replace(b, id=b.id + 'a'))\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "boards.toml"), str(n)])
        for n in range(3)
    ]
    assert [each.wait(60) for each in running] == [0, 0, 0]
    assert [probed.read(f"c{n}").id for n in range(3)] == ["a" * 20] * 3


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        ("micropython 1.28.0", "", True),
        ("micropython 1.28.0", "micropython", True),
        ("micropython 1.28.0", "micropython 1.28", True),
        ("micropython 1.28.0", "micropython 1.28.0", True),
        ("micropython 1.28.0", "micropython 1.2", False),
        ("micropython 1.28.0", "micropython 1.28.0.1", False),
        ("micropython 1.28.0", "circuitpython", False),
    ],
)
def test_firmware_is_the_wanted_one_or_a_closer_name_for_it(
    found: str, wanted: str, expected: bool
) -> None:
    assert is_version_of(found, wanted) is expected
