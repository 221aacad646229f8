# Runs on the board after a failed write: nothing half-written stays.
def _hil(path):
    import os

    file = globals().pop("_hil_file", None)
    if file is not None:
        file.close()
    try:
        os.remove(path + ".new")
    except OSError:
        pass
