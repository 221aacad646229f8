"""The virtual environment `.venv`: is it whole, what does it lack, make it, repair it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from launcher.step import SetUpError, WayClosedError, locked, replacing, run, say

BASE_LOCK = "requirements.lock"
TEST_LOCK = "requirements-dev.lock"

#: Where Debian keeps the pip that its venv puts in.
SYSTEM_WHEELS = Path("/usr/share/python-wheels")

#: Run by `.venv`'s interpreter: is every file there that each installed package lists? A package
#: whose installation was cut off has no list. 25 packages take 0.1 s. Ours is always installed
#: again.
HEALTH_CHECK = """
import importlib.metadata, os, sys
import pip
for package in importlib.metadata.distributions():
    if package.name == "codey-hil":
        continue
    files = [file for file in package.files or [] if file.suffix != ".pyc"]
    if not files or not all(os.path.lexists(package.locate_file(file)) for file in files):
        sys.exit(f"{package.name} is not whole")
"""


def ensure_environment(root: Path, locks: list[str]) -> None:
    """Make `.venv` hold the locked packages and this checkout; nothing is done when it does.

    Args:
        root: The checkout.
        locks: Names of the lock files to install, `BASE_LOCK` first.

    Raises:
        SetUpError: When there is no pip for this interpreter, or pip could not install.
    """
    if is_ready(root, locks):
        return
    import time

    with locked(root / ".venv.lock", ".venv"):
        if is_ready(root, locks):
            return
        begun_s = time.monotonic()
        if not is_repairable(root):
            make(root)
        # From here on an interrupted set-up is gone on with, if what it left is whole.
        write_stamp(root, {_place(root)})
        for lock in locks:
            say(f"installing the locked packages ({lock})")
            _pip_install(root, "--require-hashes", "--only-binary", ":all:", "-r", str(root / lock))
            if lock == BASE_LOCK:
                _pip_install(root, "--no-deps", "--no-build-isolation", "--editable", str(root))
        write_stamp(root, wanted_stamp(root, locks))
        say(f".venv is ready ({time.monotonic() - begun_s:.0f} s)")


def is_ready(root: Path, locks: list[str]) -> bool:
    """Tell whether `.venv` is whole and has all that `locks` and this checkout ask for."""
    try:
        return wanted_stamp(root, locks) <= read_stamp(root)
    except (FileNotFoundError, NotADirectoryError):
        return False


def is_repairable(root: Path) -> bool:
    """Tell whether pip can bring `.venv` up to date; otherwise it has to be made anew."""
    if _place(root) not in read_stamp(root):  # none, half made, or brought here from elsewhere
        return False
    try:
        status, _ = run([str(root / ".venv/bin/python"), "-I", "-c", HEALTH_CHECK])
    except OSError:
        return False
    return status == 0


def wanted_stamp(root: Path, locks: list[str]) -> set[str]:
    """Return the lines that the stamp of a whole `.venv` has at least.

    Its place, its interpreter, our command, its folder of packages (the time of which changes when
    a package comes or goes), and a hash of each file that says what to install. The stamp is
    written last.

    Raises:
        FileNotFoundError: When a part of `.venv` is not there.
    """
    import hashlib

    lines = {_place(root)}
    venv = root / ".venv"
    for part in (venv / "bin/python", venv / "bin/hil", site_packages(venv)):
        lines.add(f"{os.path.realpath(part)} {part.stat().st_mtime_ns}")
    for name in ("pyproject.toml", *locks):
        lines.add(f"{name} {hashlib.sha256((root / name).read_bytes()).hexdigest()}")
    return lines


def read_stamp(root: Path) -> set[str]:
    """Return the lines of the stamp; none when there is no stamp."""
    try:
        return set((root / ".venv/hil-stamp").read_text("utf-8").splitlines())
    except (FileNotFoundError, NotADirectoryError):
        return set()


def write_stamp(root: Path, lines: set[str]) -> None:
    """Write the stamp in one move, so that it is never half there."""
    fresh = root / ".venv/hil-stamp.new"
    fresh.write_text("\n".join(sorted(lines)) + "\n", "utf-8")
    fresh.replace(root / ".venv/hil-stamp")


def _place(root: Path) -> str:
    """Return the stamp's line for where `.venv` is: its scripts hold that path and cannot move."""
    return f"venv {root / '.venv'}"


