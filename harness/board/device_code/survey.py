# Runs on the board: says what lies there, and returns whether that is as expected. Then the answer
# is one hash over all the named files, in base64 without its last sign; otherwise the beginning of
# each one's digest and the other files that were found. The board is told no more of the expected
# hash than it takes to know it: the host compares all of it.
def survey():
    whole = hashlib.sha256()
    starts = []
    for path in HIL_PATHS:
        text = digest(path)
        starts.append(text and text[:12])
        whole.update("%s %s\n" % (path, text))
    found = HIL_FOUND
    hash = binascii.b2a_base64(whole.digest())[:-2]
    same = not found and hash[:8] == HIL_EXPECTED
    reply(hash if same else (hash, starts, found)[HIL_FROM:])
    return same
