# Runs on the board: who it is and what it runs.
def identify():
    import binascii
    import gc
    import os
    import sys

    try:
        import machine

        identity = binascii.hexlify(machine.unique_id()).decode()
    except (ImportError, AttributeError):
        identity = ""
    gc.collect()
    implementation = sys.implementation
    version = ".".join(str(part) for part in implementation[1] if part != "")
    return {
        "id": identity,
        "firmware": "%s %s" % (implementation[0], version),
        "build": sys.version,
        "machine": getattr(implementation, "_machine", "") or os.uname().machine,
        "platform": sys.platform,
        "heap_free_bytes": gc.mem_free() if hasattr(gc, "mem_free") else 0,
    }
