# Runs on the board: all files below the named folders, but for those that are known.
import os


def walk(folders, known):
    found = []
    while folders:
        folder = folders.pop()
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            path = folder.rstrip("/") + "/" + name
            if os.stat(path)[0] & 16384:
                folders.append(path)
            elif path not in known:
                found.append(path)
    return found
