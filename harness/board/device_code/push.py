# Runs on the board: what has to be done, which stands at the head of the payload, and the answer.
# A name that the line has changed would be another file: so nothing is done that has not its sum.
# What still comes after an error is read and dropped: at the prompt it would be taken for code.
try:
    rows = HIL_ROWS
    if hashlib.sha256(rows).digest()[:4] != HIL_SUM:
        raise ValueError
    gone, folders, *groups = eval(rows)  # noqa: S307, it is ours
    remove(gone)
    HIL_FOLDERS  # noqa: B018, a call or nothing
    for files in groups:
        for file in files:
            HIL_SKIP or store(*file)
        # Inflates to the end of the stream; the plain bytes begin right behind it.
        source(1)
        inflated = buffer
    survey()
finally:
    while left and poll.poll(99):
        take(1)
