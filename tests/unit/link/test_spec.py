"""Board specifications, as they are typed."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.link.spec import MAX_VIRTUAL, BoardSpec, parse_specs


@pytest.mark.parametrize(
    ("text", "kind", "value", "name"),
    [
        ("virtual", "virtual", "1", "virtual-1"),
        ("virtual:1", "virtual", "1", "virtual-1"),
        ("port:/dev/ttyUSB0", "port", "/dev/ttyUSB0", "dev-ttyUSB0"),
        ("/dev/ttyUSB0", "port", "/dev/ttyUSB0", "dev-ttyUSB0"),
        ("port:/run/with:colon", "port", "/run/with:colon", "run-with-colon"),
        ("usb:1-1.2", "usb", "1-1.2", "1-1.2"),
        ("id:A5069RR4", "id", "A5069RR4", "A5069RR4"),
        ("rfc2217://lab:2217", "url", "rfc2217://lab:2217", "rfc2217-lab-2217"),
        ("socket://[::1]:7777", "url", "socket://[::1]:7777", "socket-1-7777"),
        ("rfc2217://lab:2217/?poll", "url", "rfc2217://lab:2217/?poll", "rfc2217-lab-2217-poll"),
        ("rfc2217://lab:2217?poll", "url", "rfc2217://lab:2217?poll", "rfc2217-lab-2217-poll"),
        ("  virtual  ", "virtual", "1", "virtual-1"),
    ],
)
def test_form_names_one_board(text: str, kind: str, value: str, name: str) -> None:
    (spec,) = parse_specs(text)
    assert (spec.kind, spec.value, spec.name) == (kind, value, name)
    assert spec.text == text.strip()


def test_number_gives_so_many_boards_with_names_of_their_own() -> None:
    assert [spec.name for spec in parse_specs("virtual:2,port:/dev/x,virtual,virtual:2")] == [
        "virtual-1",
        "virtual-2",
        "dev-x",
        "virtual-3",
        "virtual-4",
        "virtual-5",
    ]
    assert len(parse_specs(f"virtual:{MAX_VIRTUAL}")) == MAX_VIRTUAL


@pytest.mark.parametrize(
    "text",
    [
        "virtual:0",
        "virtual:",
        "virtual:-1",
        "virtual:two",
        "virtual:65",
        "virtual:²",
        "virtual:1.0",
    ],
)
def test_number_of_virtual_boards_has_to_be_one(text: str) -> None:
    with pytest.raises(ConfigError, match="number of virtual boards") as caught:
        parse_specs(text)
    assert text in caught.value.on
    assert caught.value.advice == "--board virtual:2"


@pytest.mark.parametrize("text", ["rfc2217://lab", "socket://:7777", "socket://lab:", "socket://"])
def test_address_has_to_be_complete(text: str) -> None:
    with pytest.raises(ConfigError, match="address of the port is not complete"):
        parse_specs(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ",",
        "virtual,",
        "Virtual",
        "codey",
        "port:",
        "usb:",
        "id:",
        ":",
        "http://x:1",
        "ttyUSB0",
    ],
)
def test_unknown_form_lists_those_that_exist(text: str) -> None:
    with pytest.raises(ConfigError, match="unknown board") as caught:
        parse_specs(text)
    assert "port:PATH" in caught.value.expected
    assert "hil boards" in caught.value.advice


@given(
    st.text(max_size=30)
    | st.builds(
        "{}{}{}".format,
        st.sampled_from(["virtual:", "port:", "usb:", "id:", "rfc2217://", "socket://", "/dev/"]),
        st.text(max_size=8),
        st.sampled_from(["", ",", ":1", ",virtual"]),
    )
)
@example("virtual:" + "9" * 5000)
def test_any_text_gives_boards_or_a_config_error(text: str) -> None:
    specs = boards_or_none(text)
    if specs is not None:
        assert specs
        assert all(spec.value for spec in specs)
        virtual = [spec.name for spec in specs if spec.kind == "virtual"]
        assert len(set(virtual)) == len(virtual)


def boards_or_none(text: str) -> list[BoardSpec] | None:
    """Return the boards; None where the text is refused in order."""
    try:
        return parse_specs(text)
    except ConfigError:
        return None
