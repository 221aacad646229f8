# Runs on the board: where not all is as expected, reads the next piece of the program as load.py
# did the first, and runs it. It is put behind what is left of that: both are one deflate stream.
if not survey():
    sizes, text, left = eval(read(HIL_HEADER))  # noqa: S307, it is ours
    data = buffer.read() + b"".join(map(read, sizes))
    end = len(data)
    buffer.seek(0)
    buffer.write(data)
    buffer.seek(0)
    exec(inflated.read(text))  # noqa: S102, it is ours
