"""Calls of the harness's own code on the board, with arguments and an answer as data."""

from __future__ import annotations

from harness.board.device_source import device_code, proven
from harness.board.repl import Repl
from harness.deadline import Deadline
from harness.errors import DeviceException, RemoteProtocolError
from harness.wire.device_value import find_value

#: What to try when bytes were lost or changed.
LOSES = "the line loses or changes bytes: another cable, or a lower baud rate"


def not_our_code(error: DeviceException) -> RemoteProtocolError:
    """Return what it means that the harness's own code raised what it cannot raise.

    The raw REPL has no check sum: a line that loses or changes bytes makes a board run other code
    than was sent. It is no verdict on anybody's program.
    """
    return RemoteProtocolError(
        "the board did not run the harness's own code as it was sent",
        on=error.on,
        expected="its answer",
        received=f"{error.type_name}: {error.message}".encode(),
        advice=f"{LOSES}; a heap that is full ends so too: reset the board",
    )


def call_device(
    repl: Repl,
    name: str,
    arguments: tuple[object, ...],
    deadline: Deadline,
    *,
    parts: tuple[str, ...] = (),
) -> object:
    """Run one of the harness's own functions on the board.

    Args:
        repl: A board at the raw prompt.
        name: File in `device_code/`, without its ending, and function in it.
        arguments: Values whose `repr` is a literal for MicroPython too.
        deadline: By when it must have answered.
        parts: Other files whose functions it calls.

    Returns:
        The function's result; `harness.wire.device_value` says which can be had.

    Raises:
        DeviceException: It raised.
        RemoteProtocolError: It ended without an answer.
    """
    code = "".join(device_code(part) for part in ("reply", *parts, name))
    call = ",".join(map(repr, arguments))
    printed = repl.exec(proven(f"{code}reply({name}({call}))"), deadline)
    found = find_value(printed)
    if found is None:
        raise RemoteProtocolError(
            f"the board ran {name} and gave no answer",
            on=repl.name,
            received=printed,
            expected="a reply",
        )
    return found[0]
