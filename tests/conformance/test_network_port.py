"""A board behind a real ser2net, as a user reaches it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from harness.errors import LinkOpenFailed
from harness.link.serial import SerialPort, SerialSettings
from tests.conformance.conftest import LIMIT_S, hil_virtual
from tests.conformance.network_port import NetworkPort, find_ser2net, served


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NetworkPort]:
    """A virtual board's port in the network."""
    find_ser2net()
    with hil_virtual() as path, served(path, tmp_path_factory.mktemp("ser2net")) as found:
        yield found


def hil(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


@pytest.mark.parametrize("form", ["rfc2217", "socket"])
def test_commands_work_through_it(port: NetworkPort, form: str) -> None:
    board = ["--board", getattr(port, form), "--json"]
    deployed = json.loads(hil("deploy", *board).stdout)
    assert len(deployed["pushed"]) + len(deployed["unchanged"]) > 0
    done = hil("exec", "import codey; codey.display.show(38); print(6 * 7)", *board)
    assert json.loads(done.stdout) == {"output": "42\n", "error": None}
    snapshots = json.loads(hil("snapshot", *board).stdout)["snapshots"]
    # Only a path leads to the observer of a virtual board.
    assert [each["source"] for each in snapshots] == ["device"]
    assert snapshots[0]["pixels"][1] == "###.###........."


def test_server_that_does_not_answer_for_the_lines_is_told_with_what_to_type(
    port: NetworkPort,
) -> None:
    # Before a pseudo-terminal, which has no such lines, ser2net does not.
    address = port.rfc2217.partition("?")[0]
    with pytest.raises(LinkOpenFailed) as caught:
        SerialPort(address, SerialSettings())
    assert caught.value.reason == "control"
    assert caught.value.advice == f"--board {address}?ign_set_control"
