"""The requirement catalogue: what it holds, and all its errors at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import shipped
from harness.errors import ConfigError
from harness.scenario.requirement import KINDS, load_catalogue

GOOD = 'source = "spec"\n[[requirement]]\nid = "MQTT-1"\nkind = "publish"\ntext = "It publishes."\n'


def test_catalogue_gives_requirements_by_id_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text(GOOD)
    (tmp_path / "a.toml").write_text(
        GOOD.replace("MQTT-1", "A-2") + 'uncovered_because = "needs TLS"\n'
    )
    (tmp_path / "notes.txt").write_text("not a catalogue")
    catalogue = load_catalogue(tmp_path)
    assert [each.id for each in catalogue] == ["A-2", "MQTT-1"]
    assert len(catalogue) == 2
    assert "MQTT-1" in catalogue
    assert "MQTT-2" not in catalogue
    assert catalogue["MQTT-1"].text == "It publishes."
    assert catalogue["MQTT-1"].source == "spec"
    assert catalogue["A-2"].uncovered_because == "needs TLS"
    assert catalogue.as_json()[1]["kind"] == "publish"


def test_requirement_that_does_not_bind_says_why(tmp_path: Path) -> None:
    text = GOOD.replace('kind = "publish"', 'kind = "protocol"')
    (tmp_path / "x.toml").write_text(text + 'not_applicable_because = "It binds the broker."\n')
    (found,) = load_catalogue(tmp_path)
    assert (found.kind, found.not_applicable_because) == ("protocol", "It binds the broker.")
    assert found.uncovered_because == ""
    assert load_catalogue(tmp_path).as_json()[0]["not_applicable_because"] == "It binds the broker."


def test_shipped_catalogue_has_the_statements_of_the_protocol() -> None:
    catalogue = load_catalogue(shipped.fixtures() / "requirements")
    protocol = [each for each in catalogue if each.kind == "protocol"]
    binding = [each for each in protocol if not each.not_applicable_because]
    # These stand in the standard's text, without a number.
    unnumbered = ["MQTT-3.1.4", "MQTT-3.2.2", "MQTT-3.8.4", "MQTT-3.12", "MQTT-4.2"]
    assert [each.id for each in protocol if "-" not in each.id[5:]] == unnumbered
    assert len(binding) == 91
    assert not [each for each in protocol if each.uncovered_because]


def test_shipped_catalogue_is_whole() -> None:
    catalogue = load_catalogue(shipped.fixtures() / "requirements")
    assert len(catalogue) > 40
    assert {each.kind for each in catalogue} <= set(KINDS)
    assert "MQTT-50" in catalogue


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("= broken", "x.toml: Invalid statement (at line 1, column 1)"),
        (
            GOOD.replace('kind = "publish"', 'kind = "colour"'),
            "x.toml: MQTT-1 has the unknown kind 'colour'",
        ),
        (GOOD.replace('kind = "publish"\n', ""), "x.toml: MQTT-1 lacks kind"),
        (GOOD.replace('text = "It publishes."', 'text = " "'), "x.toml: MQTT-1 lacks text"),
        (GOOD.replace('id = "MQTT-1"\n', ""), "x.toml: a table lacks id"),
        (GOOD.replace('source = "spec"\n', ""), "x.toml: MQTT-1 lacks source"),
        (GOOD + 'colour = 1\nname = "x"\n', "x.toml: MQTT-1 has unknown keys colour, name"),
        (
            GOOD + 'uncovered_because = "later"\nnot_applicable_because = "never"\n',
            "x.toml: MQTT-1 has both uncovered_because and not_applicable_because",
        ),
        (GOOD + GOOD.split("\n", 1)[1], "x.toml: MQTT-1 stands twice"),
        ('source = "s"\nrequirement = 3\n', "x.toml: requirement is no list of tables"),
        ('source = "s"\nrequirement = ["a"]\n', "x.toml: requirement is no list of tables"),
    ],
    ids=[
        "toml",
        "kind",
        "no-kind",
        "no-text",
        "no-id",
        "source",
        "keys",
        "both",
        "twice",
        "number",
        "text",
    ],
)
def test_error_of_the_catalogue_is_told(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(ConfigError, match="the requirement catalogue has errors") as caught:
        load_catalogue(tmp_path)
    assert caught.value.got == problem
    assert caught.value.on == str(tmp_path)


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("= broken")
    (tmp_path / "b.toml").write_text(GOOD)
    (tmp_path / "c.toml").write_text(GOOD + "colour = 1\n")
    (tmp_path / "d.toml").write_text(GOOD)
    with pytest.raises(ConfigError) as caught:
        load_catalogue(tmp_path)
    assert [line.split(":")[0] for line in caught.value.got.splitlines()] == [
        "a.toml",
        "c.toml",
        "d.toml",
    ]


def test_folder_without_a_catalogue_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no requirement catalogue") as caught:
        load_catalogue(tmp_path / "absent")
    assert caught.value.on == str(tmp_path / "absent")
