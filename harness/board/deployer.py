"""Push what changed, and prove what is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.board.files import DeviceFiles
from harness.board.manifest import Manifest
from harness.board.push import Survey
from harness.board.push_program import START_DIGITS, Asked, Change
from harness.deadline import Deadline
from harness.errors import DeployError

#: So little is sent without a look first: deflated it takes about as long as the look.
SMALL_BYTES = 2500


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
    paths = sorted(manifest.files)
    found = tuple(
        path
        for path in survey.found
        if path not in manifest.files and path not in manifest.protected
    )
    if survey.sha256 == manifest.sha256:
        return Plan((), tuple(paths), found)
    push: list[str] = []
    unchanged: list[str] = []
    for path in paths:
        start = manifest.files[path].sha256[:START_DIGITS]
        (unchanged if survey.starts.get(path) == start else push).append(path)
    return Plan(tuple(push), tuple(unchanged), found)


def asked_of(manifest: Manifest) -> Asked:
    """Return what has to be known of a board for a manifest."""
    mirrored = tuple(folder.rstrip("/") + "/" for folder in manifest.mirrored)
    known = tuple(path for path in manifest.protected if path.startswith(mirrored))
    return Asked(tuple(sorted(manifest.files)), manifest.mirrored, known, manifest.sha256)


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
        """Look, write what differs, and read all digests back, in one piece of code.

        Args:
            manifest: What has to be there.
            deadline: By when.
            progress: Is told path and size of each file that is in place.

        Raises:
            DeployError: What was read back is not the manifest.
            DeviceFileError: The board refused, such as a full file system.
        """
        started_s = time.monotonic()
        started_bytes = self._line_bytes()
        todo = Plan((), tuple(sorted(manifest.files)), ())
        pushed: list[str] = []

        def choose(survey: Survey) -> Change:
            nonlocal todo
            todo = plan(manifest, survey)
            return Change(todo.remove, {path: manifest.files[path].data for path in todo.push})

        def told(path: str) -> None:
            pushed.append(path)
            if progress is not None:
                progress(path, len(manifest.files[path].data))

        asked = asked_of(manifest)
        if manifest.size_bytes <= SMALL_BYTES and not manifest.mirrored:
            everything = Change((), {path: manifest.files[path].data for path in asked.paths})
            after = self._files.update(asked, everything, deadline, told)
            todo = Plan(tuple(pushed), tuple(sorted({*asked.paths} - {*pushed})), ())
        else:
            after = self._files.update(asked, choose, deadline, told)
        left = plan(manifest, after)
        if after.sha256 != manifest.sha256 or left.remove:
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
            manifest=after.sha256,
        )

    def verify(self, manifest: Manifest, deadline: Deadline) -> str:
        """Return the manifest hash of what is on the board now."""
        return self._files.survey(asked_of(manifest), deadline).sha256
