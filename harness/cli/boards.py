"""List the boards of the inventory and the ports of this machine; add, find and readmit boards.

hil boards                            what is there, and who holds it
hil boards add usb:1-1.2 --name c1    ask who is there and write it into boards.toml
hil boards identify c1                show c1's label on its panel
hil boards label c1 A                 give it another label
hil boards health                     ask every board; --recover brings back what it can
hil boards readmit c1                 take a board that was set aside into use again
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from harness.cli.target import (
    add_inventory_argument,
    add_json_argument,
    add_lock_wait_argument,
    interpreter_name,
    inventory_of,
    print_json,
)

if TYPE_CHECKING:
    from harness.lab.dut import Dut
    from harness.lab.inventory import Inventory
    from harness.lab.lease import LeaseHolder

#: Sub-command -> module and one line of help; `list` is what is done without one.
ACTIONS = {
    "list": "list boards and ports",
    "add": "ask who is at a port and write it into the inventory",
    "identify": "show a board's label on its own panel",
    "label": "give a board another label",
    "health": "ask every board of the inventory how it is",
    "readmit": "take a board that was set aside into use again",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    from harness.cli import boards_action

    _add_common(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions")
    for name, text in ACTIONS.items():
        action = actions.add_parser(name, help=text, description=text, allow_abbrev=False)
        _add_common(action, is_action=True)
        if name != "list":
            getattr(boards_action, f"add_{name}_arguments")(action)


def _add_common(parser: argparse.ArgumentParser, *, is_action: bool = False) -> None:
    for add in (add_json_argument, add_inventory_argument, add_lock_wait_argument):
        argument = add(parser)
        if is_action:
            # What stands before the action must not be undone by the action's default.
            argument.default = argparse.SUPPRESS


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from harness.cli import boards_action

    if args.action not in (None, "list"):
        return int(getattr(boards_action, args.action)(args))
    return list_boards(args)


def list_boards(args: argparse.Namespace) -> int:
    """Print what is there; no port is opened."""
    from harness.errors import InterpreterUnsuitable
    from harness.lab.discovery import describe_ports
    from harness.link.serial import find_ports

    ports = [
        {
            "spec": row.spec,
            "path": row.port.path,
            "location": row.port.location,
            "serial_number": row.port.serial_number,
            "vid_pid": row.port.vid_pid,
            "description": row.port.description,
            "usable": row.is_usable,
            "why_not": "" if row.is_usable else "no permission: sudo usermod -aG dialout $USER",
            "warning": row.warning,
        }
        for row in describe_ports(find_ports())
    ]
    boards = rows_of(inventory_of(args))
    try:
        virtual, why_not = interpreter_name(), ""
    except InterpreterUnsuitable as error:
        virtual, why_not = "", error.one_line()
    if args.json:
        print_json(
            {
                "ports": ports,
                "boards": boards,
                "virtual": {"interpreter": virtual, "why_not": why_not},
            }
        )
        return 0
    for board in boards:
        label = f" [{board['label']}]" if board["label"] else ""
        print(
            f"{board['name'] + label:<16} {board['port']:<24} {board['state']}  {board['detail']}"
        )
    for port in ports:
        notes = " ".join(str(port[key]) for key in ("description", "why_not", "warning"))
        print(f"{port['spec']:<16} {port['path']:<24} {notes.strip()}")
    if not ports:
        print("no serial port: plug a board in, or use a virtual one")
    print(f"{'virtual':<16} {virtual or why_not}")
    return 0


def rows_of(inventory: Inventory) -> list[dict[str, Any]]:
    """Return what is known of the boards of an inventory without asking them, one row each."""
    from harness.lab.lease import list_leases
    from harness.lab.probed import ProbedFile

    probed = ProbedFile(inventory.path)
    leases = list_leases()
    rows = []
    for dut in inventory.duts.values():
        known = probed.read(dut.name)
        state, detail = _state(dut, leases, known.aside.reason if known.aside else "")
        rows.append(
            {
                "name": dut.name,
                "label": dut.label,
                "port": dut.spec.text,
                "id": dut.id or known.id,
                "firmware": known.firmware,
                "seen": known.seen,
                "tags": sorted(dut.tags),
                "state": state,
                "detail": detail or known.firmware,
            }
        )
    return rows


def _state(dut: Dut, leases: dict[str, LeaseHolder], aside: str) -> tuple[str, str]:
    from harness.errors import HarnessError
    from harness.lab.lease import lease_name
    from harness.link.open import lease_key

    if aside:
        return "aside", aside
    if not dut.is_enabled:
        return "disabled", ""
    try:
        key = lease_key(dut.spec)
    except HarnessError as error:
        return "absent", error.tried
    if key is not None and lease_name(key) in leases:
        return "busy", f"held by {leases[lease_name(key)]}"
    if dut.spec.kind == "port" and not os.path.exists(dut.spec.value):  # noqa: PTH110 (a device path)
        return "absent", "there is no such port"
    return "free", ""
