"""Run the project's own tests.

All but the scenarios, which `hil run` runs on a board, in more processes than there are cores;
with a path in one process. Paths, -k, -m, -n and all other arguments are pytest's, and so are the
exit codes.

    ./hil test
    ./hil test tests/unit -k journal
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from pathlib import Path

from harness.errors import ConfigError

#: What it does not know itself goes to pytest.
FORWARDS = True

#: Options of pytest whose value may look like a path and is none.
_TAKES_VALUE = frozenset({"-c", "-k", "-m", "-n", "-o", "-p", "-r", "-W"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments: none, all are pytest's."""
    parser.usage = "hil test [PATH ...] [PYTEST OPTION ...]"


def run(args: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        ConfigError: This is no checkout, or the test tools are not installed.
    """
    from harness import shipped

    root = shipped.checkout()
    if root is None or not (root / "tests").is_dir():
        raise ConfigError(
            "the project's own tests are only in a checkout",
            on=str(Path(__file__).parent),
            advice="hil run, which runs the scenarios that an installed package brings along",
        )
    if importlib.util.find_spec("hypothesis") is None:
        raise ConfigError(
            "the test tools are not installed", on=str(root), advice="./hil test, which gets them"
        )
    arguments = [f"--rootdir={root}", "-c", str(root / "pyproject.toml"), *args.rest]
    if not names_path(args.rest):
        arguments += [str(root / "tests"), f"--ignore={root / 'tests/scenarios'}"]
        if not any(each.startswith(("-n", "--numprocesses")) for each in args.rest):
            arguments += ["-n", str(_workers()), "--dist", "worksteal"]
    # A process of its own, because pytest rewrites only what is not imported yet.
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])


def _workers() -> int:
    """Return how many processes run the whole suite: half as many again as there are cores.

    A third of its time a test waits, for a board, a broker or a deadline: with one process for each
    core two cores were busy for two thirds of the time.
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return cores + cores // 2


def names_path(arguments: list[str]) -> bool:
    """Tell whether one of pytest's arguments is a path, with or without a test's name behind it."""
    before = ["", *arguments]
    return any(
        not each.startswith("-")
        and option not in _TAKES_VALUE
        and Path(each.split("::")[0]).exists()
        for option, each in zip(before, arguments, strict=False)
    )
