# Runs on the board: one piece of a file, in base64.
def _hil(path, offset, size):
    import binascii

    with open(path, "rb") as file:
        file.seek(offset)
        return binascii.b2a_base64(file.read(size)).decode().strip()
