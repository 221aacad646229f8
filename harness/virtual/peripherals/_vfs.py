"""`vfs` without the way to the host's files."""

from os import VfsFat, VfsLfs1, VfsLfs2, mount, umount  # noqa: F401
