# Runs on the board: names, kinds and sizes in a folder. A folder has size 0: what stat says of it
# is whatever the file system left there.
def list_folder(path):
    import os

    rows = []
    for name in os.listdir(path):
        stat = os.stat(path.rstrip("/") + "/" + name)
        is_folder = bool(stat[0] & 0x4000)
        rows.append([name, is_folder, 0 if is_folder else stat[6]])
    return rows
