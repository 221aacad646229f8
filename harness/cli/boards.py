"""List the boards and ports of this machine."""

from __future__ import annotations

import argparse
import os

from harness.cli.target import add_json_argument, interpreter_name, print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from harness.link.serial import find_ports

    rows = []
    for port in find_ports():
        usable = os.access(port.path, os.R_OK | os.W_OK)
        rows.append(
            {
                "spec": f"usb:{port.location}" if port.location else f"port:{port.path}",
                "path": port.path,
                "serial_number": port.serial_number,
                "vid_pid": port.vid_pid,
                "description": port.description,
                "usable": usable,
                "why_not": "" if usable else "no permission: sudo usermod -aG dialout $USER",
            }
        )
    from harness.errors import InterpreterUnsuitable

    try:
        virtual = interpreter_name()
        why_not = ""
    except InterpreterUnsuitable as error:
        virtual, why_not = "", error.one_line()
    if args.json:
        print_json({"ports": rows, "virtual": {"interpreter": virtual, "why_not": why_not}})
        return 0
    for row in rows:
        print(f"{row['spec']:<16} {row['path']:<16} {row['description']} {row['why_not']}")
    if not rows:
        print("no serial port: plug a board in, or use a virtual one")
    print(f"{'virtual':<16} {virtual or why_not}")
    return 0
