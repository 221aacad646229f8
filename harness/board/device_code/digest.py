# Runs on the board: SHA-256 of the named files, and the names of all files below the named folders.
def _hil(paths, folders):
    import os

    try:
        import hashlib
    except ImportError:
        import uhashlib as hashlib
    import binascii

    buffer = bytearray(512)
    view = memoryview(buffer)
    digests = {}
    for path in paths:
        try:
            file = open(path, "rb")
        except OSError:
            digests[path] = None
            continue
        digest = hashlib.sha256()
        while True:
            size = file.readinto(buffer)
            if not size:
                break
            digest.update(view[:size])
        file.close()
        digests[path] = binascii.hexlify(digest.digest()).decode()
    found = []
    todo = list(folders)
    while todo:
        folder = todo.pop()
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            path = folder.rstrip("/") + "/" + name
            if os.stat(path)[0] & 0x4000:
                todo.append(path)
            else:
                found.append(path)
    return {"digests": digests, "found": found}
