# Runs on the board: reads past a file that is there already; says so, and whether it did.
def skip(path, size, start):
    text = digest(path)
    same = text and text[:12] == start
    if same:
        while size:
            size -= len(source(min(256, size)))
        print(end="\b")
    return same
