"""Every error that the harness raises, and whose fault each one is.

The type says whose fault it is: `HarnessError` is the rig or its user, never the product;
`ExpectationFailed` is the product, and is the only way in which a scenario fails. Each error says
five things, and each is an attribute too, so that nobody has to parse text.
"""

from __future__ import annotations

from dataclasses import dataclass

#: How many of the last bytes that came are quoted in a message.
LAST_BYTES = 80


def quote_last(data: bytes) -> str:
    """Render the end of what came from a board for an error message.

    Args:
        data: Everything that came.

    Returns:
        The last `LAST_BYTES` bytes as a Python literal, or ``nothing`` when none came.
    """
    if not data:
        return "nothing"
    cut = data[-LAST_BYTES:]
    return f"{cut!r}" if len(cut) == len(data) else f"... {cut!r} ({len(data)} bytes in all)"


class _FivePart(Exception):
    """The common form: what was tried, on what, what was expected, what came, what to try next."""

    def __init__(
        self, tried: str, *, on: str = "", expected: str = "", got: str = "", advice: str = ""
    ) -> None:
        """Build the error from its parts.

        Args:
            tried: What was tried, as a sentence without its full stop.
            on: On which board, port, broker or file.
            expected: What should have come.
            got: What came instead; for bytes see `quote_last`.
            advice: What to try next, best as a command to type.
        """
        super().__init__(tried)
        self.tried = tried
        self.on = on
        self.expected = expected
        self.got = got
        self.advice = advice

    def parts(self) -> dict[str, str]:
        """Return the five parts by name, empty ones included."""
        return {
            "tried": self.tried,
            "on": self.on,
            "expected": self.expected,
            "got": self.got,
            "advice": self.advice,
        }

    def one_line(self) -> str:
        """Return the parts in one line, for a command's standard error."""
        text = f"{self.on}: {self.tried}" if self.on else self.tried
        if self.expected:
            text += f"; expected {self.expected}"
        if self.got:
            text += f"; got {self.got}"
        if self.advice:
            text += f"; try: {self.advice}"
        return text

    def __str__(self) -> str:
        """Return the parts, one line each; absent parts have no line."""
        lines = [self.tried]
        for label, text in (
            ("on", self.on),
            ("expected", self.expected),
            ("got", self.got),
            ("try", self.advice),
        ):
            if text:
                lines.append(f"  {label + ':':10}" + text.replace("\n", "\n" + " " * 12))
        return "\n".join(lines)


class HarnessError(_FivePart):
    """The rig or its user is at fault; never a verdict on the product."""


class ConfigError(HarnessError):
    """An option, a file or a name that the user gave is wrong."""


class LeaseBusy(HarnessError):
    """Somebody else holds the board."""


class IdentityMismatch(HarnessError):
    """The board that answered is not the one, or not in the state, that was asked for."""


class LinkError(HarnessError, OSError):
    """The byte pipe to a board failed."""


class LinkOpenFailed(LinkError):
    """The port could not be opened.

    `reason` is one of absent, busy, permission, refused, control, other.
    """

    def __init__(
        self,
        tried: str,
        *,
        reason: str,
        on: str = "",
        expected: str = "",
        got: str = "",
        advice: str = "",
    ) -> None:
        """Build the error; `reason` is the machine-readable word, see the class."""
        super().__init__(tried, on=on, expected=expected, got=got, advice=advice)
        self.reason = reason


class LinkLost(LinkError):
    """The port went away while it was in use."""


class LinkTimeout(LinkError, TimeoutError):
    """Nothing, or not enough, came in time; `received` holds what did come."""

    def __init__(
        self,
        tried: str,
        *,
        received: bytes = b"",
        on: str = "",
        expected: str = "",
        advice: str = "",
    ) -> None:
        """Build the error; the `got` part is made from `received`."""
        super().__init__(tried, on=on, expected=expected, got=quote_last(received), advice=advice)
        self.received = received


class ProtocolError(HarnessError):
    """The rules of a wire protocol were broken; see the two children for by whom."""


class LocalProtocolError(ProtocolError):
    """We broke the rules: a bug of the harness."""


class RemoteProtocolError(ProtocolError):
    """The board or the client broke the rules; `received` holds the last bytes."""

    def __init__(
        self,
        tried: str,
        *,
        received: bytes = b"",
        on: str = "",
        expected: str = "",
        advice: str = "",
    ) -> None:
        """Build the error; the `got` part is made from `received`."""
        super().__init__(tried, on=on, expected=expected, got=quote_last(received), advice=advice)
        self.received = received


class DeviceError(HarnessError):
    """The board answered, and what it answered is a failure."""


@dataclass(frozen=True)
class DeviceFrame:
    """One line of a board's traceback.

    Attributes:
        file: The path as the board gave it, or the repository's path where it is known.
        line: Line number, from 1.
        function: Name of the function, or ``<module>``.
    """

    file: str
    line: int
    function: str


class DeviceException(DeviceError):
    """Code on the board raised.

    Attributes:
        type_name: The exception's class on the board, such as ``OSError``.
        message: Its text, such as ``[Errno 110] ETIMEDOUT``.
        frames: The board's traceback, outermost first.
        output: What the code had printed before.
    """

    def __init__(
        self,
        type_name: str,
        message: str,
        frames: tuple[DeviceFrame, ...],
        *,
        output: bytes = b"",
        on: str = "",
    ) -> None:
        """Build the error from the parsed traceback."""
        where = f" at {frames[-1].file}:{frames[-1].line}" if frames else ""
        super().__init__(
            f"code on the board raised {type_name}{where}",
            on=on,
            expected="no exception",
            got=f"{type_name}: {message}" if message else type_name,
        )
        self.type_name = type_name
        self.message = message
        self.frames = frames
        self.output = output


class DeviceFileError(DeviceError, OSError):
    """A file operation on the board failed; `errno` is the board's."""


class DeployError(HarnessError):
    """What is on the board is not what was pushed."""


class BrokerError(HarnessError):
    """The broker could not be started, is gone, or does not answer."""


class InterpreterUnsuitable(HarnessError):
    """No MicroPython interpreter that a virtual board can use was found."""


class ExpectationFailed(_FivePart, AssertionError):
    """The product did not do what the requirement says."""
