# Runs on the board, at the head of a push: reads a first piece of program in chunks, each granted
# by a 06 so that never more are under way than it can hold, and runs it. Nothing more is granted:
# what came after an error would be taken for code at the prompt. Names are short, as this alone is
# not deflated: `b` holds what has come up to `e`, `d` what it inflates to.
import io
import sys

r = sys.stdin.buffer.read
s = b""
print(end="\6" * HIL_FIRST)
for i in range(HIL_COUNT):
    s += r(HIL_CHUNK)
    print(end="\6" * (i < HIL_LATER))
e = HIL_SIZE
left = HIL_LEFT
b = io.BytesIO(HIL_DATA)
d = HIL_SOURCE
exec(d.read(HIL_TEXT))  # noqa: S102, it is ours
