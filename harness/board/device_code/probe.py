# Runs on the board: which of the facilities that a transfer may use are there, and the free heap.
import gc
import sys


def probe():
    found = []
    for module, name in (
        ("deflate", "DeflateIO"),
        ("hashlib", "sha256"),
        ("binascii", "a2b_base64"),
        ("select", "poll"),
        ("io", "BytesIO"),
    ):
        try:
            if hasattr(__import__(module), name):
                found.append(module)
        except ImportError:
            pass
    streams = ("stdin", "stdout")
    found += [name for name in streams if hasattr(getattr(sys, name, None), "buffer")]
    gc.collect()
    return found, gc.mem_free()
