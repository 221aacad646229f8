"""Open a board that was asked for, find out who it is, and push the device code to it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from harness.board.board import Board, BoardIdentity
from harness.board.deployer import DeployResult
from harness.board.manifest import Manifest
from harness.board.profile import BoardProfile
from harness.board.repl import ReplObserver
from harness.deadline import Deadline
from harness.errors import LeaseBusy, LinkError, LinkOpenFailed
from harness.link.open import OpenRig, OpenSettings, open_rig
from harness.link.serial import SerialSettings
from harness.link.spec import BoardSpec
from harness.link.tap import Listener
from harness.link.virtual import VirtualSettings

#: A real board boots for some seconds when opening the port has reset it.
OPEN_S = 15.0
DEPLOY_S = 180.0


@dataclass(frozen=True)
class OpenedBoard:
    """A board that is ready for tests.

    Attributes:
        board: The handle.
        identity: Who answered.
        opened: The rig in use; `close` gives all of it back.
    """

    board: Board
    identity: BoardIdentity
    opened: OpenRig

    def deploy(
        self, manifest: Manifest, progress: Callable[[str, int], None] | None = None
    ) -> DeployResult:
        """Push what differs, then give the board a fresh interpreter, so that it is what runs.

        Raises:
            IdentityMismatch: After the reset another board answers on the port.
        """
        deadline = Deadline.after(DEPLOY_S)
        result = self.board.deploy(manifest, deadline, progress)
        self.board.reset(deadline)
        self.board.require_identity(self.identity, deadline)
        return result

    def close(self) -> None:
        """Leave the board at the friendly prompt, where a person expects it, and give it back."""
        with contextlib.suppress(LinkError):
            # A board that hangs or has gone must not keep its port from being given back.
            if self.board.repl.is_idle:
                self.board.repl.leave(Deadline.after(1.0))
        self.opened.close()


class LineCount:
    """Counts the bytes on a line and hands them on."""

    def __init__(self, listener: Listener | None) -> None:
        """Hand bytes on to `listener`, if there is one."""
        self.total = 0
        self._listener = listener

    def __call__(self, at_s: float, direction: str, data: bytes) -> None:
        """Take what passed."""
        self.total += len(data)
        if self._listener is not None:
            self._listener(at_s, direction, data)


def open_board(
    spec: BoardSpec,
    profile: BoardProfile,
    *,
    virtual: VirtualSettings | None = None,
    observer: ReplObserver | None = None,
    listener: Listener | None = None,
    timeout_s: float = OPEN_S,
) -> OpenedBoard:
    """Open a board and ask it who it is.

    Args:
        spec: Which board.
        profile: What kind it is.
        virtual: Settings of a virtual board.
        observer: Is told of each piece of code that runs on it.
        listener: Is told of all bytes on its line.
        timeout_s: By when it must have answered.

    Raises:
        LinkOpenFailed: The port is absent or may not be opened.
        LeaseBusy: Another program holds the port.
        LinkTimeout: It does not answer as a MicroPython REPL.
    """
    deadline = Deadline.after(timeout_s)
    settings = OpenSettings(
        serial=SerialSettings(baud=profile.baud, dtr=profile.dtr, rts=profile.rts),
        virtual=virtual or VirtualSettings(),
        has_reset_line=profile.has_reset_line,
    )
    count = LineCount(listener)
    try:
        opened = open_rig(spec, settings, deadline, count)
    except LinkOpenFailed as error:
        if error.reason != "busy":
            raise
        raise LeaseBusy(error.tried, on=error.on, advice=error.advice) from error
    with contextlib.ExitStack() as undo:
        undo.callback(opened.close)
        board = Board(
            spec.name, opened.rig, profile, observer=observer, line_bytes=lambda: count.total
        )
        identity = board.identify(deadline)
        undo.pop_all()
    return OpenedBoard(board, identity, opened)
