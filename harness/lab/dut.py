"""`Dut`: a board under test as it was asked for, before anybody has opened it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.board.profile import CODEY, BoardProfile
from harness.link.spec import BoardSpec


@dataclass(frozen=True)
class PowerSettings:
    """A switch for a board's supply.

    Attributes:
        driver: ``uhubctl``, ``tasmota``, ``tasmota-mqtt``, ``gpio`` or ``command``.
        options: What the driver needs, as the inventory has it; see `harness.lab.power`.
        off_s: For how long the supply is cut at least: some boards live for a second on their
            capacitors.
    """

    driver: str
    options: Mapping[str, object] = field(default_factory=dict)
    off_s: float = 2.0


@dataclass(frozen=True)
class Dut:
    """A board that was asked for.

    Attributes:
        name: What reports call it.
        spec: How it is reached.
        profile: What kind it is, with what the inventory says of this one.
        id: `machine.unique_id()` in hex that must answer; empty when any may.
        firmware: What its firmware's name must begin with; empty when any may be on it.
        tags: What ``tag:EXPR`` chooses by.
        label: The letter that ``hil boards identify`` shows.
        is_enabled: Whether selections that do not name it take it.
        may_flash: Whether the harness may write its firmware.
        image: Firmware image for the last rung of the recovery; empty when there is none.
        power: Its power switch, if it has one.
        is_listed: Whether it stands in an inventory, so that what is found out is remembered.
    """

    name: str
    spec: BoardSpec
    profile: BoardProfile = CODEY
    id: str = ""
    firmware: str = ""
    tags: frozenset[str] = frozenset()
    label: str = ""
    is_enabled: bool = True
    may_flash: bool = False
    image: str = ""
    power: PowerSettings | None = None
    is_listed: bool = False

    @classmethod
    def unlisted(cls, spec: BoardSpec) -> Dut:
        """Return a board of which nothing is known but how it is reached."""
        return cls(spec.name, spec)
