# Runs on the board: one hash over all the named files, the beginning of each one's digest, and
# other files that were found.
def survey():
    whole = hashlib.sha256()
    starts = []
    for path in HIL_PATHS:
        text = digest(path)
        starts.append(text and text[:12])
        whole.update("%s %s\n" % (path, text))
    return binascii.hexlify(whole.digest()).decode(), starts, HIL_FOUND


def tell():
    hash, starts, found = survey()
    same = hash == HIL_EXPECTED and not found
    reply((hash, (), ()) if same else (hash, starts, found))
    return same
