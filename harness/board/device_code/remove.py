# Runs on the board: removes files; one that is absent is no error.
def remove(paths):
    import os

    for path in paths:
        try:
            os.remove(path)
        except OSError as error:
            if error.args[0] != 2:
                raise
