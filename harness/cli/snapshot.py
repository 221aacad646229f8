"""Read a board's display and LED.

Each source that can tell says what it sees: commanded (the program's calls), device (the board's
own buffer), bench (an observer outside the program, where the rig has one). A running program is
interrupted.
"""

from __future__ import annotations

import argparse

from harness.cli.target import (
    add_board_argument,
    add_device_src_argument,
    add_json_argument,
    open_target,
    print_json,
    say,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_board_argument(parser)
    add_device_src_argument(parser)
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from harness.board.readback import bench_snapshot
    from harness.deadline import Deadline
    from harness.errors import DeviceException, HarnessError

    with open_target(args) as opened:
        deadline = Deadline.after(10.0)
        bench = opened.board.rig.bench
        try:
            found = opened.board.snapshots(deadline)
        except DeviceException as error:
            if error.type_name != "ImportError":
                raise
            if bench is None:
                raise HarnessError(
                    "the board has no hilprobe and the rig no observer",
                    on=opened.board.name,
                    expected="the device code on the board",
                    advice=f"hil deploy --board {args.board}",
                ) from error
            say(f"the board has no hilprobe: bench only; try: hil deploy --board {args.board}")
            found = (bench_snapshot(bench.state(deadline)),)
        if not found:
            raise HarnessError(
                "nothing can tell what the board shows",
                on=opened.board.name,
                expected="a program that has used codey since the reset, or an observer",
                advice="a soft reset (mpremote does one at each connect) forgets what was shown",
            )
        if args.json:
            print_json({"snapshots": [each.as_json() for each in found]})
            return 0
        for each in found:
            text = f", text {each.text!r}" if each.text is not None else ""
            print(f"{each.source}: LED {each.led}{text}")
            print("\n".join(f"  {row}" for row in each.pixels))
    return 0
