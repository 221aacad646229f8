# How often something can be done in a slice of time.
from time import ticks_diff, ticks_us


def rate(do, slice_us):
    # do(n) does it n times. The clock is looked at some ten times in a slice, so that fast things
    # are not measured with the clock in them, and slow ones do not overrun their slice.
    batch = 1
    count = 0
    start = ticks_us()
    while True:
        do(batch)
        count += batch
        took = ticks_diff(ticks_us(), start)
        if took >= slice_us:
            return {"count": count, "took_us": took}
        if took * 8 < slice_us:
            batch *= 2
