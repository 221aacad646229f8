# Runs on the board: reads past a file that is there already; says so, and whether it did.
def skip(path, size, start):
    text = digest(path)
    same = text and text[:12] == start
    if same:
        for _ in pieces(size):
            pass
        print(end="\b")
    return same
