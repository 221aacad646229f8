# Runs on the board: names, kinds and sizes in a folder. What stat says of a folder's size is whatever
# the file system left there: LittleFS has none.
def _hil(path):
    import os

    rows = []
    for name in os.listdir(path):
        stat = os.stat(path.rstrip("/") + "/" + name)
        is_folder = bool(stat[0] & 0x4000)
        rows.append([name, is_folder, 0 if is_folder else stat[6]])
    return rows
