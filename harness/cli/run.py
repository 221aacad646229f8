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

from harness.cli.parent_line import FOR_PARENT, ParentLine
from harness.cli.target import (
    add_inventory_argument,
    add_json_argument,
    inventory_of,
    print_json,
)
from harness.errors import HarnessError
from harness.lab.selection import select_or_default
from harness.pytest_plugin.option import OPTIONS
from harness.scenario.verdict import VERDICTS, exit_of

if TYPE_CHECKING:
    import pytest

    from harness.lab.dut import Dut
    from harness.lab.inventory import Inventory

#: What it does not know itself goes to pytest.
FORWARDS = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--board",
        "--hil-board",
        metavar="SPEC",
        default=os.environ.get("HIL_BOARD") or "",
        help="boards to test on, several with commas: virtual, virtual:N, port:PATH, usb:1-1.2, "
        "id:SERIAL, rfc2217://host:port, socket://host:port, NAME or tag:EXPR of the inventory "
        "(default: the inventory's boards, else virtual ones). The suite runs once on each of "
        "several boards; virtual ones are there together for tests that take several",
    )
    parser.add_argument(
        "--device-src",
        "--hil-device-src",
        metavar="DIR",
        help="device code in place of the shipped",
    )
    add_inventory_argument(parser)
    parser.add_argument(
        "--all", action="store_true", help="all shipped scenarios, not only the short set"
    )
    add_json_argument(parser)
    parser.add_argument(FOR_PARENT, action="store_true", help=argparse.SUPPRESS)
    lines = [f"  {option.flag:<24} {option.help}" for option in OPTIONS]
    parser.epilog = "\n".join(
        ["All other arguments are pytest's; these are the plugin's (also HIL_X, hil_x):", *lines]
    )


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    line = ParentLine() if args.for_parent else None
    arguments = list(args.rest)
    if args.device_src:
        arguments += ["--hil-device-src", args.device_src]
    try:
        inventory = inventory_of(args)
        # Without a specification pytest's ini file may have one; it is nobody's business here.
        duts = select_or_default(args.board, inventory)
        if inventory.path is not None:
            arguments += ["--hil-inventory", str(inventory.path)]
        if line is None:
            _check_at_once(duts, inventory)
    except HarnessError as error:
        if args.json:
            _print_nothing_ran(exit_of(error))
        raise
    arguments = _joined(arguments)
    is_asked = bool(args.board) or any(dut.is_listed for dut in duts)
    is_shared = any(each.startswith("--hil-share=") for each in arguments)
    if len(duts) > 1 and not is_shared and not any(dut.spec.is_made for dut in duts):
        arguments += ["--all"] if args.all else []
        return _run_fleet(duts, arguments, as_json=args.json)
    if is_asked:
        arguments.append(f"--hil-board={args.board or ','.join(dut.name for dut in duts)}")
    return _run_pytest(arguments, line, as_json=args.json, is_short=not args.all)


def _run_fleet(duts: list[Dut], arguments: list[str], *, as_json: bool) -> int:
    from harness.cli.fleet import Fleet

    stream = sys.stderr if as_json else sys.stdout
    result = Fleet(duts, arguments, lambda line: print(line, file=stream, flush=True)).run()
    if as_json:
        print_json(result.as_json)
        return result.code
    for board in result.as_json["per_board"]:
        print(f"board     {board['name']}: {_counted(board['verdicts'])} (exit {board['exit']})")
    print(f"verdicts  {_counted(result.as_json['verdicts'])}")
    if result.as_json["report"]:
        print(f"report    {result.as_json['report']}")
    return result.code


