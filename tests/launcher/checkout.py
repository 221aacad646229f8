"""A checkout in miniature, with the real launcher, that pip can install without a network.

Its build backend and its one locked package are made here; pip, the virtual environment and the
processes are real.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

#: No step of a miniature takes more than some seconds; what does is stuck.
LIMIT_S = 60

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "codey-hil"
version = "1.0"
"""

#: Makes an editable wheel; where a pipe named `pause` lies in the checkout, it first waits for
#: somebody to open and close it, so that a test can act in the middle of a set-up.
BACKEND = """
import zipfile
from pathlib import Path

INFO = "codey_hil-1.0.dist-info"
FILES = {
    "METADATA": "Metadata-Version: 2.1\\nName: codey-hil\\nVersion: 1.0\\n",
    "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    "entry_points.txt": "[console_scripts]\\nhil = harness.cli.__main__:main\\n",
    "RECORD": "codey_hil.pth,,\\n",
}

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    if Path("pause").exists():
        Path("pause").read_bytes()
    name = "codey_hil-1.0-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory, name), "w") as wheel:
        wheel.writestr("codey_hil.pth", str(Path.cwd()))
        for path, text in FILES.items():
            wheel.writestr(f"{INFO}/{path}", text)
    return name
"""

#: Prints what it was given, and ends or waits as it is told.
COMMAND = """
import json, os, sys

def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] == "fail":
        return int(argv[1])
    seen = {
        "argv": argv, "pid": os.getpid(), "prefix": sys.prefix, "harness": __file__,
        "mosquitto": os.environ.get("HIL_MOSQUITTO"),
    }
    try:
        print(json.dumps(seen), flush=True)
        if argv and argv[0] == "echo":
            print(sys.stdin.read(), end="")
        if argv and argv[0] == "wait":
            sys.stdin.read()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        return 2
    return 0
"""


@dataclass
class Checkout:
    """A checkout in miniature.

    Attributes:
        root: Its folder.
        environ: The environment for its launcher: no network for pip, no settings of the machine.
    """

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path) -> Checkout:
        """Make one in a new folder, as a fresh clone."""
        root = folder / "checkout"
        shutil.copytree(REPOSITORY / "launcher", root / "launcher")
        shutil.copy(REPOSITORY / "hil", root / "hil")
        for path, text in {
            "pyproject.toml": PYPROJECT,
            "backend.py": BACKEND,
            "harness/__init__.py": "",
            "harness/cli/__init__.py": "",
            "harness/cli/__main__.py": COMMAND,
        }.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, "utf-8")
        _lock(root, "requirements.lock", "tiny")
        _lock(root, "requirements-dev.lock", "tinytest")
        environ = {name: text for name, text in os.environ.items() if not name.startswith("PIP_")}
        environ |= {
            "HOME": str(folder / "home"),
            "HIL_MOSQUITTO": "/bin/true",
            "HIL_SER2NET": "/bin/true",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(root / "wheels"),
        }
        environ.pop("XDG_CACHE_HOME", None)
        return cls(root, environ)

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of `./hil` with the interpreter of this test run."""
        return [sys.executable, str(self.root / "hil"), *arguments]

    def hil(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run `./hil` to its end."""
        return subprocess.run(
            self.command(*arguments),
            env={**self.environ, **environ},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `./hil` with pipes for its input and its outputs."""
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def _lock(root: Path, lock: str, name: str) -> None:
    """Write a lock file that names one package, and that package's wheel."""
    wheel = root / "wheels" / f"{name}-1.0-py3-none-any.whl"
    wheel.parent.mkdir(exist_ok=True)
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(
            f"{info}/RECORD",
            f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
        )
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (root / lock).write_text(f"{name}==1.0 --hash=sha256:{digest}\n", "utf-8")
