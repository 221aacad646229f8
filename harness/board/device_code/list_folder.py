# Runs on the board: names, kinds and sizes in a folder.
def _hil(path):
    import os

    rows = []
    for name in os.listdir(path):
        stat = os.stat(path.rstrip("/") + "/" + name)
        rows.append([name, bool(stat[0] & 0x4000), stat[6]])
    return rows