def _counted(verdicts: dict[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in verdicts.items() if n) or "nothing ran"


def _run_pytest(
    arguments: list[str], line: ParentLine | None, *, as_json: bool, is_short: bool
) -> int:
    import pytest

    from harness import shipped
    from harness.pytest_plugin.run import DEFERRED, RUN
    from harness.scenario.verdict import BAD_USAGE, INTERNAL_ERROR, INTERRUPTED, NOTHING_RAN

    own = ["--import-mode=importlib", "--strict-markers", "-p", "no:cacheprovider"]
    # This command is part of the package that pytest would like to import itself: nothing is lost,
    # since no test lies in it.
    own += ["-W", "ignore:Module already imported so cannot be rewritten"]
    keeper = _Keeper(shipped.scenarios(), line, is_short=is_short)
    with _stdout_on_stderr(as_json or line is not None):
        code = pytest.main([*own, *arguments], plugins=[keeper])
    hil = keeper.config.stash.get(RUN, None) if keeper.config is not None else None
    # Without a run pytest itself said why.
    ended = {
        pytest.ExitCode.OK: NOTHING_RAN if "--collect-only" not in arguments else 0,
        pytest.ExitCode.INTERRUPTED: INTERRUPTED,
        pytest.ExitCode.USAGE_ERROR: BAD_USAGE,
        pytest.ExitCode.NO_TESTS_COLLECTED: NOTHING_RAN,
    }.get(pytest.ExitCode(code), INTERNAL_ERROR)
    result = _nothing_ran(ended) if hil is None or hil.exit is None else hil.as_json()
    if line is not None:
        deferred = keeper.config.stash.get(DEFERRED, 0) if keeper.config is not None else 0
        line.say({"ended": {**result, "deferred": deferred}})
    elif as_json:
        print_json(result)
    return int(str(result["exit"]))


class _Keeper:
    """Keeps the session's configuration, where the plugin keeps its run.

    Attributes:
        config: The session's configuration; None before pytest has read its options.
    """

    def __init__(self, scenarios: Path, line: ParentLine | None, *, is_short: bool) -> None:
        """Run `scenarios` unless the command line names paths; pytest knows which they are.

        Args:
            scenarios: The folder of the shipped ones.
            line: To the process that started this one for one of several boards, if one did.
            is_short: Take the short set of them where nothing else was selected.
        """
        self.config: pytest.Config | None = None
        self._scenarios = scenarios
        self._line = line
        self._is_short = is_short

    def pytest_runtestloop(self) -> None:
        """Tell the parent where the run's journal is, before anything can go wrong with a board."""
        from harness.pytest_plugin.run import RUN

        hil = self.config.stash.get(RUN, None) if self.config is not None else None
        if hil is not None and self._line is not None:
            self._line.say({"begun": {"run": hil.id, "folder": str(hil.folder)}})

    def pytest_configure(self, config: pytest.Config) -> None:
        """Take the configuration, and the shipped scenarios where no path was named."""
        from harness.pytest_plugin.run import IS_PART

        self.config = config
        config.stash[IS_PART] = self._line is not None
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

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Spare the end of a run without Hypothesis the loading of it.

        Where Hypothesis is installed its plugin imports it for the terminal's summary, whether a
        test used it or not: 0.2 s of each run, and 0.7 s where no bytecode is kept.
        """
        unused = session.config.pluginmanager.get_plugin("hypothesispytest")
        if unused is not None and "hypothesis" not in sys.modules:
            session.config.pluginmanager.unregister(unused)

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


def _nothing_ran(code: int) -> dict[str, object]:
    """Return the object of ``--json`` for a run that did not begin."""
    counts = dict.fromkeys(VERDICTS, 0)
    nothing: dict[str, object] = {"boards": [], "report": None, "run": None, "coverage": []}
    return {"verdicts": counts, "exit": code, **nothing}


def _print_nothing_ran(code: int) -> None:
    print_json(_nothing_ran(code))


def _check_at_once(duts: list[Dut], inventory: Inventory) -> None:
    """Tell a wrong, absent or excluded board in a moment, before anything heavy is loaded.

    The port is not opened: on a real board that could reset it.
    """
    from harness.lab.admission import Admission
    from harness.lab.probed import ProbedFile

    admission = Admission(ProbedFile(inventory.path))
    wrong = []
    for dut in duts:
        try:
            admission.check(dut)
        except HarnessError as error:
            wrong.append(error)
    # With several boards the others are tested all the same, and this one's tests are blocked.
    if wrong and len(wrong) == len(duts):
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
