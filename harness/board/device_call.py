"""Calls of the harness's own code on the board, with arguments and an answer as data."""

from __future__ import annotations

from harness.board.device_source import device_code, isolated
from harness.board.repl import Repl
from harness.deadline import Deadline
from harness.errors import RemoteProtocolError
from harness.wire.device_value import find_value


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
    printed = repl.exec(isolated(f"{code}reply({name}({call}))"), deadline)
    found = find_value(printed)
    if found is None:
        raise RemoteProtocolError(
            f"the board ran {name} and gave no answer",
            on=repl.name,
            received=printed,
            expected="a reply",
        )
    return found[0]
