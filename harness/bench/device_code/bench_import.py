# What an import keeps of the heap, and which files it loads.
#     bench_import.py MODULE
import gc
import json
import sys

module = sys.argv[1]
known = set(sys.modules)
gc.collect()
before = gc.mem_alloc()
__import__(module)
gc.collect()
after = gc.mem_alloc()
new = [sys.modules[name] for name in sys.modules if name not in known]
files = [getattr(each, "__file__", None) for each in new]
print("bench:" + json.dumps({"size_bytes": after - before, "files": files}))
