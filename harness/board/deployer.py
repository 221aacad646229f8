"""Push what changed, and prove what is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.board.files import DeviceFiles, Survey
from harness.board.manifest import Manifest, manifest_hash
from harness.deadline import Deadline
from harness.errors import DeployError


@dataclass(frozen=True)
class Plan:
    """What has to be done to a board.

    Attributes:
        push: Paths whose file is missing or differs.
        unchanged: Paths whose file is right.
        remove: Files that the manifest does not name in folders that it mirrors.
    """

    push: tuple[str, ...]
    unchanged: tuple[str, ...]
    remove: tuple[str, ...]


@dataclass(frozen=True)
class DeployResult:
    """What was done.

    Attributes:
        pushed: Paths that were written.
        unchanged: Paths that were right before.
        removed: Paths that were removed.
        bytes_payload: Size of the files that were written.
        bytes_line: Bytes that crossed the line for it, both ways.
        seconds: How long it took.
        manifest: Hash over all files, read back from the board.
    """

    pushed: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    bytes_payload: int
    bytes_line: int
    seconds: float
    manifest: str

    def as_json(self) -> dict[str, Any]:
        """Return the JSON shape of ``hil deploy --json``."""
        return {
            "pushed": list(self.pushed),
            "unchanged": list(self.unchanged),
            "removed": list(self.removed),
            "bytes_payload": self.bytes_payload,
            "bytes_line": self.bytes_line,
            "seconds": round(self.seconds, 4),
            "manifest": self.manifest,
        }


def plan(manifest: Manifest, survey: Survey) -> Plan:
    """Compare what should be on a board with what is."""
    push: list[str] = []
    unchanged: list[str] = []
    for path, file in sorted(manifest.files.items()):
        (unchanged if survey.digests.get(path) == file.sha256 else push).append(path)
    remove = [
        path
        for path in survey.found
        if path not in manifest.files and path not in manifest.protected
    ]
    return Plan(tuple(push), tuple(unchanged), tuple(remove))


class Deployer:
    """Brings a board's files to what a manifest says."""

    def __init__(self, files: DeviceFiles, line_bytes: Callable[[], int]) -> None:
        """Use a board's files.

        Args:
            files: The board's file system.
            line_bytes: Returns how many bytes have crossed the line so far, both ways.
        """
        self._files = files
        self._line_bytes = line_bytes

    def deploy(
        self,
        manifest: Manifest,
        deadline: Deadline,
        progress: Callable[[str, int], None] | None = None,
    ) -> DeployResult:
        """Plan in one round trip, write what differs, read all digests back.

        Args:
            manifest: What has to be there.
            deadline: By when.
            progress: Is told path and size of each piece that was written.

        Raises:
            DeployError: What was read back is not the manifest.
            DeviceFileError: The board refused, such as a full file system.
        """
        started_s = time.monotonic()
        started_bytes = self._line_bytes()
        todo = plan(manifest, self._survey(manifest, deadline))
        if todo.remove:
            self._files.remove(todo.remove, deadline)
        for path in todo.push:
            self._files.write(
                path,
                manifest.files[path].data,
                deadline,
                (lambda size, path=path: progress(path, size)) if progress else None,  # type: ignore[misc]
            )
        if todo.push or todo.remove:
            left = plan(manifest, self._survey(manifest, deadline))
            if left.push or left.remove:
                raise DeployError(
                    "the board does not hold what was pushed",
                    expected=f"the {len(manifest.files)} files of the manifest and no other",
                    got=", ".join((*left.push, *left.remove)),
                    advice="hil deploy pushes again; is the file system full or worn?",
                )
        return DeployResult(
            pushed=todo.push,
            unchanged=todo.unchanged,
            removed=todo.remove,
            bytes_payload=sum(len(manifest.files[path].data) for path in todo.push),
            bytes_line=self._line_bytes() - started_bytes,
            seconds=time.monotonic() - started_s,
            manifest=manifest.sha256,
        )

    def verify(self, manifest: Manifest, deadline: Deadline) -> str:
        """Return the manifest hash of what is on the board now."""
        return manifest_hash(self._survey(manifest, deadline).digests)

    def _survey(self, manifest: Manifest, deadline: Deadline) -> Survey:
        return self._files.survey(sorted(manifest.files), manifest.mirrored, deadline)
