"""Commands to start and ports to point them at, as in the tests of faults."""

from __future__ import annotations

from tests.virtual.fault.conftest import hil, make_peer

__all__ = ["hil", "make_peer"]
