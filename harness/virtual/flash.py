"""The board's flash: an image file, or memory that is gone with the board."""

from __future__ import annotations

import fcntl
import os

from harness.errors import ConfigError

#: 2 MiB in blocks of 4 KiB, as a MicroPython for a 4 MiB ESP32 has for its files.
SIZE_BYTES = 2 << 20
_BLOCK_BYTES = 4096


class Flash:
    """An open image.

    Attributes:
        descriptor: Of the image, for reading and writing.
    """

    def __init__(self, path: str, board: str) -> None:
        """Open or make it, and keep other boards off it.

        Args:
            path: Of the image; empty for memory.
            board: Name of the board, for messages.

        Raises:
            ConfigError: It cannot be used, or another board runs on it.
        """
        if not path:
            self.descriptor = os.memfd_create("codey-flash", os.MFD_CLOEXEC)
            os.ftruncate(self.descriptor, SIZE_BYTES)
            return
        try:
            self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(
                "the image of the flash cannot be opened",
                on=f"{board}, {path}",
                expected="a file to read and write, or a folder to make it in",
                got=str(error.strerror),
            ) from error
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise self._refused(board, path, "a running virtual board holds it") from error
        size = os.fstat(self.descriptor).st_size
        if size == 0:
            os.ftruncate(self.descriptor, SIZE_BYTES)
        elif size % _BLOCK_BYTES:
            raise self._refused(board, path, f"{size} bytes")

    def _refused(self, board: str, path: str, got: str) -> ConfigError:
        os.close(self.descriptor)
        return ConfigError(
            "the image of the flash cannot be used",
            on=f"{board}, {path}",
            expected=f"an image of whole blocks of {_BLOCK_BYTES} bytes for this board alone",
            got=got,
            advice="name another file with --flash",
        )

    def close(self) -> None:
        """Give it back."""
        os.close(self.descriptor)
