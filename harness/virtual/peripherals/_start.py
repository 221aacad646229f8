"""What the boot ROM does; its names go when the program begins.

Arguments of the script (`harness.virtual.interpreter` builds them): folder of these files, tag of
report packets (hexadecimal), file descriptor of the flash image, of the input block, of the clock,
1 to go on in raw REPL, reset cause, unique id (hexadecimal), the board's time at the last hard
reset in ms, how many times as fast time passes while the program waits, what is wrong with the
board (`harness.virtual.board_fault`).
"""

import sys

import uos


class Flash:
    """Block device over the image file.

    No method branches: a pending Ctrl-C is raised at a jump, and raised inside the block device it
    would leave LittleFS half-way through its own work, which on a board cannot happen.
    """

    def __init__(self, descriptor):
        self._image = open(descriptor, "r+b")
        size = self._image.seek(0, 2)
        # ioctl operations 1..6: init, deinit, sync, block count, block size, erase block.
        self._answers = (0, 0, 0, 0, size // 4096, 4096, 0)

    def readblocks(self, block, buffer, offset=0):
        self._image.seek(block * 4096 + offset)
        self._image.readinto(buffer)

    def writeblocks(self, block, data, offset=0):
        self._image.seek(block * 4096 + offset)
        self._image.write(data)

    def ioctl(self, operation, argument):
        return self._answers[operation]


def boot(main, argv):
    """Bring the board up and run boot.py and main.py in the namespace `main`."""
    rom, tag, flash, inputs, clock, raw, cause, unique_id, epoch_ms, scale, faults = argv[1:12]
    faults = faults.split(",")
    if "crash" in faults:
        raise SystemExit(1)
    # From here on whatever happens ends in the REPL; only SystemExit ends the process.
    uos.putenv("MICROPYINSPECT", "1")
    uos.umount("/")
    uos.mount(uos.VfsPosix(rom), "/rom", readonly=True)
    if "files" not in faults:
        _mount(Flash(int(flash)))
    uos.chdir("/")
    sys.path[:] = ["/rom"]
    _install(tag, int(inputs), int(clock), int(cause), unique_id, int(epoch_ms), int(scale))
    sys.path[:] = ["", ".frozen", "/lib", "/rom"]
    sys.argv[:] = []
    main.clear()
    main["__name__"] = "__main__"
    import _bench
    import micropython

    if faults != [""]:
        import _fault

        _fault.install(faults)
    del sys.modules["_start"]
    # As the last line of a board's own _boot.py: what comes next finds its memory in one piece.
    import gc

    gc.collect()
    _bench.report(b"Bmounted")
    micropython.kbd_intr(3)
    if not _run("boot.py", main) or (raw == "0" and not _run("main.py", main)):
        uos.unsetenv("MICROPYINSPECT")
        raise SystemExit
    _bench.report(b"Brepl")


def _mount(device):
    """Mount the volume on the flash, made when there is none."""
    try:
        volume = uos.VfsLfs2(device)
    except OSError:
        uos.VfsLfs2.mkfs(device)
        volume = uos.VfsLfs2(device)
    uos.mount(volume, "/")


def _install(tag, inputs, clock, cause, unique_id, epoch_ms, scale):
    """Put the models in the place of the modules that would reach past them to the host."""
    import _bench
    from ubinascii import unhexlify

    _bench.open_channel(unhexlify(tag), inputs, clock)
    _bench.cause = cause
    _bench.unique_id = unhexlify(unique_id)
    _bench.epoch_ms = epoch_ms
    _bench.scale = scale
    import _micropython

    sys.modules["micropython"] = _micropython
    from _alias import Alias

    sys.modules["vfs"] = Alias("vfs", "_vfs")
    # Programs of the 1.9 generation import these names, which would find the host's own modules.
    for name in ("os", "time", "select", "socket", "machine"):
        sys.modules["u" + name] = Alias("u" + name, name)
    import _sys

    sys.modules["sys"] = _sys.facade


def _run(path, main):
    """Run a file as a board does; False when it asked for a soft reset."""
    try:
        uos.stat(path)
    except OSError:
        return True
    try:
        execfile(path, main)  # noqa: F821, a built-in of MicroPython
    except SystemExit:
        return False
    except BaseException as error:
        sys.print_exception(error)
    return True
