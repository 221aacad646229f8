# Runs on the board: what has to be done, which stands at the head of the payload, and the answer.
# What still comes after an error is read and dropped: at the prompt it would be taken for code.
try:
    print(end="\6" * HIL_WINDOWS)
    gone, folders, *groups = eval(HIL_ROWS)  # noqa: S307, it is ours
    remove(gone)
    HIL_FOLDERS  # noqa: B018, a call or nothing
    for files in groups:
        for file in files:
            HIL_SKIP or store(*file)
        # Inflates to the end of the stream; the plain bytes begin right behind it.
        source(1)
        d = b
    tell()
finally:
    while left and poll.poll(99):
        r(1)
