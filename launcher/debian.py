"""Packages of the distribution: unpacked in the user's cache folder, or installed by root."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from launcher.step import WayClosedError, run, say

#: So that apt asks nothing, and its words can be read.
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}


def cache_folder() -> Path:
    """Return the folder for what was unpacked; it may be deleted at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "codey-hil"


def unpack(package: str, folder: Path) -> None:
    """Unpack a package, and the libraries that it needs and are not installed, without root.

    Nothing of it is configured or started.

    Args:
        package: Its name.
        folder: Where to unpack, as if it were `/`.

    Raises:
        WayClosedError: When there is no apt, or it cannot get the package.
    """
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise WayClosedError("there is no apt-get to get it with")
    say(f"unpacking the distribution's {package} in {cache_folder()}")
    downloads = folder / "downloads"
    _download(package, downloads)
    for archive in sorted(downloads.glob("*.deb")):
        status, text = run(["dpkg-deb", "-x", str(archive), str(folder)], environ=QUIET)
        if status:
            raise WayClosedError(f"{archive.name} could not be unpacked: {_reason(text)}")
    shutil.rmtree(downloads)


def _download(package: str, folder: Path) -> None:
    """Download a package and its missing libraries with the machine's own lists, else fresh ones.

    Lists of our own, in a private place, need no root; they serve where the machine has none
    (as in a fresh container) or where they are older than what the archive still keeps.
    """
    lists, cache = folder / "apt/lists", folder / "apt/cache"
    (lists / "partial").mkdir(parents=True)
    (cache / "archives/partial").mkdir(parents=True)
    private = [f"Dir::State::Lists={lists}", f"Dir::Cache={cache}", "APT::Sandbox::User=root"]
    text = ""
    for options in ([], [part for option in private for part in ("-o", option)]):
        if options:
            say("fetching the distribution's package lists")
            run(["apt-get", *options, "update"], environ=QUIET)
        _, text = run(
            ["apt-get", *options, "--simulate", "--reinstall", "install", package], environ=QUIET
        )
        names = wanted_packages(text, package)
        if not names:
            continue
        status, text = run(["apt-get", *options, "download", *names], folder=folder, environ=QUIET)
        if status == 0:
            return
    raise WayClosedError(f"apt-get cannot get {package}: {_reason(text)}")


def wanted_packages(plan: str, package: str) -> list[str]:
    """Return which packages to unpack, from what apt says that it would install.

    Args:
        plan: What ``apt-get --simulate --reinstall install PACKAGE`` printed.
        package: The package itself.

    Returns:
        The package and the libraries that are not installed; the C library is, always. Empty when
        apt knows no such package.
    """
    names = re.findall(r"^Inst ([^\s:]+)", plan, re.MULTILINE)
    if package not in names:
        return []
    libraries = [name for name in names if name.startswith("lib") and not name.startswith("libc6")]
    return [package, *(name for name in libraries if name != package)]


def install(package: str, service: str) -> None:
    """Install a package as root, and leave no service of it running, now or after a restart.

    Raises:
        WayClosedError: When apt cannot install it.
    """
    if not shutil.which("apt-get"):
        raise WayClosedError("there is no apt-get to get it with")
    say(f"installing {package} with apt-get, its service off")
    policy = Path("/usr/sbin/policy-rc.d")  # asked by each package before it starts a service
    is_ours = not policy.exists()
    if is_ours:
        policy.write_text("#!/bin/sh\nexit 101\n", "utf-8")
        policy.chmod(0o755)
    try:
        run(["apt-get", "update"], environ=QUIET)
        status, text = run(
            ["apt-get", "install", "-y", "--no-install-recommends", package], environ=QUIET
        )
    finally:
        if is_ours:
            policy.unlink()
    if status:
        raise WayClosedError(f"apt-get cannot install {package}: {_reason(text)}")
    if shutil.which("systemctl"):
        run(["systemctl", "disable", "--now", service])


def _reason(text: str) -> str:
    """Return the line in which apt or dpkg says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E:", "dpkg-deb: error"))]
    return (errors or lines or ["it said nothing"])[-1]
