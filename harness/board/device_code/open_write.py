# Runs on the board: makes the folders of a file and opens the file beside it that is written first.
def _hil(path):
    import os

    folder = ""
    for name in path.split("/")[1:-1]:
        folder += "/" + name
        try:
            os.mkdir(folder)
        except OSError:
            os.stat(folder)
    globals()["_hil_file"] = open(path + ".new", "wb")
