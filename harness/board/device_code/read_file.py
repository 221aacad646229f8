# Runs on the board: a file as it is, but for 04, which would end the output, and the escape
# (`harness.wire.read_stream`); then its size and the sum of its bytes.
import sys


def read_file(path):
    say = sys.stdout.buffer.write
    size = total = 0
    with open(path, "rb") as file:
        while True:
            data = file.read(256)
            if not data:
                break
            size += len(data)
            total += sum(data)
            say(data.replace(b"\x1b", b"\x1b0").replace(b"\4", b"\x1b1"))
    say(b"\x1b2%d,%d" % (size, total))
