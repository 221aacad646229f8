"""Recognise the factory firmware: it has no REPL, and answers a version query in frames."""

from __future__ import annotations

import contextlib

from harness.deadline import Deadline
from harness.errors import LinkTimeout
from harness.lab.dut import Dut
from harness.lab.lease import LeaseTerms, take_lease
from harness.link.open import OpenSettings, lease_key, open_rig
from harness.link.rig import Link
from harness.link.serial import SerialSettings
from harness.wire.stock_frame import VERSION_QUERY, FrameStream, version_of

#: The firmware answers within milliseconds.
ASK_S = 1.0

READ_BYTES = 4096


def ask_version(link: Link, deadline: Deadline) -> str | None:
    """Ask what is at the other end for its factory firmware's version.

    Args:
        link: An open byte pipe. To a REPL the seven bytes of the query are a change to raw mode
            and a line that is never entered: `Repl.enter` drops both.
        deadline: By when.

    Returns:
        The version; None when what is there does not answer in frames.

    Raises:
        LinkLost: The port went away.
    """
    stream = FrameStream()
    link.write(VERSION_QUERY, deadline)
    while not deadline.is_expired:
        try:
            data = link.read(READ_BYTES, deadline)
        except LinkTimeout:
            return None
        for frame in stream.receive(data):
            version = version_of(frame)
            if version is not None:
                return version
    return None


def find_factory_firmware(dut: Dut, terms: LeaseTerms, tries: int = 1) -> str | None:
    """Open a board's port for a moment and ask for the factory firmware's version.

    Args:
        dut: The board.
        terms: On what terms its port is taken.
        tries: How often, a second each: opening the port may have reset the board.

    Returns:
        The version; None when there is no factory firmware, or nothing at all.

    Raises:
        LinkError: The port cannot be opened, or went away.
        LeaseBusy: Somebody else holds the board.
    """
    profile = dut.profile
    serial = SerialSettings(baud=profile.baud, dtr=profile.dtr, rts=profile.rts)
    with contextlib.ExitStack() as resources:
        key = lease_key(dut.spec)
        if key is not None:
            resources.callback(take_lease(key, terms, dut.name).release)
        opened = open_rig(dut.spec, OpenSettings(serial=serial), Deadline.after(5.0))
        resources.callback(opened.close)
        for _ in range(tries):
            version = ask_version(opened.rig.link, Deadline.after(ASK_S))
            if version is not None:
                return version
    return None
