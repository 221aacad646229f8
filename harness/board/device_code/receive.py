# Runs on the board: the payload, its escapes undone (`harness.wire.push_stream`). `inflated` takes
# from `buffer` at its own pace: before each 256 bytes that it is asked for there are 1024 in
# `buffer`, which is more than they can need (15 bits a literal, and the 300 bytes of a block's
# tables); they end at `end`.
def source(size):
    global left, end
    data = buffer.read(end - buffer.tell())
    while left and len(data) < 1024:
        chunk = read(min(HIL_CHUNK, left))
        left -= len(chunk)
        data += chunk.rstrip(b"\x1b").replace(b"\x1b1", b"\3").replace(b"\x1b0", b"\x1b")
    end = len(data)
    buffer.seek(0)
    buffer.write(data)
    buffer.seek(0)
    return inflated.read(size)


# The content of a file, in pieces. A stream that a turned bit has ended too soon gives nothing.
def pieces(size):
    while size:
        data = source(min(256, size))
        if not data:
            raise ValueError
        size -= len(data)
        yield data
