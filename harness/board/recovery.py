"""The ladder by which a board that does not answer is brought back, the gentlest rung first.

After each rung the board has to prove itself: the same chip, the same firmware, and on its flash
what was pushed. Rungs that the rig cannot do are left out; a port that has gone away is opened anew
first. A board that answers on no rung is lost, and its caller sets it aside.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.board.board import Board, BoardIdentity
from harness.board.manifest import Manifest
from harness.deadline import Deadline
from harness.errors import HarnessError, IdentityMismatch, LinkLost

#: A hub lists a device that comes back within a second, a serial server at once.
REOPEN_S = 2.0
#: A board that runs a program answers Ctrl-C within milliseconds. Whoever comes here has tried for
#: seconds already: these rungs are for what changed meanwhile.
INTERRUPT_S = 0.5
RAW_MODE_S = 0.5
SOFT_RESET_S = 1.5
#: An ESP32 is at its prompt about a second after a reset, with Wi-Fi in `boot.py` in two.
HARD_RESET_S = 3.0
POWER_ON_S = 4.0
#: esptool writes 2 MB in 50 s at 460800 baud.
FLASH_S = 180.0
#: Reading back what is on the flash, and pushing it again where it differs.
PROVE_S = 60.0


@dataclass(frozen=True)
class RungResult:
    """What one rung did.

    Attributes:
        rung: Its name.
        is_back: Whether the board proved itself afterwards.
        seconds: How long it took, the proof included.
        detail: What stood in the way, or what had to be pushed again; empty when nothing.
    """

    rung: str
    is_back: bool
    seconds: float
    detail: str = ""


class BoardLost(HarnessError):
    """A board came back by no rung of the ladder; `rungs` says what was tried."""

    def __init__(self, error: HarnessError, name: str, rungs: list[RungResult]) -> None:
        """Build the error.

        Args:
            error: Why the ladder was climbed.
            name: The board's.
            rungs: What was tried.
        """
        tried = ", ".join(f"{each.rung} ({each.seconds:.1f} s)" for each in rungs)
        super().__init__(
            "the board does not answer and could not be brought back",
            on=name,
            expected=f"its raw prompt after one of: {tried}",
            got=error.tried,
            advice="look at its cable, supply and port",
        )
        self.rungs = rungs


class Recovery:
    """Brings one board back."""

    def __init__(
        self,
        board: Board,
        tell: Callable[[RungResult], None],
        *,
        identity: BoardIdentity | None = None,
        manifest: Manifest | None = None,
        flash: Callable[[Deadline], None] | None = None,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:
            board: The board.
            tell: Is told of each rung as it ends; writes the evidence.
            identity: Who has to answer; None when nobody has answered yet.
            manifest: What has to be on its flash; None when nothing was pushed yet.
            flash: Writes its firmware anew, where that is allowed; the port is free meanwhile.
        """
        self._board = board
        self._tell = tell
        self._identity = identity
        self._manifest = manifest
        self._flash = flash

    def run(self, error: HarnessError, deadline: Deadline) -> BoardIdentity:
        """Climb until the board is back, at the raw prompt.

        Args:
            error: Why.
            deadline: No rung but the last begins after it; each has a limit of its own too.

        Returns:
            Who answered.

        Raises:
            BoardLost: No rung helped.
            LinkLost: The port is gone and does not come back.
            IdentityMismatch: Another board answers.
        """
        results: list[RungResult] = []
        is_lost = isinstance(error, LinkLost)
        for name, budget_s, climb in self._rungs(is_lost=is_lost):
            # Writing firmware takes a minute, and only whoever has allowed it has to wait for it.
            is_limited = name != "flash"
            if is_limited and deadline.is_expired:
                continue
            started_s = time.monotonic()
            detail, found = "", None
            try:
                limit = Deadline.after(budget_s)
                climb(deadline.at_most(budget_s) if is_limited else limit)
                found, detail = self._prove(name)
            except IdentityMismatch as mismatch:
                self._note(results, name, started_s, None, mismatch.one_line())
                raise
            except HarnessError as failed:
                detail = failed.tried
            self._note(results, name, started_s, found, detail)
            if found is not None:
                return found
        if is_lost:
            # The port is what is wrong, and its message says so.
            raise error
        raise BoardLost(error, self._board.name, results) from error

    def _note(
        self,
        results: list[RungResult],
        name: str,
        started_s: float,
        found: BoardIdentity | None,
        detail: str,
    ) -> None:
        result = RungResult(name, found is not None, time.monotonic() - started_s, detail)
        results.append(result)
        self._tell(result)

    def _rungs(self, *, is_lost: bool) -> Iterator[tuple[str, float, Callable[[Deadline], None]]]:
        rig = self._board.rig
        if is_lost and rig.reopen is not None:
            yield "reopen", REOPEN_S, self._reopen
        if not is_lost:
            yield "interrupt", INTERRUPT_S, self._board.repl.enter
            yield "raw mode", RAW_MODE_S, self._raw_mode
            yield "soft reset", SOFT_RESET_S, self._soft_reset
            if rig.lines is not None:
                yield "reset line", HARD_RESET_S, self._board.hard_reset
        if rig.power is not None:
            yield "power cycle", POWER_ON_S + rig.power.off_s, self._power_cycle
        if self._flash is not None:
            yield "flash", FLASH_S, self._write_firmware

    def _reopen(self, deadline: Deadline) -> None:
        if self._board.rig.reopen is not None:
            self._board.rig.reopen(deadline)
        self._board.repl.enter(deadline)

    def _raw_mode(self, deadline: Deadline) -> None:
        """Leave raw mode unasked, as after a host that died in it, and enter it anew."""
        self._board.rig.link.write(b"\r\x03\x03\x02", deadline)
        self._board.repl.enter(deadline)

    def _soft_reset(self, deadline: Deadline) -> None:
        """Ask the friendly prompt for a soft reset: it works without an answer."""
        self._board.rig.link.write(b"\r\x03\x03\x02\x04", deadline)
        self._board.repl.enter(deadline)

    def _power_cycle(self, deadline: Deadline) -> None:
        power = self._board.rig.power
        if power is None:
            return
        power.off(deadline)
        power.on(deadline)
        self._reopen(deadline)

    def _write_firmware(self, deadline: Deadline) -> None:
        if self._flash is not None:
            self._flash(deadline)
        self._reopen(deadline)

    def _prove(self, rung: str) -> tuple[BoardIdentity, str]:
        """Return who answers and what had to be done to it."""
        deadline = Deadline.after(PROVE_S)
        found = self._board.identify(deadline)
        if self._identity is not None and found != self._identity:
            is_same_chip = found.id == self._identity.id
            if rung != "flash" or not is_same_chip:
                self._board.refuse(self._identity, found)
        if self._manifest is None:
            return found, ""
        if self._board.holds(self._manifest, deadline):
            return found, ""
        pushed = self._board.deploy(self._manifest, deadline).pushed
        self._board.reset(deadline)
        return found, f"its files were not those that were pushed; pushed again: {len(pushed)}"
