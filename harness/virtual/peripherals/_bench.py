"""The models' channel to the supervisor: reports go out, the board's inputs come in.

A report is one packet on the console's socket that begins with a tag drawn for this boot, so it
keeps its place in the order of all that the program prints. The inputs are a block of bytes that
the supervisor writes at any time (`harness.virtual.inputs` has the layout).
"""

import utime
from ustruct import pack, unpack

#: The head of the input block, which `harness.virtual.inputs` lays out; behind it lie the durations
#: of the last pulse train.
inputs = bytearray(96)
WIFI_STATE = 0
WIFI_LOSSES = 1
ANSWERED = 2
IMU_ID = 3
#: Of GPIO 0..39: 0, 1, or `OPEN` for a pin that nothing drives.
LEVELS = 4
OPEN = 2
#: Of the ADC pins 32..39, two bytes each: the fraction of 3.3 V.
READINGS = 44
MOTION = 60
TRAIN_NUMBER = 84
TRAIN_PIN = 85
TRAIN_COUNT = 86
TRAIN_START = 88
TRAIN = 96

#: What the board calls itself, in banner and `os.uname`.
MACHINE = "Codey virtual with ESP32"

cause = 1
scale = 1
unique_id = b""
epoch_ms = 0
_tag = b""
_console = None
_block = None
_clock = None
_asked = 0


def open_channel(tag, block, clock):
    """Begin: `tag` marks reports; the descriptors are of the input block and of the clock."""
    global _tag, _console, _block, _clock
    _tag = tag
    _console = open(1, "wb")
    _block = open(block, "rb")
    _clock = open(clock, "r+b")


def tagged(size):
    """Return a buffer of `size` bytes that begins with the tag, for a model that reports often."""
    buffer = bytearray(size)
    buffer[: len(_tag)] = _tag
    return buffer


def send(packet):
    """Send a packet that already has its tag."""
    _console.write(packet)


def report(data):
    """Tell the supervisor."""
    _console.write(_tag + data)


def ask(data):
    """Tell the supervisor and wait until it has done it: the inputs then show the effect."""
    global _asked
    # 1..255: the supervisor begins each process at 0.
    _asked = _asked % 255 + 1
    _console.write(_tag + b"?" + bytes([_asked]) + data)
    while refresh()[ANSWERED] != _asked:
        utime.sleep_ms(1)


def told_clock():
    """Return the number that `tell_clock` has left, of this interpreter or the one before it."""
    _clock.seek(0)
    return unpack("<q", _clock.read(8))[0]


def tell_clock(number):
    """Tell how the board's time passes from now on (`harness.virtual.clock` has the number)."""
    _clock.seek(0)
    _clock.write(pack("<q", number))


def refresh():
    """Read the inputs anew and return their block."""
    _block.seek(0)
    _block.readinto(inputs)
    return inputs


def read_train(buffer):
    """Read the durations of the last pulse train, two bytes each in microseconds."""
    _block.seek(TRAIN)
    _block.readinto(buffer)
