"""The interpreter's process: started, fed, interrupted, ended. It never outlives its supervisor."""

from __future__ import annotations

import array
import fcntl
import os
import secrets
import signal
import socket
import struct
import termios
from dataclasses import dataclass
from pathlib import Path

from harness.virtual import kernel
from harness.virtual.interpreter import Interpreter

#: A packet is one write of the interpreter; none is larger than what its heap holds.
_MAX_PACKET = 1 << 18
_MAX_DESCRIPTOR = 1 << 20
#: Looks at a process that changes its state in microseconds; one look takes about 10 us.
_STOP_POLLS = 1000
_CTRL_A = b"\x01"
#: Ten years, as a `timeval`.
_NO_TIMEOUT = struct.pack("ll", 10 * 365 * 86400, 0)
_SIGINT_BIT = 1 << (signal.SIGINT - 1)


@dataclass(frozen=True)
class BootArguments:
    """What the boot script needs to know.

    Attributes:
        rom: Folder of the models.
        heap: Heap size as MicroPython takes it.
        flash: Descriptor of the flash's image.
        inputs: Descriptor of the input block.
        clock: Descriptor of the clock.
        is_raw: Whether the raw REPL follows, and main.py is left out.
        cause: What `machine.reset_cause` returns.
        unique_id: In hexadecimal.
        epoch_ms: The board's time at the last hard reset.
        time_scale: How many times as fast time passes while the program waits.
        faults: What is wrong, as `BoardFault.boot_words` says it.
    """

    rom: Path
    heap: str
    flash: int
    inputs: int
    clock: int
    is_raw: bool
    cause: int
    unique_id: str
    epoch_ms: int
    time_scale: int
    faults: str


