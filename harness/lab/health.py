"""How the boards of an inventory are: asked one by one, each with its own limit."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from harness.board.recovery import RungResult
from harness.errors import HarnessError, IdentityMismatch, LeaseBusy, LinkOpenFailed
from harness.lab.admission import Admission
from harness.lab.dut import Dut


@dataclass(frozen=True)
class Health:
    """How one board is.

    Attributes:
        name: The board.
        state: ``ok``, ``aside``, ``busy``, ``absent``, ``other`` (another chip or firmware
            answers) or ``silent``.
        detail: Who answered, or what is wrong.
        advice: The next command to type; empty when nothing has to be done.
        seconds: How long it took to find out.
        rungs: What brought it back, or did not.
    """

    name: str
    state: str
    detail: str
    advice: str
    seconds: float
    rungs: tuple[RungResult, ...] = ()


def check_health(dut: Dut, admission: Admission, *, recover: bool) -> Health:
    """Ask a board who it is.

    Args:
        dut: The board.
        admission: How boards are opened.
        recover: Whether to bring it back when it does not answer, and to set it aside when that
            fails.
    """
    rungs: list[RungResult] = []
    started_s = time.monotonic()

    def result(state: str, detail: str, advice: str = "") -> Health:
        return Health(dut.name, state, detail, advice, time.monotonic() - started_s, tuple(rungs))

    aside = admission.probed.read(dut.name).aside if dut.is_listed else None
    try:
        opened = admission.open(dut, recovered=rungs.append if recover else None)
    except LeaseBusy as error:
        return result("busy", error.got or error.tried, error.advice)
    except IdentityMismatch as error:
        return result("other", error.one_line(), error.advice)
    except LinkOpenFailed as error:
        return result("absent", error.tried, error.advice)
    except HarnessError as error:
        is_aside = aside is not None and not rungs
        return result("aside" if is_aside else "silent", error.one_line(), error.advice)
    with contextlib.closing(opened):
        found = opened.identity
        return result("ok", f"{found.firmware}, id {found.id or 'none'}")
