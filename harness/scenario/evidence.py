"""Where a scenario writes down what happens, as it happens."""

from __future__ import annotations

from typing import Protocol


class Evidence(Protocol):
    """The run's journal, as seen by a scenario; `report.journal.Journal` is one."""

    def write(
        self, kind: str, *, test: str | None = None, board: str | None = None, **fields: object
    ) -> None:
        """Append one entry; never raises for a full disk.

        Args:
            kind: What kind of entry; the kinds are listed in `report/journal.py`.
            test: The test that it belongs to; None for the one that runs now.
            board: The board that it is about.
            **fields: The entry's members, as JSON values.
        """
        ...


class NoEvidence:
    """Keeps nothing: for commands that leave no run folder."""

    def write(
        self, kind: str, *, test: str | None = None, board: str | None = None, **fields: object
    ) -> None:
        """Do nothing."""
