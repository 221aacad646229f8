"""Tag expressions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.lab.tag import is_tag, parse_tags

NAMES = ("a", "b", "c-1")


@pytest.mark.parametrize(
    ("text", "tags", "expected"),
    [
        ("wifi", {"wifi"}, True),
        ("wifi", {"slow"}, False),
        ("not wifi", set(), True),
        ("wifi and not slow", {"wifi"}, True),
        ("wifi and not slow", {"wifi", "slow"}, False),
        ("a or b and c", {"a"}, True),
        ("(a or b) and c", {"a"}, False),
        ("not (a or b)", {"c"}, True),
        ("not not a", {"a"}, True),
        ("bench-1.2", {"bench-1.2"}, True),
        ("android", {"android"}, True),
    ],
)
def test_expression_holds_as_in_pytest(text: str, tags: set[str], expected: bool) -> None:
    assert parse_tags(text)(tags) is expected


@pytest.mark.parametrize(
    "text", ["", "and", "a b", "a and", "(a", "a)", "not", "a && b", "a,b", "()", "or a"]
)
def test_wrong_expression_is_a_config_error_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match="tag expression") as caught:
        parse_tags(text)
    assert text in caught.value.on
    assert caught.value.got
    assert "--board 'tag:" in caught.value.advice


expressions = st.recursive(
    st.sampled_from(NAMES),
    lambda part: (
        st.builds("({} and {})".format, part, part)
        | st.builds("({} or {})".format, part, part)
        | st.builds("not {}".format, part)
    ),
    max_leaves=8,
)


@given(expressions, st.sets(st.sampled_from(NAMES)))
def test_expression_means_what_python_means(text: str, tags: set[str]) -> None:
    meant = eval(text.replace("c-1", "c"), {name[0]: name in tags for name in NAMES})  # noqa: S307 (made here)
    assert parse_tags(text)(tags) is meant


@given(st.text(max_size=20))
def test_any_text_is_an_expression_or_a_config_error(text: str) -> None:
    try:
        parse_tags(text)(frozenset())
    except ConfigError:
        return


def test_words_of_the_grammar_are_no_tags() -> None:
    assert [is_tag(each) for each in ("wifi", "not", "a b", "", "-a", "1")] == [
        *(True, False, False, False, False, True)
    ]
