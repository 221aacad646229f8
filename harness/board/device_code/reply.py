# Runs on the board around each of the others: the answer as one record, so that nothing else that
# the board prints meanwhile can be taken for it. Nothing stays behind in the globals.
def _hil_reply(value):
    import json

    text = json.dumps({"k": "reply", "t": 0, "value": value})
    print("\x1e%s\x1f%04x" % (text, sum(text.encode()) & 0xFFFF))


try:
    _hil_reply(_hil(*_hil_arguments))
finally:
    del _hil, _hil_reply, _hil_arguments
