# Runs on the board: one more piece of the file that is written beside a path.
def append_piece(path, is_first, data):
    with open(path + ".new", "wb" if is_first else "ab") as file:
        file.write(data)
