# Runs on the board with all of the others: an answer as a literal in a frame, so that nothing else
# that the board prints meanwhile can be taken for it (`harness.wire.device_value`).
def reply(value):
    try:
        text = repr(value)
        print("\x1e=%s\x1f%04x" % (text, sum(text.encode()) & 65535))
    except MemoryError:
        # Its text does not fit into the heap: a tuple is printed piece by piece, without a sum.
        print(end="\x1e=")
        print((value,), end="\x1f-\n")
