"""Calls of the harness's own code on the board, with arguments and an answer as data.

The code lies in `device_code/` as files; it is sent when it is called, and leaves nothing behind.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from harness.board.repl import Repl
from harness.deadline import Deadline
from harness.errors import RemoteProtocolError
from harness.wire.probe_record import Record, RecordStream


@cache
def device_code(name: str) -> str:
    """Return the text of a file of `device_code/`, without its comment lines."""
    text = (resources.files(__package__) / "device_code" / f"{name}.py").read_text("utf-8")
    return "".join(
        line + "\n" for line in text.splitlines() if line.strip() and not line.startswith("#")
    )


def call_device(repl: Repl, name: str, arguments: tuple[object, ...], deadline: Deadline) -> Any:
    """Run one of the harness's own functions on the board.

    Args:
        repl: A board at the raw prompt.
        name: File in `device_code/`, without its ending.
        arguments: Values whose `repr` is a literal for MicroPython too.
        deadline: By when it must have answered.

    Returns:
        The function's result, through JSON.

    Raises:
        DeviceException: It raised.
        RemoteProtocolError: It ended without an answer.
    """
    source = f"_hil_arguments = {arguments!r}\n{device_code(name)}{device_code('reply')}"
    printed = repl.exec(source, deadline)
    for item in RecordStream().receive(printed):
        if isinstance(item, Record) and item.kind == "reply":
            return item.fields["value"]
    raise RemoteProtocolError(
        f"the board ran {name} and gave no answer",
        on=repl.name,
        received=printed,
        expected="a reply record",
    )
