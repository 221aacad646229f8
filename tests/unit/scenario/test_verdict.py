"""Verdicts and exit codes: the tables of the design, and their order."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import (
    BrokerError,
    ConfigError,
    DeployError,
    DeviceException,
    DeviceFileError,
    ExpectationFailed,
    HarnessError,
    IdentityMismatch,
    InterpreterUnsuitable,
    LeaseBusy,
    LinkLost,
    LinkOpenFailed,
    LinkTimeout,
    LocalProtocolError,
    RemoteProtocolError,
)
from harness.scenario.verdict import (
    PRECEDENCE,
    VERDICTS,
    exit_code,
    exit_of,
    reasons_of,
    verdict_of,
)

RIG = [
    HarnessError("x"),
    ConfigError("x"),
    LeaseBusy("x"),
    IdentityMismatch("x"),
    LinkOpenFailed("x", reason="absent"),
    LinkLost("x"),
    LinkTimeout("x"),
    LocalProtocolError("x"),
    RemoteProtocolError("x"),
    DeviceFileError("x"),
    DeployError("x"),
    BrokerError("x"),
    InterpreterUnsuitable("x"),
    DeviceException("OSError", "5", ()),
]
CODE_OF_ITS_OWN = (ConfigError, LeaseBusy, IdentityMismatch, DeviceException)
PRODUCT = [ExpectationFailed("x"), AssertionError(), ValueError(), ZeroDivisionError()]


def name_of(error: BaseException | None) -> str:
    return type(error).__name__


@pytest.mark.parametrize("error", RIG, ids=name_of)
def test_error_of_the_rig_blocks_wherever_it_is_raised(error: Exception) -> None:
    assert verdict_of(error, in_test=True) == "blocked"
    assert verdict_of(error, in_test=False) == "blocked"


@pytest.mark.parametrize("error", PRODUCT, ids=name_of)
def test_what_a_test_raises_fails_and_what_a_fixture_raises_blocks(error: Exception) -> None:
    assert verdict_of(error, in_test=True) == "fail"
    assert verdict_of(error, in_test=False) == "blocked"


def test_no_error_passes() -> None:
    assert verdict_of(None, in_test=True) == verdict_of(None, in_test=False) == "pass"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        *((error, 10) for error in RIG if type(error) not in CODE_OF_ITS_OWN),
        (ConfigError("x"), 4),
        (IdentityMismatch("x"), 12),
        (LeaseBusy("x"), 11),
        (DeviceException("OSError", "5", ()), 1),
        (ExpectationFailed("x"), 1),
        (AssertionError(), 1),
        (KeyboardInterrupt(), 2),
        (ValueError(), 3),
        (OSError(5, "x"), 3),
    ],
    ids=lambda each: name_of(each) if isinstance(each, BaseException) else str(each),
)
def test_error_stands_for_an_exit_code(error: BaseException, code: int) -> None:
    assert exit_of(error) == code


ORDER = (3, 2, 4, 12, 11, 1, 10, 13, 14, 5, 0)


def test_precedence_is_the_designs() -> None:
    assert PRECEDENCE == ORDER


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(ORDER, 2)))
def test_of_two_reasons_the_earlier_is_the_exit_code(first: int, second: int) -> None:
    assert exit_code([first, second]) == exit_code([second, first]) == first


@given(st.sets(st.sampled_from(ORDER), min_size=1))
def test_of_many_reasons_the_earliest_is_the_exit_code(reasons: set[int]) -> None:
    assert exit_code(reasons) == min(reasons, key=ORDER.index)


@pytest.mark.parametrize("reasons", [[], [99], [-1, 77]])
def test_reasons_that_nobody_knows_are_an_internal_error(reasons: list[int]) -> None:
    assert exit_code(reasons) == 3


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ({}, 5),
        ({"skipped": 3}, 5),
        ({"pass": 1}, 0),
        ({"pass": 9, "skipped": 1}, 0),
        ({"pass": 9, "fail": 1}, 1),
        ({"fail": 1, "blocked": 5}, 1),
        ({"blocked": 1}, 10),
        ({"pass": 9, "blocked": 1, "skipped": 2}, 10),
        ({"pass": 1, "flaky": 1}, 13),
        ({"flaky": 1, "blocked": 1}, 10),
        ({"quarantined": 1}, 0),
    ],
    ids=str,
)
def test_verdicts_add_up_to_an_exit_code(counts: dict[str, int], code: int) -> None:
    assert exit_code(reasons_of({**dict.fromkeys(VERDICTS, 0), **counts})) == code