def _input_pair() -> tuple[int, int]:
    """Return the two ends of the interpreter's input: where it reads, and where we write.

    A read from a socket that has a receive timeout ends with EINTR after a signal, also when the
    signal's handler restarts system calls. Only so can a signal end the wait at the prompt without
    ending the semaphore on which the garbage collector waits for other threads, which
    MicroPython's Unix port does not take up again: 4 of 6 runs of a program with threads that
    collect crashed, 0 of 6 this way (3000 signals a second).
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _NO_TIMEOUT)
    ours.setblocking(False)  # noqa: FBT003, the name of the call says it
    return theirs.detach(), ours.detach()


class Process:
    """One run of the interpreter, from boot to exit.

    Attributes:
        tag: How its report packets begin.
        exited: Descriptor that is readable once it has ended.
        output: Socket of what it writes, one packet a write.
    """

    def __init__(self, interpreter: Interpreter, boot: BootArguments) -> None:
        """Fork it."""
        self._interrupt_signal = interpreter.interrupt_signal
        self._wake_signal = interpreter.wake_signal
        self.tag = secrets.token_bytes(8)
        self.output, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.output.setblocking(False)  # noqa: FBT003, the name of the call says it
        self.output.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * _MAX_PACKET)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * _MAX_PACKET)
        self._unread, self._input = _input_pair()
        if boot.is_raw:
            # Ctrl-A is the first that its prompt reads, whatever is typed meanwhile.
            os.write(self._input, _CTRL_A)
        self._is_raw = boot.is_raw
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._become(interpreter, boot, parent, theirs.fileno())
            finally:
                os._exit(127)
        theirs.close()
        self.exited = os.pidfd_open(self.pid)
        self._status: int | None = None
        self._buffer = bytearray(_MAX_PACKET)
        self._was_interrupted = False
        self._hangs = False

    def _become(
        self, interpreter: Interpreter, boot: BootArguments, parent: int, output: int
    ) -> None:
        kernel.die_with_parent(parent)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(self._unread, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        # Those that the models open keep their numbers; everything else of the supervisor goes.
        first = 3
        for kept in sorted((boot.flash, boot.inputs, boot.clock)):
            os.closerange(first, kept)
            os.set_inheritable(kept, True)
            first = kept + 1
        os.closerange(first, _MAX_DESCRIPTOR)
        # Neither a history file nor modules of the host.
        os.environ.clear()
        interpreter.become(
            [
                "-X",
                f"heapsize={boot.heap}",
                str(boot.rom / "_boot.py"),
                str(boot.rom),
                self.tag.hex(),
                str(boot.flash),
                str(boot.inputs),
                str(boot.clock),
                str(int(boot.is_raw)),
                str(boot.cause),
                boot.unique_id,
                str(boot.epoch_ms),
                str(boot.time_scale),
                boot.faults,
            ]
        )

    def read_packets(self, limit: int) -> list[bytes]:
        """Return what it has written and was not read yet, at most `limit` packets."""
        packets: list[bytes] = []
        while len(packets) < limit:
            try:
                count = self.output.recv_into(self._buffer)
            except BlockingIOError:
                break
            packets.append(bytes(self._buffer[:count]))
        return packets

    def feed(self, data: bytes) -> int:
        """Write to its input and return how many bytes it took."""
        try:
            return os.write(self._input, data)
        except BlockingIOError:
            return 0

    def take_back(self) -> bytes:
        """Return the input that it has not read, once it has ended."""
        count = self.unread_bytes
        data = os.read(self._unread, count) if count else b""
        return data[1:] if self._is_raw and data.startswith(_CTRL_A) else data

    @property
    def input_descriptor(self) -> int:
        """Descriptor that is writable when `feed` will take something."""
        return self._input

    @property
    def unread_bytes(self) -> int:
        """How much of its input it has not read yet."""
        count = array.array("i", [0])
        fcntl.ioctl(self._unread, termios.FIONREAD, count)
        return count[0]

    @property
    def is_waiting(self) -> bool:
        """Whether it has read all of its input and waits for something."""
        return self.unread_bytes == 0 and self._state() == "S"

    def interrupt(self) -> bool:
        """Raise KeyboardInterrupt in it, if it permits that now.

        MicroPython catches SIGINT while a program runs that permits Ctrl-C, and at no other time.

        Returns:
            Whether it was done; otherwise Ctrl-C is a byte like any other now.
        """
        if self._hangs or not self._catches_interrupt():
            return False
        # Stopped, so that it cannot end the program between the look and the signal, which would
        # then raise at the prompt, where nothing catches it.
        os.kill(self.pid, signal.SIGSTOP)
        try:
            for _ in range(_STOP_POLLS):
                if self._state() in "TZX":
                    break
            if not self._catches_interrupt():
                return False
            kernel.signal_main_thread(self.pid, self._interrupt_signal)
            self._was_interrupted = True
            return True
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def take_interrupted(self) -> bool:
        """Return whether it was interrupted since this was asked last."""
        was, self._was_interrupted = self._was_interrupted, False
        return was

    def wake(self) -> None:
        """End the system call in which it waits, if it does, so that scheduled callbacks run."""
        if self._wake_signal is not None and self._state() == "S":
            kernel.signal_main_thread(self.pid, self._wake_signal)

    def hang(self) -> None:
        """Stand still until its end, as a processor with interrupts off."""
        self._hangs = True
        os.kill(self.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """End it at once, whatever it does."""
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)

    def reap(self) -> int:
        """Wait for its end and return its exit code, negative for a signal."""
        if self._status is None:
            self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._status

    def close(self) -> None:
        """Kill and reap it, and give the descriptors back."""
        self.kill()
        self.reap()
        self.output.close()
        os.close(self._input)
        os.close(self._unread)
        os.close(self.exited)

    def _catches_interrupt(self) -> bool:
        return bool(int(self._status_field("SigCgt"), 16) & _SIGINT_BIT)

    def _state(self) -> str:
        return self._status_field("State")[0]

    def _status_field(self, name: str) -> str:
        # Our own child that was not waited for always has this file.
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii", errors="replace")
        return text.partition(f"\n{name}:")[2].split(None, 1)[0]
