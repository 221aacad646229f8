# Measures one client, as it is told on standard input: a line is the name of a measure and numbers.
#     bench_worker.py KIND MODULE HOST PORT NAME      KIND: bench_client or bench_bare
import json
import sys

kind, module, host, port, name = sys.argv[1:]
measure = __import__(kind).Measure(module, host, int(port), name)
print("bench:" + json.dumps({"version": sys.version}))
while True:
    line = sys.stdin.readline()
    if not line:
        break
    words = line.split()
    try:
        answer = getattr(measure, words[0])(*[int(word) for word in words[1:]])
    except Exception as error:
        answer = {"error": type(error).__name__, "text": str(error)}
    print("bench:" + json.dumps(answer))
