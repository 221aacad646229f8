"""`hil bench client` as a user types it, with few messages and without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness import shipped
from harness.bench import client
from harness.bench.client_ledger import ledger_rows
from harness.bench.client_peer import OURS, UMQTT_SIMPLE, Client, file_sha256
from harness.bench.client_worker import Interpreter

LIMIT_S = 120.0


def bench(*arguments: str, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", "bench", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
        env={**os.environ, "XDG_CACHE_HOME": str(cache), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""},
    )


def test_short_run_offline_has_the_documented_shape(tmp_path: Path) -> None:
    twin = f"twin={shipped.device_src()}"
    plot = tmp_path / "made" / "plot.html"
    options = ("--seconds", "0.2", "--peer", twin, "--plot", str(plot))
    ended = bench("client", "--json", *options, cache=tmp_path)
    found: dict[str, Any] = json.loads(ended.stdout)
    rows = {row["what"]: row for row in found["rows"]}

    assert all(
        set(row) == {"what", "ours", "peers", "unit", "limit", "ok"} for row in found["rows"]
    )
    assert {"system", "load", "micropython", "mosquitto", "core"} <= set(found["host"])
    for qos in (0, 1, 2):
        for size in ("16 B", "256 B", "4 kB"):
            peers = rows[f"publish {size}, QoS {qos}"]["peers"]
            assert set(peers) == {"twin", "bare loop"}
            assert min(peers.values()) > 0
    echo = rows["echo of 16 B at QoS 0, p50"]
    assert (echo["limit"], echo["ok"]) == ("< 1", echo["ours"] < 1)
    for what in ("size as .py", "size as .mpy"):
        assert rows[what]["ours"] == rows[what]["peers"]["twin"]

    # What is absent is told by its name, and its limits are neither met nor missed.
    assert any(UMQTT_SIMPLE.name in text for text in found["missing"])
    assert f"left out: umqtt.robust ({UMQTT_SIMPLE.name}" in ended.stderr
    assert not any("umqtt" in what for what in rows)
    assert ended.returncode == (10 if all(row["ok"] for row in found["rows"]) else 1)

    assert f"plot: {plot}" in ended.stderr
    assert all(f">{row['what']}<" in plot.read_text("utf-8") for row in found["rows"][:3])

    clients = {each["name"]: each["files"] for each in found["clients"]}
    assert set(clients) == {"ours", "twin"}
    digest = file_sha256(shipped.device_src() / "mqtt.py")
    assert clients["ours"]["mqtt.py"] == digest


def test_run_without_mpy_cross_leaves_its_rows_out_by_name(
    interpreter: Interpreter, mosquitto: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "find_mpy_cross", lambda: None)
    setup = client.Setup(
        interpreter,
        mosquitto,
        shipped.device_src(),
        tmp_path,
        seconds=0.1,
        pip_arguments=("--no-index", "--find-links", str(tmp_path)),
    )
    cores, priority = os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0)
    said: list[str] = []
    result = client.measure(setup, said.append)
    assert any("no mpy-cross" in text for text in result.missing)
    assert "size as .mpy (nothing from ours)" in result.missing
    assert not any(".mpy" in row.what for row in result.rows)
    assert os.sched_getaffinity(0) == cores
    assert os.getpriority(os.PRIO_PROCESS, 0) == priority
    assert "memory" in said


def test_ledger_of_few_messages_is_exact(
    interpreter: Interpreter, mosquitto: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.bench.client_ledger.PUBLISHES", 300)
    ours = Client(OURS, "mqtt", shipped.device_src())
    rows = ledger_rows(interpreter, ours, mosquitto)
    assert [row.ours for row in rows[:5]] == [300, 0, 0, 0, 0]
    assert all(row.ok for row in rows)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("client", "--peer", "other"), "is not NAME=FOLDER"),
        (("client", "--peer", "other=/nowhere"), "no such folder"),
        (("client", "--peer", "ours=/nowhere"), "cannot have this name"),
        (("client", "--seconds", "0"), "--seconds"),
        (("overhead", "--long"), "hil bench client"),
    ],
)
def test_wrong_argument_is_bad_usage(arguments: tuple[str, ...], text: str, tmp_path: Path) -> None:
    ended = bench(*arguments, cache=tmp_path)
    assert (ended.returncode, ended.stdout) == (4, "")
    assert text in ended.stderr
