# Runs on the board that cannot print bytes: one piece of a file.
def read_piece(path, offset, size):
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(size)
