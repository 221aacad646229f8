# Runs fuzzed cases on an MQTT client, each a line of JSON on standard input, and answers each with
# one. Runs on MicroPython and CPython.
#     fuzz_runner.py FOLDER [COVERAGE]    FOLDER: of the client; COVERAGE: file for its report
import gc
import json
import os
import sys
from binascii import hexlify, unhexlify

sys.path.insert(0, sys.argv[1])
coverage = None
if len(sys.argv) > 2:
    import coverage as coverage_package

    # Below the frames that are watched is nothing of ours; the others cost a call each.
    coverage = coverage_package.Coverage(
        branch=True, data_file=None, config_file=False, include=[sys.argv[1] + "/mqtt*.py"]
    )
    coverage.start()

import fuzz_net  # noqa: E402

network = fuzz_net.network
parts = [name[:-3] for name in os.listdir(sys.argv[1]) if name.startswith("mqtt_")]
mqtt = fuzz_net.load("mqtt", parts)
is_small = sys.implementation.name == "micropython"
TOPIC = "fuzz/#"


class Deliberate(Exception):  # what a callback of the program raises
    pass


def scrub(depth):
    # The collector takes whatever lies on the stack for a reference: overwrite it.
    a = b = c = d = e = f = g = h = None
    return scrub(depth - 1) if depth else (a, b, c, d, e, f, g, h)


def used():
    # Heap in use: bytes on MicroPython, blocks on CPython.
    if is_small:
        scrub(30)
        gc.collect()
        return gc.mem_alloc()
    gc.collect()
    return sys.getallocatedblocks()


def form(value):
    if isinstance(value, str):
        return "s" + hexlify(value.encode()).decode()
    return "b" + hexlify(value).decode()


class Program:
    # A user's program, and what came of it.
    def __init__(self, options):
        self.heard = []
        self.mode = options["callback"]
        login = options["login"]
        client = mqtt.MQTTClient(
            "" if login == "random" else "fuzz",
            "broker",
            0,
            "user" if login in ("user", "all") else None,
            "password" if login == "all" else None,
            options["keepalive"],
        )
        if login == "all":
            client.set_last_will("fuzz/will", "x" * 200, True, 1)
        client.timeout_s = 10
        client._id = options["id"]
        client.set_callback(self.take)
        self.client = client

    def take(self, topic, msg):
        mode = self.mode
        self.heard.append([form(topic), form(msg)])
        if mode == "raise" and len(self.heard) % 2:
            raise Deliberate
        if mode == "publish":
            self.client.publish("fuzz/answer", "x")
        elif mode == "acknowledged":
            self.client.publish("fuzz/answer", "x", False, 1)
        elif mode == "disconnect":
            self.client.disconnect()
        elif mode == "check":
            self.client.check_msg()
        elif mode == "wait":
            self.client.wait_msg()

    def attempt(self, name, arguments):
        # Call the client; return how it ended.
        try:
            value = getattr(self.client, name)(*arguments)
        except mqtt.MQTTException as error:
            return "MQTTException" if error.code is None else "MQTTException code"
        except OSError as error:
            code = error.args[0] if error.args else None
            return "OSError %s" % (code if isinstance(code, int) else repr(code))
        except Deliberate:
            return "callback"
        except (KeyboardInterrupt, SystemExit):
            raise
        except fuzz_net.Stuck as error:
            return "!hang: " + str(error)
        except BaseException as error:
            return "!%s: %s" % (type(error).__name__, error)
        return "returned" if value is None else "returned %d" % value


def run(case):
    number = 0
    network.begin(case["now"])
    program = Program(case["options"])
    steps = []
    for name, arguments, chunks, end, mode in case["steps"]:
        fed = []
        for delay, data in chunks:
            fed.append((number, delay, unhexlify(data)))
            number += 1
        network.feed(fed, end, mode, name in ("connect", "reconnect"))
        fed = None
        program.heard = []
        outcome = program.attempt(name, arguments)
        took = network.passed
        may_wait = name == "wait_msg" or (name == "check_msg" and program.mode == "wait")
        may_wait = may_wait and case["options"]["keepalive"] == 0
        if network.endless and not may_wait and not outcome.startswith("!"):
            outcome = "!hang: a wait without limit"
        is_open = 1 if network.current else 0
        steps.append([outcome, took, network.begun, is_open, program.heard, network.heard])
        if outcome.startswith("!"):
            break
    network.begun = network.heard = None
    return steps, program


def after(program, present):
    # Whatever has happened, a program can go on: return what does not work, or "".
    network.correct(present)
    program.mode = ""
    for name, arguments in (
        ("reconnect", ()),
        ("ping", ()),
        ("subscribe", (TOPIC, 1)),
        ("publish", ("echo", "x", False, 1)),
    ):
        network.mode = ""
        outcome = program.attempt(name, arguments)
        if not outcome.startswith("returned"):
            return "%s: %s" % (name, outcome)
    for _ in range(3):
        program.heard = []
        outcome = program.attempt("wait_msg", ())
        if outcome != "returned":
            return "wait_msg: " + outcome
        if program.heard[-1:] == [["s6563686f", "s61676e"]]:
            break
    else:
        return "wait_msg: the message did not come"
    # A session of its own: all that is left of the case is let go.
    network.correct(0)
    for name, arguments in (("connect", (True,)), ("disconnect", ())):
        outcome = program.attempt(name, arguments)
        if not outcome.startswith("returned"):
            return "%s: %s" % (name, outcome)
    if network.sockets:
        return "%d sockets are open" % network.sockets
    return ""


def serve(line):
    # Run a case; return the answer without its braces, and the program, whose client still lives.
    case = json.loads(line)
    steps, program = run(case)
    lost = ""
    if not steps[-1][0].startswith("!"):
        lost = after(program, 0 if case["options"]["clean"] else case["options"]["present"])
    program.heard = None
    network.begin(0)
    return json.dumps({"index": case["index"], "steps": steps, "after": lost})[1:-1], program


def read():
    # In a frame of its own: the long lines are not to be found on the stack of the loop below.
    line = sys.stdin.readline()
    return serve(line) if line and line != "\n" else None


if not is_small:
    gc.disable()
    gc.freeze()  # what is there is not looked at again: a collection takes 50 us
print('fuzz:{"version": %s}' % json.dumps(sys.version))
while True:
    served = read()
    if served is None:
        break
    # With the client alive: what it keeps of a case is what is looked for.
    print('fuzz:{"heap": %d, %s}' % (used(), served[0]))
    served[1].client = None  # it holds the program in turn
    served = None
if coverage:
    coverage.stop()
    coverage.json_report(outfile=sys.argv[2])
    print("fuzz:" + json.dumps({"coverage": sys.argv[2]}))
