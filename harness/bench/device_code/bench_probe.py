# What one kind of call costs: bytes taken from the heap and microseconds, over COUNT calls.
# Nothing is collected meanwhile, so that garbage counts too.
import gc
from time import ticks_diff, ticks_us


def _hil_cost(call, count):
    gc.collect()
    gc.disable()
    try:
        heap = gc.mem_alloc()
        began = ticks_us()
        for _ in range(count):
            call()
        took = ticks_diff(ticks_us(), began)
        heap = gc.mem_alloc() - heap
    finally:
        gc.enable()
    print("cost", heap, took)
