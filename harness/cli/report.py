"""Write the reports of a run again, from its journal.

Works on any run folder, also of a run that was killed: the journal is written as things happen.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.target import add_json_argument, print_json, say

#: A report that could not be written is a fault of ours; docs/interface.md, "Exit codes".
INTERNAL_ERROR = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "run_dir",
        metavar="RUN_DIR",
        type=Path,
        nargs="?",
        default=Path("reports/latest"),
        help="the run's folder, with journal.jsonl in it (default: %(default)s)",
    )
    add_json_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from harness.errors import ConfigError
    from harness.report.write import write_reports

    run_dir: Path = args.run_dir
    if not (run_dir / "journal.jsonl").is_file():
        raise ConfigError(
            "there is no journal to write reports from",
            on=str(run_dir),
            expected="a run folder with journal.jsonl in it",
            got="no such file" if run_dir.is_dir() else "no such folder",
            advice="hil report reports/RUN",
        )
    outcome = write_reports(run_dir)
    for problem in outcome.problems:
        say(f"the evidence is incomplete: {problem}")
    for failure in outcome.failures:
        say(f"{failure.output} could not be written: {failure.message}\n{failure.trace}")
    if args.json:
        print_json(
            {
                "paths": {name: str(path) for name, path in outcome.paths.items()},
                "failures": [
                    {"output": failure.output, "message": failure.message, "trace": failure.trace}
                    for failure in outcome.failures
                ],
                "problems": list(outcome.problems),
            }
        )
    else:
        for path in outcome.paths.values():
            print(path)
    return INTERNAL_ERROR if outcome.failures else 0
