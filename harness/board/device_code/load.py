# Runs on the board, at the head of a push: reads a first piece of program in chunks, and runs it.
# All that comes after it reads the line with `read`, which grants a chunk by a 06 and takes it, so
# that never more are under way than the board can hold (`harness.wire.push_stream`). It raises when
# none has come in time: a host that has died is not waited for for ever. A host writes a chunk as a
# whole, and to look for each byte would be a call into Python for each: so one that the line has
# torn is ended by Ctrl-C, which is on all the time. `buffer` holds what has come, and `inflated`
# what it inflates to. Short, as this alone is not deflated.
import io
import select
import sys

import HIL_MODULE  # noqa: F401, deflate where there is one

stdin = sys.stdin
take = stdin.buffer.read
poll = select.poll()
poll.register(stdin, 1)
read = lambda size: print(end="\6") or (poll.poll(HIL_PATIENCE)[0] and take(size))  # noqa: E731
buffer = io.BytesIO(HIL_JOIN(map(read, HIL_SIZES)))
inflated = HIL_INFLATE(buffer, 1, HIL_BITS)
exec(inflated.read(HIL_TEXT))  # noqa: S102, it is ours
