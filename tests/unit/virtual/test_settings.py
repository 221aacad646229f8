"""Settings, places, and the search for an interpreter."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ConfigError, InterpreterUnsuitable
from harness.virtual import kernel, place
from harness.virtual.interpreter import ROM, find_interpreter
from harness.virtual.settings import VirtualSettings


def test_settings_come_back_from_json() -> None:
    settings = VirtualSettings(name="one", flash="/tmp/x.img", connect_s=1.5)  # noqa: S108
    assert VirtualSettings.from_json(settings.to_json()) == settings


@pytest.mark.parametrize("text", ["", "[]", '{"odd": 1}', "{"])
def test_settings_from_other_text_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        VirtualSettings.from_json(text)


@pytest.mark.parametrize("heap", ["", "0", "-1k", "140K B", "140 k"])
def test_settings_with_an_odd_heap_are_refused(heap: str) -> None:
    with pytest.raises(ConfigError) as caught:
        VirtualSettings(heap=heap)
    assert caught.value.got == repr(heap)


@pytest.mark.parametrize("unique_id", ["0102", "0102030405GG", "01020304050A"])
def test_settings_with_an_odd_id_are_refused(unique_id: str) -> None:
    with pytest.raises(ConfigError):
        VirtualSettings(unique_id=unique_id)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("baud", 299),
        ("baud", 4_000_001),
        ("latency_ms", -0.1),
        ("latency_ms", 1001.0),
        ("packet_bytes", 0),
        ("packet_bytes", 513),
        ("uart_bytes", -1),
    ],
)
def test_settings_with_an_odd_line_are_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=name) as caught:
        replace(VirtualSettings(), **{name: value})
    assert caught.value.got == repr(str(value))


def test_id_is_the_one_that_was_set_or_the_images_or_a_new_one() -> None:
    assert VirtualSettings(unique_id="010203040506").board_id() == "010203040506"
    image = VirtualSettings(flash="/var/board.img")
    assert image.board_id() == VirtualSettings(flash="/var/../var/board.img").board_id()
    assert image.board_id() != VirtualSettings(flash="/var/other.img").board_id()
    assert VirtualSettings().board_id() != VirtualSettings().board_id()


def test_control_path_follows_links(tmp_path: Path) -> None:
    link = tmp_path / "board"
    link.symlink_to("/dev/null")
    assert place.control_path(str(link)) == place.control_path("/dev/null")
    assert place.control_path("/dev/null").name == "dev-null.sock"


def test_control_folder_open_to_others_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "control"
    monkeypatch.setattr(place, "control_folder", lambda: folder)
    assert place.make_control_folder() == folder
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    with pytest.raises(ConfigError) as caught:
        place.make_control_folder()
    assert "755" in caught.value.got


def test_interpreter_without_the_wheel_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InterpreterUnsuitable) as caught:
        find_interpreter()
    assert "HIL_MICROPYTHON" in caught.value.advice
    assert "\n" not in caught.value.one_line()


def test_interpreter_on_another_system_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "is_supported", lambda: False)
    with pytest.raises(InterpreterUnsuitable, match="need Linux"):
        find_interpreter()


def test_models_are_where_the_interpreter_looks() -> None:
    names = {path.name for path in ROM.glob("*.py")}
    assert {"_boot.py", "machine.py", "network.py", "os.py", "select.py"} <= names
    assert {"socket.py", "time.py"} <= names
