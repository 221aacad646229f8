"""`os` without the way to the host's files, environment and programs."""

import sys
from collections import namedtuple

import _bench
from _alias import builtin

_os = builtin("os")
VfsFat = _os.VfsFat
VfsLfs1 = _os.VfsLfs1
VfsLfs2 = _os.VfsLfs2
chdir = _os.chdir
getcwd = _os.getcwd
_ilistdir = _os.ilistdir
mkdir = _os.mkdir
_mount = _os.mount
remove = _os.remove
rename = _os.rename
rmdir = _os.rmdir
sep = _os.sep
stat = _os.stat
statvfs = _os.statvfs
umount = _os.umount
unlink = _os.unlink
urandom = _os.urandom
del _os


def ilistdir(path=""):
    """List a folder; the models' own is no part of a board's root."""
    for entry in _ilistdir(path):
        # A mount point has three fields, a folder of the flash has four.
        if entry[0] != "rom" or len(entry) > 3:
            yield entry


def listdir(path=""):
    """Return the names in a folder."""
    return [entry[0] for entry in ilistdir(path)]


def mount(*arguments, **settings):
    """Mount a volume; without arguments return those that are."""
    if arguments:
        return _mount(*arguments, **settings)
    return [entry for entry in _mount() if entry[1] != "/rom"]


def uname():
    """Describe the board; release and version are the interpreter's true ones."""
    release = ".".join(str(part) for part in sys.implementation.version[:3])
    version = sys.version.split("MicroPython ")[-1]
    names = ("sysname", "nodename", "release", "version", "machine")
    return namedtuple(  # noqa: PYI024, MicroPython has no other
        "uname", names
    )("esp32", "esp32", release, version, _bench.MACHINE)


def sync():
    """Do nothing: each block is written when LittleFS writes it."""
