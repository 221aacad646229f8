"""Run the scenarios on a board and write a report.

Without paths the shipped scenarios run: the page's example, the module, and one test of each other
kind; --all takes everything. Paths, -k, -m and all other arguments are pytest's. Ends with 0 when
all passed, 1 for product failures, 10 when the rig was in the way; README lists the others.

    hil run
    hil run --all
    hil run --board port:/dev/ttyUSB0 -k retained
    hil run my_scenarios/ --json
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.target import add_json_argument, print_json
from harness.errors import HarnessError, LinkOpenFailed
from harness.pytest_plugin.option import OPTIONS
from harness.scenario.verdict import VERDICTS, exit_of

if TYPE_CHECKING:
    import pytest

#: What it does not know itself goes to pytest.
FORWARDS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--board",
        "--hil-board",
        metavar="SPEC",
        help="boards to test on, several with commas: virtual, virtual:N, port:PATH, usb:1-1.2, "
        "id:SERIAL, rfc2217://host:port, socket://host:port (default: virtual boards)",
    )
    parser.add_argument(
        "--device-src",
        "--hil-device-src",
        metavar="DIR",
        help="device code in place of the shipped",
    )
    parser.add_argument(
        "--all", action="store_true", help="all shipped scenarios, not only the short set"
    )
    add_json_argument(parser)
    lines = [f"  {option.flag:<24} {option.help}" for option in OPTIONS]
    parser.epilog = "\n".join(
        ["All other arguments are pytest's; these are the plugin's (also HIL_X, hil_x):", *lines]
    )


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    board = args.board or os.environ.get("HIL_BOARD")
    if board:
        try:
            _check_at_once(board)
        except HarnessError as error:
            if args.json:
                _print_nothing_ran(exit_of(error))
            raise
    import pytest

    from harness import shipped
    from harness.pytest_plugin.run import RUN
    from harness.scenario.verdict import BAD_USAGE, INTERNAL_ERROR, INTERRUPTED, NOTHING_RAN

    arguments = ["--import-mode=importlib", "--strict-markers", "-p", "no:cacheprovider"]
    # This command is part of the package that pytest would like to import itself: nothing is lost,
    # since no test lies in it.
    arguments += ["-W", "ignore:Module already imported so cannot be rewritten"]
    if args.board:
        arguments += ["--hil-board", args.board]
    if args.device_src:
        arguments += ["--hil-device-src", args.device_src]
    arguments = _joined(arguments + args.rest)
    keeper = _Keeper(shipped.scenarios(), is_short=not args.all)
    with _stdout_on_stderr(args.json):
        code = pytest.main(arguments, plugins=[keeper])
    hil = keeper.config.stash.get(RUN, None) if keeper.config is not None else None
    if hil is not None and hil.exit is not None:
        if args.json:
            print_json(hil.as_json())
        return hil.exit
    # No run began: pytest itself said why.
    ended = {
        pytest.ExitCode.OK: NOTHING_RAN if "--collect-only" not in args.rest else 0,
        pytest.ExitCode.INTERRUPTED: INTERRUPTED,
        pytest.ExitCode.USAGE_ERROR: BAD_USAGE,
        pytest.ExitCode.NO_TESTS_COLLECTED: NOTHING_RAN,
    }.get(pytest.ExitCode(code), INTERNAL_ERROR)
    if args.json:
        _print_nothing_ran(ended)
    return ended


class _Keeper:
    """Keeps the session's configuration, where the plugin keeps its run.

    Attributes:
        config: The session's configuration; None before pytest has read its options.
    """

    def __init__(self, scenarios: Path, *, is_short: bool) -> None:
        """Run `scenarios` unless the command line names paths; pytest knows which they are.

        Args:
            scenarios: The folder of the shipped ones.
            is_short: Take the short set of them where nothing else was selected.
        """
        self.config: pytest.Config | None = None
        self._scenarios = scenarios
        self._is_short = is_short

    def pytest_configure(self, config: pytest.Config) -> None:
        """Take the configuration, and the shipped scenarios where no path was named."""
        self.config = config
        if config.args_source == config.ArgsSource.ARGS:
            self._is_short = False
        else:
            config.args = [str(self._scenarios)]
        # Who selects by -k or -m wants to find it wherever it is.
        if config.option.keyword or config.option.markexpr:
            self._is_short = False

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what is not in the short set."""
        if not self._is_short or self.config is None:
            return
        short = short_set(items, self._scenarios)
        left_out = [item for item in items if item not in short]
        items[:] = short
        self.config.hook.pytest_deselected(items=left_out)

    def pytest_report_collectionfinish(self) -> list[str]:
        """Say that this is not everything."""
        return ["the short set; hil run --all takes every scenario"] if self._is_short else []


def short_set(items: list[pytest.Item], scenarios: Path) -> list[pytest.Item]:
    """Return the tests of a run without paths.

    Args:
        items: All shipped scenarios, in order.
        scenarios: Their folder. What lies in it itself is about the page and the module and is
            taken whole; each file in a folder below is a kind, of which one test is taken.
    """
    kinds: set[Path] = set()
    short = []
    for item in items:
        if item.path.parent == scenarios or item.path not in kinds:
            short.append(item)
        kinds.add(item.path)
    return short


def _joined(arguments: list[str]) -> list[str]:
    """Join our options and their values: pytest would look for its root folder in a value."""
    flags = {option.flag for option in OPTIONS}
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] in flags:
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _print_nothing_ran(code: int) -> None:
    """Print the object of ``--json`` for a run that did not begin."""
    counts = dict.fromkeys(VERDICTS, 0)
    nothing: dict[str, object] = {"boards": [], "report": None, "run": None, "coverage": []}
    print_json({"verdicts": counts, "exit": code, **nothing})


def _check_at_once(specification: str) -> None:
    """Tell a wrong or absent port in a moment, before anything heavy is loaded.

    The port is not opened: on a real board that could reset it.
    """
    from harness.link.open import find_address
    from harness.link.serial import check_path
    from harness.link.spec import parse_specs

    specs = parse_specs(specification)
    wrong = []
    for spec in specs:
        if spec.kind in ("port", "usb", "id"):
            try:
                check_path(find_address(spec))
            except LinkOpenFailed as error:
                wrong.append(error)
    # With several boards the others are tested all the same, and this one's tests are blocked.
    if wrong and len(wrong) == len(specs):
        raise wrong[0]


@contextlib.contextmanager
def _stdout_on_stderr(wanted: bool) -> Iterator[None]:
    """Send all that is printed meanwhile to standard error, by whatever process."""
    if not wanted:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
