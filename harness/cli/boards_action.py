"""What `hil boards ACTION` does, one function for each action."""

from __future__ import annotations

import argparse
import contextlib
import select as select_descriptors
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from harness.cli.target import admission_of, inventory_of, print_json, say, seconds
from harness.errors import ConfigError, HarnessError, LinkTimeout
from harness.lab.admission import Admission
from harness.lab.dut import Dut
from harness.lab.inventory import FILE_NAME, Inventory, load_inventory

BLOCKED = 10

#: Long enough to walk along a bench and look.
SHOW_S = 30.0


def add_add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``add``."""
    parser.add_argument("port", metavar="PORT", help="usb:1-1.2, port:PATH, id:SERIAL, or a path")
    parser.add_argument("--name", help="what to call it (default: codey-N)")
    parser.add_argument("--tag", action="append", default=[], help="a tag; may be repeated")


def add(args: argparse.Namespace) -> int:
    """Ask who is at a port and write it into the inventory."""
    from harness.lab.admission import seen_now
    from harness.lab.identify import next_label
    from harness.lab.inventory_edit import add_entry
    from harness.lab.probed import ProbedFile
    from harness.lab.selection import select

    inventory = inventory_of(args)
    duts = select(args.port, inventory)
    if len(duts) != 1 or duts[0].is_listed or duts[0].spec.is_made:
        raise ConfigError(
            "this is no port that could be added",
            on=args.port,
            expected="one port that is not in the inventory yet",
            got=", ".join(dut.name for dut in duts),
        )
    (dut,) = duts
    _check_serial_number(dut)
    admission = admission_of(args)
    # Asked first, since nothing but this is answered by that firmware: it costs a second.
    _refuse_factory_firmware(dut, admission)
    try:
        opened = admission.open(dut)
    except LinkTimeout:
        _refuse_factory_firmware(dut, admission, tries=3)
        raise
    with contextlib.closing(opened):
        identity = opened.identity
        for other in inventory.duts.values():
            if identity.id and other.id == identity.id:
                raise ConfigError(
                    "this board is in the inventory already",
                    on=args.port,
                    got=f"{other.name}, chip {identity.id}, at {other.spec.text}",
                    advice="change its port in boards.toml if it has moved",
                )
        path = inventory.path or Path(args.inventory or FILE_NAME)
        name = args.name or _next_name(inventory)
        values: dict[str, object] = {"port": _lasting_spec(dut)}
        if identity.id:
            values["id"] = identity.id
        if args.tag:
            values["tags"] = args.tag
        values["label"] = next_label({each.label for each in inventory.duts.values()})
        add_entry(path, name, values)
        load_inventory(path)
        address = opened.board.rig.port.removeprefix("port:")
        ProbedFile(path).update(name, seen_now(opened, address))
    result = {"name": name, "inventory": str(path), **values, "firmware": identity.firmware}
    if args.json:
        print_json(result)
    else:
        print(f"{name} is in {path}: {identity.firmware}, id {identity.id or 'none'}")
    return 0


def _check_serial_number(dut: Dut) -> None:
    """Refuse to name a board by a serial number that does not tell it from others."""
    from harness.link.open import find_address

    # More than one port with this serial number is an error that says so.
    find_address(dut.spec)


def _lasting_spec(dut: Dut) -> str:
    """Return how to name the port for good: its place on USB stays when its path changes."""
    from harness.link.open import find_address, location_of

    if dut.spec.kind in ("url", "id"):
        return dut.spec.text
    location = location_of(find_address(dut.spec))
    return f"usb:{location}" if location else dut.spec.text


def _next_name(inventory: Inventory) -> str:
    number = 1
    while f"codey-{number}" in inventory.duts:
        number += 1
    return f"codey-{number}"


def _refuse_factory_firmware(dut: Dut, admission: Admission, tries: int = 1) -> None:
    """Say so when the board has a firmware that no harness can drive.

    Raises:
        HarnessError: It has.
    """
    from harness.lab.stock import find_factory_firmware

    version = find_factory_firmware(dut, admission.terms, tries)
    if version is not None:
        raise HarnessError(
            f"the board runs its factory firmware, {version}, which has no REPL",
            on=dut.name,
            expected="a MicroPython for the ESP32 with its REPL on the serial line",
            advice=f"hil flash IMAGE --board {dut.spec.text} writes one, over it",
        )


def add_identify_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``identify``."""
    parser.add_argument("board", metavar="NAME", help="a board of the inventory, or any SPEC")
    parser.add_argument(
        "--for",
        dest="for_s",
        metavar="SECONDS",
        type=seconds,
        default=SHOW_S,
        help=f"how long to show it ({SHOW_S:g}); Enter ends it too",
    )


