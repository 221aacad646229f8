# Runs on the board: the payload, in chunks that are granted by a 06 each, with its escapes undone
# (`harness.wire.push_stream`). `d` inflates from `b` at its own pace: before each 256 bytes that it
# is asked for there are 1024 in `b`, which is more than they can need (15 bits a literal, and the
# 300 bytes of a block's tables). A host that says nothing is not waited for for ever; and Ctrl-C is
# on all the time.
import select

poll = select.poll()
poll.register(sys.stdin, 1)


def source(size):
    global left, e
    data = b.read(e - b.tell())
    while left and len(data) < 1024:
        if not poll.poll(HIL_PATIENCE):
            raise OSError(110)
        chunk = r(min(HIL_CHUNK, left))
        left -= len(chunk)
        print(end="\6")
        data += chunk.rstrip(b"\x1b").replace(b"\x1b1", b"\3").replace(b"\x1b0", b"\x1b")
    e = len(data)
    b.seek(0)
    b.write(data)
    b.seek(0)
    return d.read(size)
