"""Open a board of the inventory: is it in use, who has to answer, what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.board.recovery import BoardLost
from harness.board.repl import ReplObserver
from harness.deadline import Deadline
from harness.errors import HarnessError, IdentityMismatch, LinkTimeout
from harness.lab.discovery import follow
from harness.lab.dut import Dut
from harness.lab.flash import find_esptool, read_image, write_image
from harness.lab.lease import LeaseTerms
from harness.lab.opened import OpenedBoard, Tell, WriteFirmware, open_board
from harness.lab.power import Switch
from harness.lab.probed import Probed, ProbedFile, now_utc
from harness.link.open import find_address, location_of
from harness.link.serial import check_path, find_ports
from harness.link.spec import BoardSpec
from harness.link.tap import Listener
from harness.link.virtual import VirtualSettings


@dataclass(frozen=True)
class Admission:
    """How boards are opened.

    Attributes:
        probed: Where what is found out is remembered.
        terms: On what terms they are taken.
        virtual: Settings of virtual boards.
        esptool: Path of the program that writes firmware; empty to search when it is needed.
    """

    probed: ProbedFile = field(default_factory=lambda: ProbedFile(None))
    terms: LeaseTerms = field(default_factory=LeaseTerms)
    virtual: VirtualSettings = field(default_factory=VirtualSettings)
    esptool: str = ""

    def check(self, dut: Dut) -> None:
        """Refuse a board that is set aside or whose port is not there, without touching it.

        Raises:
            HarnessError: It is set aside; the message says why and until when.
            LinkOpenFailed: The port is absent, no port, or may not be opened.
        """
        aside = self.probed.read(dut.name).aside if dut.is_listed else None
        if aside is not None and not aside.is_over(now_utc()):
            raise HarnessError(
                "the board is set aside",
                on=dut.name,
                expected="a board that works",
                got=f"{aside.reason} (since {aside.since}; it is tried again after {aside.until})",
                advice=f"look at it, then: hil boards readmit {dut.name}",
            )
        spec = self._where(dut)
        if not spec.is_made and spec.kind != "url":
            check_path(find_address(spec))

    def open(
        self,
        dut: Dut,
        *,
        observer: ReplObserver | None = None,
        listener: Listener | None = None,
        recovered: Tell | None = None,
    ) -> OpenedBoard:
        """Open a board and check that it is the one that the inventory means.

        Args:
            dut: The board.
            observer: See `open_board`.
            listener: See `open_board`.
            recovered: See `open_board`. With it a board that does not come back is set aside.

        Raises:
            HarnessError: It is set aside, or cannot be had; see `open_board`.
            IdentityMismatch: Another chip or another firmware answers.
        """
        self.check(dut)
        power = Switch(dut.power, dut.name) if dut.power is not None else None
        spec = self._where(dut)
        try:
            opened = open_board(
                spec,
                dut.profile,
                name=dut.name,
                virtual=self.virtual,
                observer=observer,
                listener=listener,
                terms=self.terms,
                power=power,
                recovered=recovered,
                flash=self.firmware_writer(dut),
            )
        except (BoardLost, LinkTimeout) as error:
            if recovered is not None:
                self.set_aside(dut, error)
            raise
        try:
            _check_identity(dut, opened)
            self._remember(dut, spec, opened)
        except BaseException:
            opened.close()
            raise
        return opened

    def firmware_writer(self, dut: Dut) -> WriteFirmware | None:
        """Return what writes a board's firmware anew; None where that is not allowed."""
        if not (dut.may_flash and dut.image):
            return None

        def write(port: str, deadline: Deadline) -> None:
            write_image(port, read_image(Path(dut.image)), find_esptool(self.esptool), deadline)

        return write

    def set_aside(self, dut: Dut, error: HarnessError) -> None:
        """Take a board of the inventory out of use; others are not remembered."""
        if dut.is_listed:
            reason = f"{error.tried}: {error.got}" if error.got else error.tried
            self.probed.set_aside(dut.name, " ".join(reason.split())[:300])

    def worked(self, dut: Dut) -> None:
        """End a board's probation: a whole run went well on it."""
        if dut.is_listed and self.probed.read(dut.name).aside is not None:
            self.probed.readmit(dut.name)

    def _where(self, dut: Dut) -> BoardSpec:
        """Return how the board is reached now: its port may have got another name."""
        moved = follow(dut, self.probed.read(dut.name), find_ports()) if dut.is_listed else None
        return dut.spec if moved is None else BoardSpec("port", moved, f"port:{moved}")

    def _remember(self, dut: Dut, spec: BoardSpec, opened: OpenedBoard) -> None:
        if not dut.is_listed:
            return
        address = opened.board.rig.port.removeprefix("port:")
        self.probed.update(dut.name, seen_now(opened, "" if spec.is_made else address))


def seen_now(opened: OpenedBoard, address: str) -> Callable[[Probed], Probed]:
    """Return the change to what is known of a board that has just answered.

    Args:
        opened: The board.
        address: Path of its port; empty where it has none that lasts.
    """
    location = location_of(address) if address and "://" not in address else ""
    serial_number = next((p.serial_number for p in find_ports() if p.location == location), "")

    def change(before: Probed) -> Probed:
        aside = before.aside
        return replace(
            before,
            id=opened.identity.id,
            firmware=opened.identity.firmware,
            machine=opened.identity.machine,
            location=location,
            serial_number=serial_number if location else "",
            seen=now_utc().isoformat(),
            aside=None if aside is None else replace(aside, is_on_probation=True),
        )

    return change


def is_version_of(found: str, wanted: str) -> bool:
    """Return whether a firmware is the one that is wanted, or a closer name for it.

    ``micropython 1.28`` is met by ``micropython 1.28.0`` and not by ``micropython 1.280``.
    """
    rest = found.removeprefix(wanted)
    return found.startswith(wanted) and (not wanted or rest[:1] in ("", ".", " ", "-"))


def _check_identity(dut: Dut, opened: OpenedBoard) -> None:
    found = opened.identity
    if dut.id and found.id != dut.id:
        raise IdentityMismatch(
            "another board answers on the port than the inventory says",
            on=dut.name,
            expected=f"chip {dut.id}",
            got=f"chip {found.id or 'without id'} with {found.firmware}",
            advice="hil boards list; two boards may have been swapped",
        )
    if not is_version_of(found.firmware, dut.firmware):
        raise IdentityMismatch(
            "the board runs another firmware than the inventory says",
            on=dut.name,
            expected=dut.firmware,
            got=found.firmware,
            advice=f"hil flash IMAGE --board {dut.name}, or change `firmware` in boards.toml",
        )
