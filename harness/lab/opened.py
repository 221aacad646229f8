"""Open a board that was asked for, find out who it is, and push the device code to it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.board.board import Board, BoardIdentity
from harness.board.deployer import DeployResult
from harness.board.manifest import Manifest
from harness.board.profile import BoardProfile
from harness.board.recovery import Recovery, RungResult
from harness.board.repl import ReplObserver
from harness.deadline import Deadline
from harness.errors import LeaseBusy, LinkError, LinkOpenFailed, LinkTimeout
from harness.lab.lease import Lease, LeaseTerms, take_lease
from harness.link.holder import find_holders
from harness.link.open import OpenRig, OpenSettings, find_address, lease_key, open_rig
from harness.link.rig import Power
from harness.link.serial import SerialSettings
from harness.link.spec import BoardSpec
from harness.link.tap import Listener
from harness.link.virtual import VirtualSettings

#: A real board boots for some seconds when opening the port has reset it.
OPEN_S = 15.0
#: So long a board that the rig can reset is waited for first: a board that is dead is known within
#: `OPEN_S`, the ladder of recoveries included.
FIRST_S = 3.0
DEPLOY_S = 180.0
#: For the ladder in the middle of a run, without writing firmware.
RECOVER_S = 30.0

Tell = Callable[[RungResult], None]

#: Writes firmware over a port, given by its path, which is free meanwhile.
WriteFirmware = Callable[[str, Deadline], None]


@dataclass(frozen=True)
class OpenedBoard:
    """A board that is ready for tests.

    Attributes:
        board: The handle.
        identity: Who answered.
        opened: The rig in use.
        resources: All that is held for it; `close` gives it back.
    """

    board: Board
    identity: BoardIdentity
    opened: OpenRig
    resources: contextlib.ExitStack

    def deploy(
        self, manifest: Manifest, progress: Callable[[str, int], None] | None = None
    ) -> DeployResult:
        """Push what differs, then give the board a fresh interpreter, so that it is what runs.

        Raises:
            IdentityMismatch: After the reset another board answers on the port.
        """
        deadline = Deadline.after(DEPLOY_S)
        result = self.board.deploy(manifest, deadline, progress)
        # Neither has to wait for as long as a push may take: a lost byte would keep it waiting.
        self.board.reset(deadline.at_most(OPEN_S))
        self.board.require_identity(self.identity, deadline.at_most(OPEN_S))
        return result

    def recover(
        self,
        error: LinkError,
        manifest: Manifest | None,
        tell: Tell,
        flash: WriteFirmware | None = None,
    ) -> None:
        """Bring the board back to its raw prompt, with what was pushed on it.

        Args:
            error: Why.
            manifest: What has to be on it.
            tell: Is told of each rung.
            flash: Writes its firmware; None where that is not allowed.

        Raises:
            BoardLost: It does not come back.
            IdentityMismatch: Another board answers.
        """
        recovery = Recovery(
            self.board,
            tell,
            identity=self.identity,
            manifest=manifest,
            flash=_flash_rung(self.opened, flash),
        )
        recovery.run(error, Deadline.after(RECOVER_S))

    def close(self) -> None:
        """Leave the board at the friendly prompt, where a person expects it, and give it back."""
        with contextlib.suppress(LinkError):
            # A board that hangs or has gone must not keep its port from being given back.
            if self.board.repl.is_idle:
                self.board.repl.leave(Deadline.after(1.0))
        self.resources.close()


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
    name: str = "",
    virtual: VirtualSettings | None = None,
    observer: ReplObserver | None = None,
    listener: Listener | None = None,
    timeout_s: float = OPEN_S,
    terms: LeaseTerms | None = None,
    power: Power | None = None,
    recovered: Tell | None = None,
    flash: WriteFirmware | None = None,
) -> OpenedBoard:
    """Take a board, open it and ask it who it is.

    Args:
        spec: Which board.
        profile: What kind it is.
        name: What reports call it; that of the specification without one.
        virtual: Settings of a virtual board.
        observer: Is told of each piece of code that runs on it.
        listener: Is told of all bytes on its line.
        timeout_s: By when it must have answered.
        terms: On what terms it is taken.
        power: Its power switch, where the rig brings none of its own.
        recovered: Is told of the rungs by which a board that does not answer is brought back;
            without it nothing is tried, and a program that hangs on the board goes on.
        flash: Writes its firmware, as the last of these rungs; None where that is not allowed.

    Raises:
        LinkOpenFailed: The port is absent or may not be opened.
        LeaseBusy: Somebody else holds the board, or another program its port.
        LinkTimeout: It does not answer as a MicroPython REPL.
        BoardLost: It does not, after all that could be tried.
    """
    name = name or spec.name
    deadline = Deadline.after(timeout_s)
    settings = OpenSettings(
        serial=SerialSettings(baud=profile.baud, dtr=profile.dtr, rts=profile.rts),
        virtual=virtual or VirtualSettings(),
        has_reset_line=profile.has_reset_line,
    )
    count = LineCount(listener)
    terms = terms or LeaseTerms()
    with contextlib.ExitStack() as resources:
        key = lease_key(spec)
        if key is not None:
            resources.callback(take_lease(key, terms, name).release)
            # Waiting for the lease was not the board's fault.
            deadline = Deadline.after(timeout_s)
        opened = _open(spec, settings, deadline, count)
        resources.callback(opened.close)
        rig = opened.rig if opened.rig.power else replace(opened.rig, power=power)
        board = Board(name, rig, profile, observer=observer, line_bytes=lambda: count.total)
        identity = _identify(board, deadline, recovered, _flash_rung(opened, flash))
        if key is not None and identity.id:
            resources.callback(_take_chip(identity, terms, name).release)
        return OpenedBoard(board, identity, opened, resources.pop_all())


def _take_chip(identity: BoardIdentity, terms: LeaseTerms, name: str) -> Lease:
    """Take the board itself too: it may be reached by two ways, as through a serial server."""
    return take_lease(f"chip-{identity.id}", replace(terms, wait_s=0.0), name)


def _open(
    spec: BoardSpec, settings: OpenSettings, deadline: Deadline, listener: Listener
) -> OpenRig:
    try:
        return open_rig(spec, settings, deadline, listener)
    except LinkOpenFailed as error:
        if error.reason != "busy":
            raise
        holders = ", ".join(map(str, find_holders(find_address(spec))))
        raise LeaseBusy(error.tried, on=error.on, got=holders, advice=error.advice) from error


def _flash_rung(opened: OpenRig, flash: WriteFirmware | None) -> Callable[[Deadline], None] | None:
    if flash is None:
        return None

    def write(deadline: Deadline) -> None:
        with opened.tap.lent():
            flash(opened.tap.name, deadline)

    return write


def _identify(
    board: Board,
    deadline: Deadline,
    recovered: Tell | None,
    flash: Callable[[Deadline], None] | None,
) -> BoardIdentity:
    rig = board.rig
    has_rung = rig.lines is not None or rig.power is not None or flash is not None
    can_recover = recovered is not None and has_rung
    try:
        return board.identify(deadline.at_most(FIRST_S) if can_recover else deadline)
    except LinkError as error:
        if recovered is not None and can_recover:
            return Recovery(board, recovered, flash=flash).run(error, deadline)
        _name_listeners(board, error)
        raise


def _name_listeners(board: Board, error: LinkError) -> None:
    """Say who else has the port open: such a program takes what the board answers."""
    if not isinstance(error, LinkTimeout):
        return
    holders = ", ".join(map(str, find_holders(board.rig.port.removeprefix("port:"))))
    if holders:
        error.advice += f"; the port is open in {holders} too"
