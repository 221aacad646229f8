"""Options of the plugin: command line, then environment, then ini file, then the default."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from harness.board.snapshot import SOURCES
from harness.errors import ConfigError
from harness.link.virtual import MAX_TIME_SCALE

if TYPE_CHECKING:
    import pytest

#: A day; who waits for longer has forgotten about it.
MAX_WAIT_S = 24 * 3600


@dataclass(frozen=True)
class Option:
    """One option, in its three spellings: ``--hil-x``, ``HIL_X`` and ini key ``hil_x``."""

    name: str
    help: str
    default: str = ""
    choices: tuple[str, ...] = ()
    is_list: bool = False

    @property
    def flag(self) -> str:
        """The command line's spelling."""
        return f"--hil-{self.name}"

    @property
    def key(self) -> str:
        """The ini file's spelling."""
        return "hil_" + self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """The environment's spelling."""
        return self.key.upper()


OPTIONS = (
    Option(
        "board",
        "boards to test on: virtual, virtual:N, port:PATH, usb:1-1.2, id:SERIAL, "
        "rfc2217://host:port, socket://host:port, NAME or tag:EXPR of the inventory; several with "
        "commas (default: the inventory's boards, else virtual ones)",
    ),
    Option("inventory", "the lab's boards.toml (default: the nearest one here or above)"),
    Option("lock-wait", "seconds to wait for a board that somebody else holds", "0"),
    Option(
        "share",
        "which tests to take: all, those that take one board, or those that take several",
        "all",
        ("all", "one", "several"),
    ),
    Option("device-src", "folder with the device code and its manifest.toml"),
    Option("report-dir", "folder in which each run gets a folder of its own", "reports"),
    Option("broker", "auto (a private Mosquitto), or the URL of a broker", "auto"),
    Option("broker-interface", "network interface on which real boards reach the private broker"),
    Option(
        "reset",
        "soft reset before a test: auto (after a program, a failure, or code that imported mqtt), "
        "always, never",
        "auto",
        ("auto", "always", "never"),
    ),
    Option(
        "evidence",
        "where evidence on display and LED is taken from, of those that there are: commanded, "
        "device, bench, with commas; without commanded the probe's records are off",
        ",".join(SOURCES),
        SOURCES,
        is_list=True,
    ),
    Option("mosquitto", "path of the Mosquitto program"),
    Option("micropython", "path of a MicroPython for virtual boards, in place of the wheel's"),
    Option("esptool", "path of esptool, for boards that may be flashed to bring them back"),
    Option("requirements", "folder with the requirement catalogue"),
    Option(
        "time-scale",
        "how many times as fast time passes for virtual boards while their programs wait, 1 to "
        f"{MAX_TIME_SCALE}; for the broker and for tests it does not",
        "1",
    ),
)


@dataclass(frozen=True)
class Settings:
    """What the options say.

    Attributes:
        board: Board specification, not yet parsed; empty when none was given.
        inventory: The lab's ``boards.toml``; None to search.
        lock_wait: Seconds to wait for a board that is taken, not yet parsed.
        share: ``all``, ``one`` or ``several``: by how many boards a test takes.
        device_src: Folder with the device code; None for the shipped one.
        report_dir: Where run folders go.
        broker: ``auto`` or a URL.
        broker_interface: Network interface for real boards; empty when none was named.
        reset: ``auto``, ``always`` or ``never``.
        evidence: Sources of evidence on display and LED that tests may take, with commas.
        mosquitto: Path of the broker's program; None to search.
        micropython: Path of an interpreter; None for the wheel's.
        esptool: Path of esptool; empty to search when it is needed.
        requirements: Folder of the catalogue; None for the shipped one.
        time_scale: How many times as fast time passes for virtual boards while they wait.
        wifi: The lab's Wi-Fi for real boards: name and password. Environment only.
    """

    board: str
    inventory: Path | None
    lock_wait: str
    share: str
    device_src: Path | None
    report_dir: Path
    broker: str
    broker_interface: str
    reset: str
    evidence: str
    mosquitto: str | None
    micropython: str | None
    esptool: str
    requirements: Path | None
    time_scale: int
    wifi: tuple[str, str] | None = field(repr=False)

    @property
    def lock_wait_s(self) -> float:
        """How long to wait for a board that is taken, in seconds.

        Raises:
            ConfigError: It is no number of seconds.
        """
        try:
            seconds = float(self.lock_wait)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= MAX_WAIT_S:
            raise ConfigError(
                f"{self.lock_wait!r} is not possible",
                on="--hil-lock-wait",
                expected=f"seconds from 0 to {MAX_WAIT_S}",
            )
        return seconds

    @property
    def sources(self) -> frozenset[str]:
        """The sources of `evidence`."""
        return frozenset(self.evidence.split(","))

    def secrets(self) -> list[str]:
        """Return what must not stand in a report: passwords, as typed and as meant."""
        found = [self.wifi[1]] if self.wifi else []
        if self.broker != "auto":
            # Taken apart by hand: a URL that is wrong in other ways may hold a password too.
            login = self.broker.partition("://")[2].rpartition("@")[0]
            password = login.partition(":")[2]
            found += [password, unquote(password)]
        return [secret for secret in found if secret]


def add_options(parser: pytest.Parser) -> None:
    """Register all options with pytest."""
    group = parser.getgroup("hil", "hardware in the loop")
    for option in OPTIONS:
        group.addoption(option.flag, default=None, metavar=option.name.upper(), help=option.help)
        parser.addini(option.key, f"as {option.flag}", default="")


def read_share(config: pytest.Config) -> str:
    """Return which tests to take, by how many boards they take.

    Raises:
        ConfigError: The value is not possible.
    """
    (option,) = (each for each in OPTIONS if each.name == "share")
    return _value(option, config)


def read_settings(config: pytest.Config) -> Settings:
    """Return the options in force.

    Raises:
        ConfigError: A value is none of those that are possible.
    """
    values = {option.name: _value(option, config) for option in OPTIONS}
    name = os.environ.get("HIL_WIFI_SSID")
    return Settings(
        board=values["board"],
        inventory=_path(values["inventory"]),
        lock_wait=values["lock-wait"],
        share=values["share"],
        device_src=_path(values["device-src"]),
        report_dir=Path(values["report-dir"]),
        broker=values["broker"],
        broker_interface=values["broker-interface"],
        reset=values["reset"],
        evidence=values["evidence"],
        mosquitto=values["mosquitto"] or None,
        micropython=values["micropython"] or None,
        esptool=values["esptool"],
        requirements=_path(values["requirements"]),
        time_scale=_time_scale(values["time-scale"]),
        wifi=(name, os.environ.get("HIL_WIFI_PASSWORD", "")) if name else None,
    )


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _time_scale(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_TIME_SCALE:
        return int(text)
    raise ConfigError(
        f"{text!r} is no time scale",
        on="--hil-time-scale",
        expected=f"a whole number from 1 to {MAX_TIME_SCALE}",
        advice="--hil-time-scale 10",
    )


def _value(option: Option, config: pytest.Config) -> str:
    value = str(
        config.getoption(option.flag)
        or os.environ.get(option.variable)
        or config.getini(option.key)
        or option.default
    )
    given = value.split(",") if option.is_list else [value]
    if option.choices and not set(given) <= set(option.choices):
        raise ConfigError(
            f"{value!r} is not possible",
            on=option.flag,
            expected=", ".join(option.choices),
        )
    return value
