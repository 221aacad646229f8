# Runs on the board with all of the others: an answer as a literal in a frame, so that nothing else
# that the board prints meanwhile can be taken for it (`harness.wire.device_value`).
def reply(value):
    text = repr(value)
    print("\x1e=%s\x1f%04x" % (text, sum(text.encode()) & 65535))