def site_packages(venv: Path) -> Path:
    """Return the folder of packages of a virtual environment.

    Raises:
        FileNotFoundError: When it has none.
    """
    for library in (venv / "lib").iterdir():
        if library.name.startswith("python3."):
            return library / "site-packages"
    raise FileNotFoundError(venv / "lib/python3")


def make(root: Path) -> None:
    """Make an empty virtual environment with pip in it, in the place of whatever is there.

    Raises:
        SetUpError: When there is no pip for this interpreter.
    """
    import shutil
    import zipfile

    venv = root / ".venv"
    wheel = _find_pip_wheel()
    if venv.is_dir() and not venv.is_symlink():
        say("removing .venv: it is broken, half made or from another place")
        shutil.rmtree(venv)
    elif os.path.lexists(venv):
        venv.unlink()
    say(f"making .venv with {sys.executable} ({sys.version.split()[0]})")
    try:
        from venv import EnvBuilder
    except ImportError:
        make_by_hand(venv)
    else:
        EnvBuilder(symlinks=True).create(venv)
    # To unpack is all that a wheel of pure Python needs; ensurepip takes 3 s for the same.
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site_packages(venv))


def make_by_hand(venv: Path) -> None:
    """Make what the venv module makes, where a distribution has cut that module out."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    interpreter = Path(sys.executable).resolve()
    (venv / "bin").mkdir(parents=True)
    (venv / f"lib/python{version}/site-packages").mkdir(parents=True)
    for name in ("python", "python3"):
        (venv / "bin" / name).symlink_to(interpreter)
    (venv / "pyvenv.cfg").write_text(
        f"home = {interpreter.parent}\ninclude-system-site-packages = false\nversion = {version}\n",
        "utf-8",
    )


def _find_pip_wheel() -> Path:
    """Return a pip wheel: the interpreter's own, the distribution's, or one unpacked for this."""
    import importlib.util
    import sysconfig

    from launcher.debian import cache_folder, unpack

    unpacked = cache_folder() / "python3-pip-whl"
    folders = [SYSTEM_WHEELS, unpacked / "usr/share/python-wheels"]
    own = importlib.util.find_spec("ensurepip")
    if own and own.origin:
        folders.insert(0, Path(own.origin).with_name("_bundled"))
    if sysconfig.get_config_var("WHEEL_PKG_DIR"):
        folders.insert(0, Path(sysconfig.get_config_var("WHEEL_PKG_DIR")))
    wheels = [wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))]
    if not wheels:
        try:
            with locked(cache_folder() / "lock", str(cache_folder())), replacing(unpacked) as fresh:
                unpack("python3-pip-whl", fresh)
        except (WayClosedError, OSError) as error:
            raise SetUpError(
                f"this Python has no pip, and {error}; type: sudo apt-get install python3-venv"
            ) from error
        wheels = sorted(unpacked.glob("usr/share/python-wheels/pip-*.whl"))
    return wheels[0]


def _pip_install(root: Path, *arguments: str) -> None:
    """Run pip in `.venv`, deaf to settings that would make it install elsewhere."""
    log = root / ".venv/set-up.log"
    status, text = run(
        [
            str(root / ".venv/bin/python"),
            "-I",
            *("-m", "pip", "install", "--no-input", "--disable-pip-version-check"),
            *arguments,
        ],
        environ={"PIP_USER": "0", "PIP_TARGET": "", "PIP_PREFIX": "", "PIP_ROOT": ""},
    )
    with log.open("a", encoding="utf-8") as file:
        file.write(f"pip install {' '.join(arguments)}\n{text}\n")
    if status:
        errors = [line for line in text.splitlines() if line.startswith("ERROR:")]
        reason = errors[0] if errors else f"pip ended with status {status}"
        if "WARNING: Retrying" in text:  # what pip then says of versions is not the cause
            reason = "pip cannot reach the package index"
        raise SetUpError(f"{reason}; look into {log}, mend it, and type the same again")