def identify(args: argparse.Namespace) -> int:
    """Show a board's label on its panel, and afterwards what was there before."""
    from harness.cli.target import one_dut
    from harness.deadline import Deadline
    from harness.lab.identify import restore_panel, show_label

    dut = one_dut(args)
    label = dut.label or "?"
    with contextlib.closing(admission_of(args).open(dut)) as opened:
        if dut.spec.is_made:
            raise ConfigError("a board that is made for this command cannot be looked at")
        show_label(opened.board.repl, label, Deadline.after(10.0))
        try:
            say(f"{dut.name} shows {label!r} for {args.for_s:g} s; Enter ends it")
            _wait(args.for_s)
        finally:
            restore_panel(opened.board.repl, Deadline.after(10.0))
    if args.json:
        print_json({"name": dut.name, "label": label})
    return 0


def _wait(for_s: float) -> None:
    """Wait for Enter, where there is somebody to press it, or until the time is over."""
    if sys.stdin.isatty():
        select_descriptors.select([sys.stdin], [], [], for_s)
    else:
        threading.Event().wait(for_s)


def add_label_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``label``."""
    parser.add_argument("name", metavar="NAME", help="a board of the inventory")
    parser.add_argument("label", metavar="LABEL", help="one or two of A-Z and 0-9")


def label(args: argparse.Namespace) -> int:
    """Write another label into the inventory."""
    from harness.lab.entry import KEYS
    from harness.lab.inventory_edit import set_value

    inventory = _with_boards(args)
    if expected := KEYS["label"](args.label):
        raise ConfigError("this cannot be a label", on=args.name, expected=expected, got=args.label)
    taken = [d.name for d in inventory.duts.values() if d.label == args.label]
    if taken and taken != [args.name]:
        raise ConfigError("the label is taken", on=args.name, got=f"{taken[0]} has {args.label!r}")
    set_value(Path(str(inventory.path)), args.name, "label", args.label)
    if args.json:
        print_json({"name": args.name, "label": args.label})
    return 0


def add_health_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``health``."""
    parser.add_argument("names", metavar="NAME", nargs="*", help="boards (default: all enabled)")
    parser.add_argument(
        "--recover",
        action="store_true",
        help="bring back what does not answer, by reset and power; set aside what stays silent",
    )


def health(args: argparse.Namespace) -> int:
    """Ask the boards how they are."""
    from harness.lab.health import check_health
    from harness.lab.selection import select

    inventory = _with_boards(args)
    if args.names:
        duts = select(",".join(args.names), inventory)
    else:
        duts = [dut for dut in inventory.duts.values() if dut.is_enabled]
    admission = admission_of(args)
    found = []
    for dut in duts:
        found.append(check_health(dut, admission, recover=args.recover))
        if not args.json:
            each = found[-1]
            advice = f"\n{'':17}next: {each.advice}" if each.advice else ""
            print(f"{each.name:<16} {each.state:<7} {each.seconds:5.1f} s  {each.detail}{advice}")
    if args.json:
        print_json({"boards": [asdict(each) for each in found]})
    return 0 if all(each.state == "ok" for each in found) else BLOCKED


def add_readmit_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``readmit``."""
    parser.add_argument("names", metavar="NAME", nargs="+", help="boards of the inventory")


def readmit(args: argparse.Namespace) -> int:
    """Take boards into use again."""
    from harness.lab.probed import ProbedFile

    inventory = _with_boards(args)
    unknown = [name for name in args.names if name not in inventory.duts]
    if unknown:
        raise ConfigError(
            "the inventory has no such board",
            on=str(inventory.path),
            expected=", ".join(inventory.duts),
            got=", ".join(unknown),
        )
    probed = ProbedFile(inventory.path)
    rows = []
    for name in args.names:
        before = probed.read(name).aside
        probed.readmit(name)
        rows.append({"name": name, "was_aside": before.reason if before else None})
        if not args.json:
            print(f"{name}: {f'was set aside: {before.reason}' if before else 'was in use'}")
    if args.json:
        print_json({"boards": rows})
    return 0


def _with_boards(args: argparse.Namespace) -> Inventory:
    inventory = inventory_of(args)
    if inventory.path is None:
        raise ConfigError(
            "there is no inventory", expected=FILE_NAME, advice="hil boards add PORT makes one"
        )
    return inventory
