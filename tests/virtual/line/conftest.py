"""Commands to start, as in the tests of faults."""

from __future__ import annotations

from tests.virtual.fault.conftest import hil

__all__ = ["hil"]
