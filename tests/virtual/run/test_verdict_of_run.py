"""Whose fault a failure is, on a real virtual board with a real broker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def run(tmp_path: Path, source: str) -> dict[str, Any]:
    test = tmp_path / "test_it.py"
    test.write_text(source, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "harness.cli", "run", "--json", str(test)],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key != "HIL_BOARD"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.stdout, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    assert found["exit"] == ended.returncode
    return found


def test_panel_that_keeps_changing_and_never_shows_it_is_a_failure(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        "PROGRAM = '''\n"
        "import codey\nnumber = 0\n"
        "while True:\n    codey.display.show(number % 90)\n    number += 1\n'''\n"
        "def test_it(board, display):\n"
        "    board.start(PROGRAM)\n"
        "    display.shows('99', within_s=1)\n",
    )
    assert (found["verdicts"]["fail"], found["exit"]) == (1, 1)


def test_mqtt_client_of_one_test_is_gone_in_the_next(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        "def test_first(board, broker):\n    board.exec('import mqtt; left = 1')\n"
        "def test_second(board):\n    board.exec_raises('left', 'NameError')\n"
        "def test_third(board):\n    board.exec('kept = 1')\n"
        "def test_fourth(board):\n    assert board.evaluate('kept') == 1\n",
    )
    assert (found["verdicts"]["pass"], found["exit"]) == (4, 0)


def test_limit_of_a_measurement_is_a_failure(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        "def test_good(hil_run, measure):\n    measure('delay', 1.0, 'ms', most=2)\n"
        "def test_bad(hil_run, measure):\n    measure('delay', 3.0, 'ms', most=2)\n",
    )
    assert (found["verdicts"]["pass"], found["verdicts"]["fail"]) == (1, 1)
