# What an import keeps of the heap, and which files it loads.
#     bench_import.py MODULE
import gc
import json
import sys

module = sys.argv[1]
known = set(sys.modules)


def clear(count):
    # The collector takes whatever lies on the stack for a reference: overwrite it. Names that every
    # interpreter has: the table of names grows in steps, and it is the client's that are measured.
    code = data = flags = head = host = items = key = text = None
    return clear(count - 1) if count else (code, data, flags, head, host, items, key, text)


clear(30)
gc.collect()
before = gc.mem_alloc()
__import__(module)
clear(30)
gc.collect()
after = gc.mem_alloc()
new = [sys.modules[name] for name in sys.modules if name not in known]
files = [getattr(each, "__file__", None) for each in new]
print("bench:" + json.dumps({"size_bytes": after - before, "files": files}))
