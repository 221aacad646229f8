"""Show a letter on a board's own panel, so that a person finds it among its equals."""

from __future__ import annotations

from harness.board.repl import Repl
from harness.deadline import Deadline
from harness.errors import DeviceException, HarnessError

#: `codey` keeps its panel in a buffer: what was shown before comes back by itself.
_SHOW = """
import codey
_hil_before = bytes(codey.display.buffer)
codey.display.show({label!r})
"""

_RESTORE = """
codey.display.show_image(list(_hil_before))
del _hil_before
"""


def show_label(repl: Repl, label: str, deadline: Deadline) -> None:
    """Show a label and keep what was shown before.

    Args:
        repl: A board at the raw prompt, with the device code on it.
        label: One or two letters or digits: more would scroll.
        deadline: By when.

    Raises:
        HarnessError: The board has no `codey`.
    """
    try:
        repl.exec(_SHOW.format(label=label), deadline)
    except DeviceException as error:
        if error.type_name != "ImportError":
            raise
        raise HarnessError(
            "the board has no codey package that could show a letter",
            on=repl.name,
            expected="the device code on the board",
            advice="hil deploy --board SPEC",
        ) from error


def restore_panel(repl: Repl, deadline: Deadline) -> None:
    """Show again what was there before `show_label`."""
    repl.exec(_RESTORE, deadline)


def next_label(taken: set[str]) -> str:
    """Return the first letter, then digit, that no other board has.

    Raises:
        HarnessError: There is none left.
    """
    letters = [chr(code) for code in range(ord("A"), ord("Z") + 1)] + [str(n) for n in range(10)]
    for each in letters:
        if each not in taken:
            return each
    raise HarnessError(
        "all letters and digits are taken as labels",
        expected="at most 36 boards with labels of one character",
        advice="hil boards label NAME LABEL takes two characters",
    )
