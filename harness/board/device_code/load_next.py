# Runs on the board: where not all is as expected, reads the next piece of the program as load.py
# did the first, and runs it. It is put behind what is left of that: both are one deflate stream.
if not tell():
    print(end="\6" * HIL_WINDOWS)
    count, chunk, size, text, left = eval(r(30))  # noqa: S307, it is ours
    s = b.read()
    e = len(s) + size
    for i in range(count):
        s += r(chunk)
        print(end="\6" * (i < count + 1 - HIL_WINDOWS))
    b.seek(0)
    b.write(s)
    b.seek(0)
    exec(d.read(text))  # noqa: S102, it is ours
