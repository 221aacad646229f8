# Runs on the board: makes the folders in which files lie.
import os


def make_folders(paths):
    for path in paths:
        folder = ""
        for name in path.split("/")[1:-1]:
            folder += "/" + name
            try:
                os.mkdir(folder)
            except OSError:
                os.stat(folder)
