from __future__ import annotations

import base64
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import ConfigError
from harness.report.journal import Journal, read_journal

if TYPE_CHECKING:
    from collections.abc import Callable


def serial_bytes(entries: list[dict[str, Any]], direction: str) -> bytes:
    return b"".join(
        base64.b64decode(entry["data"])
        for entry in entries
        if entry["kind"] == "serial" and entry["dir"] == direction
    )


def test_write_puts_one_json_object_a_line_at_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run" / "journal.jsonl")
    journal.write("step", test="t.py::a", board="b", name="push", ok=True, seconds=0.5)
    line = json.loads(journal.path.read_text().splitlines()[0])
    assert line.pop("t") >= 0
    assert line == {
        "kind": "step",
        "test": "t.py::a",
        "board": "b",
        "name": "push",
        "ok": True,
        "seconds": 0.5,
    }
    assert journal.failure is None
    journal.close()


def test_write_stamps_with_the_moment_that_is_given(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl", started_at_s=100.0, clock=lambda: 107.0)
    journal.write("serial", board="b", dir="rx", data=b"x", at_s=103.5)
    journal.write("mqtt", topic="a")
    journal.close()
    assert [entry["t"] for entry in read_journal(journal.path)] == [3.5, 7.0]
    assert "at_s" not in read_journal(journal.path)[0]


def test_write_turns_bytes_into_what_json_holds(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.write("mqtt", payload=b"38")
    journal.write("mqtt", payload=b"\xff\x00")
    journal.write("serial", dir="rx", data=b"\x00\xff")
    journal.write("measure", value=float("nan"), where=Path("a"))
    journal.close()
    text, binary, serial, odd = read_journal(journal.path)
    assert text["payload"] == "38"
    assert binary["payload"] == {"b64": base64.b64encode(b"\xff\x00").decode()}
    assert base64.b64decode(serial["data"]) == b"\x00\xff"
    assert (odd["value"], odd["where"]) == ("nan", "a")


@pytest.mark.parametrize("secret", ["hunter22", "pass'wörd\\", 'a"b\nc', "ab"])
def test_write_replaces_a_secret_in_every_place_and_spelling(tmp_path: Path, secret: str) -> None:
    journal = Journal(tmp_path / "j.jsonl", [secret])
    journal.write("exec", source=f"wifi={secret!r}", error={"message": secret, secret: [secret]})
    journal.write("mqtt", payload=secret.encode() + b"\xff")
    journal.write("mqtt", payload={"b64": base64.b64encode(secret.encode()).decode()})
    journal.write("serial", dir="tx", data=f"'{secret}' {secret!r}".encode() + b"\xfe.")
    journal.close()
    raw = journal.path.read_text()
    entries = read_journal(journal.path)
    shown = serial_bytes(entries, "tx") + base64.b64decode(entries[1]["payload"]["b64"])
    assert secret not in raw
    assert json.dumps(secret)[1:-1] not in raw
    assert secret.encode() not in shown
    assert repr(secret)[1:-1].encode() not in shown
    assert entries[0]["source"] == "wifi='***'" or '"***"' in entries[0]["source"]
    assert entries[2]["payload"] == "***"


@pytest.mark.parametrize("cut", range(1, 8))
def test_write_replaces_a_secret_that_is_cut_by_the_windows(tmp_path: Path, cut: int) -> None:
    journal = Journal(tmp_path / "j.jsonl", ["hunter22"])
    whole = b"connect('net', 'hunter22')\r\n"
    at = whole.index(b"hunter22") + cut
    journal.write("serial", board="b", dir="tx", data=whole[:at])
    journal.write("serial", board="b", dir="rx", data=b"echo h")
    journal.write("serial", board="b", dir="tx", data=whole[at:])
    journal.close()
    entries = read_journal(journal.path)
    assert serial_bytes(entries, "tx") == whole.replace(b"hunter22", b"***")
    assert serial_bytes(entries, "rx") == b"echo h"


def test_write_of_a_test_end_first_writes_what_was_held_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl", ["hunter22"])
    journal.write("serial", test="a", board="b", dir="rx", data=b"so far hunte")
    journal.write("test.end", test="a", verdict="pass")
    journal.close()
    first, second, end = read_journal(journal.path)
    assert (first["kind"], second["kind"], end["kind"]) == ("serial", "serial", "test.end")
    assert second["test"] == "a"
    assert serial_bytes([first, second], "rx") == b"so far ***"


def test_add_secret_holds_for_what_comes_after(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.add_secret("")
    journal.write("step", name="abc1234")
    journal.add_secret("abc1234")
    journal.write("step", name="abc1234")
    journal.close()
    assert [entry["name"] for entry in read_journal(journal.path)] == ["abc1234", "***"]


def test_write_from_many_threads_keeps_lines_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl", ["secret-word"])

    def write(number: int) -> None:
        for _ in range(200):
            journal.write("step", board=f"b{number}", name="x" * 300)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    entries = read_journal(journal.path)
    assert len(entries) == 800
    assert [entry["t"] for entry in entries] == sorted(entry["t"] for entry in entries)


def test_write_to_a_full_device_is_remembered_and_raises_nothing(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.symlink_to("/dev/full")
    journal = Journal(path)
    journal.write("step", name="a")
    journal.write("step", name="b")
    journal.close()
    assert journal.failure is not None
    assert "No space left" in journal.failure
    assert journal.lost == 2


def test_write_after_a_full_disk_goes_on_and_tells_what_is_lost(
    tmp_path: Path, file_limit: Callable[[int], None]
) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.write("step", name="before")
    file_limit(journal.path.stat().st_size + 10)
    journal.write("step", name="cut")
    journal.write("step", name="lost")
    file_limit(-1)
    journal.write("step", name="after")
    journal.close()
    entries = read_journal(journal.path)
    assert [entry.get("name") for entry in entries if entry["kind"] == "step"] == [
        "before",
        "after",
    ]
    assert [entry["count"] for entry in entries if entry["kind"] == "journal.lost"] == [2]
    assert [entry["lines"] for entry in entries if entry["kind"] == "journal.cut"] == [[2]]
    assert journal.failure is not None
    assert journal.lost == 2


def test_write_after_close_is_remembered(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.close()
    journal.close()
    journal.write("step", name="late")
    assert journal.lost == 1
    assert journal.failure is not None
    assert "closed" in journal.failure


def test_journal_in_a_place_that_is_none_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError) as caught:
        Journal(tmp_path / "file" / "journal.jsonl")
    assert caught.value.on == str(tmp_path / "file" / "journal.jsonl")
    assert caught.value.advice


def test_read_journal_stops_at_a_cut_last_line_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"t": 1.5, "kind": "step", "name": "a"}\n{"t": 2, "kind": "st')
    first, cut = read_journal(path)
    assert first["name"] == "a"
    assert cut == {"t": 1.5, "kind": "journal.cut", "lines": [2]}


def test_read_journal_of_an_empty_file_has_no_entries(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b"")
    assert read_journal(path) == []


def test_two_journals_append_to_one_file_on_one_clock(tmp_path: Path) -> None:
    first = Journal(tmp_path / "j.jsonl")
    second = Journal(tmp_path / "j.jsonl", started_at_s=first.started_at_s)
    first.write("step", name="1")
    second.write("step", name="2")
    first.write("step", name="3")
    first.close()
    second.close()
    entries = read_journal(first.path)
    assert [entry["name"] for entry in entries] == ["1", "2", "3"]
    assert [entry["t"] for entry in entries] == sorted(entry["t"] for entry in entries)
