"""Measure the harness itself, beside its peers.

    hil bench overhead      what a test, a run and a command cost; about a minute

Ends with 1 when a limit is not met.
"""

from __future__ import annotations

import argparse

from harness.cli.target import add_json_argument, print_json, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("what", choices=["overhead"], help="which bench")
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from harness.bench import overhead
    from harness.bench.row import host

    rows = {"overhead": overhead.measure}[args.what](say)
    if args.json:
        print_json({"rows": [row.as_json() for row in rows], "host": host()})
    else:
        for row in rows:
            peers = ", ".join(f"{name} {value:.3g}" for name, value in row.peers.items())
            mark = "" if not row.limit else "ok" if row.ok else "NOT MET"
            print(f"{row.what:<48} {row.ours:>9.3g} {row.unit:<6} {row.limit:<8} {mark:<8}{peers}")
    return 0 if all(row.ok for row in rows) else 1
