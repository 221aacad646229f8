"""Run a virtual board in the foreground and show its panel and LED."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NoReturn

from harness.cli.target import add_device_src_argument, manifest_of

if TYPE_CHECKING:
    from rich.console import RenderableType

    from harness.link.rig import BenchState
    from harness.link.virtual import VirtualControl

#: A supervisor is ready in a tenth of a second, on a loaded machine in some.
START_S = 20.0
#: The supervisor answers in milliseconds; this is for a machine that swaps.
ANSWER_S = 10.0
#: How long one wait for something to show lasts; signals end it at once.
WAIT_S = 3600.0
ROWS = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--json", action="store_true", help='print one object {"port", "id"} once it is ready'
    )
    parser.add_argument(
        "--flash", metavar="FILE", default="", help="keep the board's files in this image"
    )
    parser.add_argument("--name", default="virtual", help="name for messages")
    parser.add_argument("--heap", default=None, help="size of MicroPython's heap (200k)")
    parser.add_argument(
        "--time-scale",
        type=int,
        default=1,
        metavar="N",
        help="let time pass N times as fast while its programs wait (docs/virtual-board.md)",
    )
    line = parser.add_argument_group("the serial line")
    line.add_argument(
        "--baud", type=int, default=0, metavar="N", help="bits a second both ways (no limit)"
    )
    line.add_argument(
        "--latency", type=float, default=0.0, metavar="MS", help="of its USB adapter, each way (0)"
    )
    line.add_argument(
        "--packet", type=int, default=16, metavar="N", help="bytes that arrive together (16)"
    )
    line.add_argument(
        "--uart", type=int, default=0, metavar="N", help="size of its receive buffer (no limit)"
    )
    parser.add_argument(
        "--fault",
        metavar="LIST",
        default="",
        help="what is wrong with it, such as boot-noise,drop=0.001,seed=7 (docs/virtual-board.md)",
    )
    parser.add_argument(
        "--bare", action="store_true", help="leave its flash as it is: do not push the device code"
    )
    add_device_src_argument(parser)
    parser.add_argument("--no-panel", action="store_true", help="do not draw the panel and the LED")
    parser.add_argument(
        "--micropython",
        metavar="PATH",
        default=os.environ.get("HIL_MICROPYTHON", ""),
        help="interpreter in place of the installed one (default: $HIL_MICROPYTHON)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the board until Ctrl-C or SIGTERM.

    Returns:
        0: that is how it ends in order.

    Raises:
        HarnessError: It could not be started, or ended by itself.
    """
    from harness.deadline import Deadline
    from harness.errors import LinkLost
    from harness.link.virtual import (
        VirtualControl,
        VirtualSettings,
        find_control,
        parse_fault,
        start_virtual,
    )

    fault = parse_fault(args.fault)
    heap = {"heap": args.heap} if args.heap else {}
    settings = VirtualSettings(
        name=args.name,
        flash=args.flash,
        micropython=args.micropython,
        time_scale=args.time_scale,
        baud=args.baud,
        latency_ms=args.latency,
        packet_bytes=args.packet,
        uart_bytes=args.uart,
        **heap,
    )
    with (
        contextlib.suppress(KeyboardInterrupt),
        _interrupted_by_signals(),
        contextlib.ExitStack() as resources,
    ):
        board = start_virtual(settings, Deadline.after(START_S))
        resources.callback(board.close)
        if not args.bare:
            _push(board.port, args)
        path = find_control(board.port)
        if path is None:
            raise LinkLost("the virtual board ended right after its start", on=board.port)
        control = VirtualControl(path, Deadline.after(ANSWER_S))
        resources.callback(control.close)
        if args.fault:
            # The device code was pushed to a sound board; those of the firmware show at a boot.
            fault = parse_fault(control.set_fault(fault, Deadline.after(ANSWER_S)))
            control.power.off(Deadline.after(ANSWER_S))
            control.power.on(Deadline.after(ANSWER_S))
        _announce(control, str(fault), as_json=args.json)
        show: Callable[[], None] = _nothing
        if not args.json and not args.no_panel and sys.stdout.isatty():
            show = resources.enter_context(_drawing(control))
        while True:
            control.bench.wait_event(0, Deadline.after(WAIT_S))
            # Only what is seen now is shown; a board that lives for days must not fill the memory.
            control.bench.take()
            show()
    return 0


def _push(port: str, args: argparse.Namespace) -> None:
    """Put the device code on the board, so that its programs find `codey` and `mqtt`."""
    from harness.board.profile import CODEY
    from harness.lab.opened import open_board
    from harness.link.spec import parse_specs

    with contextlib.closing(open_board(parse_specs(f"port:{port}")[0], CODEY)) as opened:
        opened.deploy(manifest_of(args))


def _nothing() -> None:
    """Show nothing: standard output is for a program."""


def _announce(control: VirtualControl, fault: str, *, as_json: bool) -> None:
    identity = control.identity
    if as_json:
        told = {"port": identity["port"], "id": identity["id"]}
        print(json.dumps(told | ({"fault": fault} if fault else {})), flush=True)
        return
    ssid, password = control.network
    scale = control.time_scale
    print(
        f"virtual board {identity['id']} at {identity['port']}\n"
        f"Wi-Fi for its programs: {ssid} / {password}\n"
        + (f"its time passes {scale} times as fast\n" if scale != 1 else "")
        + (f"what is wrong with it: {fault}\n" if fault else "")
        + f"try: mpremote connect {identity['port']} repl      (Ctrl-C here ends it)",
        flush=True,
    )


@contextlib.contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGINT end the board, the latter too where a shell's `&` has it ignored."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _drawing(control: VirtualControl) -> Iterator[Callable[[], None]]:
    """Draw panel and LED in place; the value draws them anew."""
    from rich.live import Live

    from harness.deadline import Deadline

    def look() -> RenderableType:
        state = control.bench.state(Deadline.after(ANSWER_S))
        return draw(state)

    with Live(look(), auto_refresh=False) as live:
        yield lambda: live.update(look(), refresh=True)


def draw(state: BenchState) -> RenderableType:
    """Return panel and LED as rich shows them.

    Args:
        state: What the bench sees.
    """
    from rich.panel import Panel
    from rich.text import Text

    picture = Text()
    for row in range(ROWS):
        for column in state.columns:
            is_lit = column & 0x80 >> row
            picture.append("██" if is_lit else "··", "bright_white" if is_lit else "grey23")
        picture.append("\n")
    red, green, blue = state.led
    picture.append("LED ")
    picture.append("●", f"rgb({red},{green},{blue})" if any(state.led) else "grey23")
    picture.append(f" {red},{green},{blue}")
    if state.wifi:
        picture.append(f"   Wi-Fi {state.wifi}")
    return Panel(picture, expand=False, title="Codey")
