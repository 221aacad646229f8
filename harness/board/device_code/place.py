# Runs on the board: puts the new file beside a path in the place of the old one. LittleFS renames
# over an existing file in one step; FAT refuses that, and between its two steps only the .new file
# exists.
import os


def place(path):
    new = path + ".new"
    try:
        os.rename(new, path)
    except OSError as error:
        if error.args[0] not in (1, 17):  # EPERM, EEXIST: it does not replace
            raise
        os.remove(path)
        os.rename(new, path)
