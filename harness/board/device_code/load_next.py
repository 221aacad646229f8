# Runs on the board: reads the next piece of the program as load.py did the first, and runs it. It
# is put behind what is left of the first, so that both are one deflate stream.
def load_next():
    global e, left
    print(end="\6")
    count, chunk, size, text, left = eval(r(30))
    data = b""
    for _ in range(count):
        print(end="\6")
        data += r(chunk)
    data = b.read() + data[:size]
    e = len(data)
    b.seek(0)
    b.write(data)
    b.seek(0)
    exec(d.read(text))
