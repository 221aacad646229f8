"""`Board`: one open board, and all that can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from harness.board.deployer import Deployer, DeployResult
from harness.board.device_call import call_device, not_our_code
from harness.board.files import DeviceFiles
from harness.board.manifest import Manifest
from harness.board.profile import BoardProfile
from harness.board.program import Program
from harness.board.readback import Readback
from harness.board.repl import Repl, ReplObserver
from harness.board.snapshot import Snapshot
from harness.deadline import Deadline
from harness.errors import DeviceException, HarnessError, IdentityMismatch
from harness.link.rig import Rig

#: How long a board is asked by Ctrl-C alone; the ladder asks on before it does more.
HANG_S = 2.0


@dataclass(frozen=True)
class BoardIdentity:
    """Who answered.

    Attributes:
        id: `machine.unique_id()` in hex; empty when the port has none.
        firmware: Interpreter and version, such as ``micropython 1.28.0``.
        machine: What the firmware says it runs on.
    """

    id: str
    firmware: str
    machine: str


class Board:
    """Our handle on an open board.

    Attributes:
        name: What reports call it.
        rig: How it is reached.
        profile: What kind it is.
        repl: Its raw REPL.
        files: Its file system.
        readback: Its display and LED.
    """

    def __init__(
        self,
        name: str,
        rig: Rig,
        profile: BoardProfile,
        *,
        observer: ReplObserver | None = None,
        line_bytes: Callable[[], int] = lambda: 0,
    ) -> None:
        """Take over an open rig; nothing is sent yet.

        Args:
            name: What reports call it.
            rig: An open rig.
            profile: What kind of board it is.
            observer: Is told of each piece of code that ran.
            line_bytes: Returns how many bytes have crossed the line so far.
        """
        self.name = name
        self.rig = rig
        self.profile = profile
        self.repl = Repl(rig.link, observer=observer)
        self.files = DeviceFiles(self.repl)
        self.readback = Readback(self.repl, rig)
        self._deployer = Deployer(self.files, line_bytes)
        self._manifest: Manifest | None = None

    def capabilities(self) -> frozenset[str]:
        """Return what a test may ask for in ``needs``: the profile's and the rig's."""
        return self.profile.capabilities | self.rig.capabilities()

    def identify(self, deadline: Deadline) -> BoardIdentity:
        """Enter the raw REPL and ask the board who it is.

        Raises:
            LinkTimeout: It does not answer as a MicroPython REPL.
            RemoteProtocolError: What it ran or answered is not what was sent.
        """
        self.repl.enter(deadline)
        try:
            answer: Any = call_device(self.repl, "identify", (), deadline)
        except DeviceException as error:
            raise not_our_code(error) from error
        return BoardIdentity(
            id=str(answer["id"]), firmware=str(answer["firmware"]), machine=str(answer["machine"])
        )

    def mpy_version(self, deadline: Deadline) -> int:
        """Return what says which `.mpy` files the board loads; 0 for none."""
        asked = "getattr(__import__('sys').implementation,'_mpy',0)"
        found = self.repl.evaluate(asked, deadline)
        return found if isinstance(found, int) else 0

    def require_identity(self, expected: BoardIdentity, deadline: Deadline) -> None:
        """Check that the same board still answers, as after a reset or a lost port.

        Raises:
            IdentityMismatch: Another one does.
        """
        found = self.identify(deadline)
        if found != expected:
            self.refuse(expected, found)

    def refuse(self, expected: BoardIdentity, found: BoardIdentity) -> NoReturn:
        """Say that another board answers than the one that has to.

        Raises:
            IdentityMismatch: Always.
        """
        raise IdentityMismatch(
            "another board answers on the port",
            on=self.name,
            expected=f"{expected.id} with {expected.firmware}",
            got=f"{found.id} with {found.firmware}",
            advice="hil boards",
        )

    def holds(self, manifest: Manifest, deadline: Deadline) -> bool:
        """Return whether the board's files are those of a manifest, by their digests on it."""
        return self._deployer.verify(manifest, deadline) == manifest.sha256

    def deploy(
        self,
        manifest: Manifest,
        deadline: Deadline,
        progress: Callable[[str, int], None] | None = None,
    ) -> DeployResult:
        """Bring the board's files to what the manifest says; see `Deployer.deploy`.

        Modules that the interpreter has loaded already stay as they were: `reset` afterwards.
        """
        result = self._deployer.deploy(manifest, deadline, progress)
        self._manifest = manifest
        self.repl.places.update(manifest.places)
        self.readback.has_probe = any(
            path.endswith(("/hilprobe.py", "/hilprobe.mpy")) for path in manifest.files
        )
        return result

    def start(self, source: str, deadline: Deadline, *, quiet: bool = False) -> Program:
        """Run code and return while it runs; see `Repl.start`."""
        return self.repl.start(source, deadline, quiet=quiet)

    def exec(self, source: str, deadline: Deadline) -> bytes:
        """Run code to its end; see `Repl.exec`."""
        return self.repl.exec(source, deadline)

    def snapshots(self, deadline: Deadline) -> tuple[Snapshot, ...]:
        """Return what the board shows now; see `Readback.snapshots`."""
        return self.readback.snapshots(deadline)

    def reset(self, deadline: Deadline) -> None:
        """Bring the interpreter to a fresh state, by Ctrl-C and a soft reset.

        Raises:
            LinkTimeout: It ignores Ctrl-C; see `harness.board.recovery` for what is left to do.
        """
        if not self.repl.is_idle:
            can_do_more = self.rig.lines is not None or self.rig.power is not None
            self.repl.enter(deadline.at_most(HANG_S) if can_do_more else deadline)
        self.repl.soft_reset(deadline)

    def hard_reset(self, deadline: Deadline) -> None:
        """Pull the reset line and enter the raw REPL again.

        Raises:
            HarnessError: The rig has no reset line that we may use.
        """
        if self.rig.lines is None:
            raise HarnessError(
                "the board cannot be reset by a line",
                on=self.name,
                expected="a rig with a reset line",
                advice="soft reset, or switch its supply",
            )
        self.rig.lines.hard_reset(deadline)
        self.repl.enter(deadline)

    def power_cycle(self, deadline: Deadline) -> None:
        """Take the supply away and give it back, then enter the raw REPL.

        Raises:
            HarnessError: The rig has no switch.
        """
        if self.rig.power is None:
            raise HarnessError(
                "the board's supply cannot be switched",
                on=self.name,
                expected="a rig with a power switch",
            )
        self.rig.power.off(deadline)
        self.rig.power.on(deadline)
        self.repl.enter(deadline)
