"""A process that sends the request on its standard input as fast as a connection takes it, until it is ended, or for ten
minutes should nobody end it."""

import sys
import time

from support import load

body = sys.stdin.buffer.read()
end = time.monotonic() + 600
load.run(int(sys.argv[1]), 1, lambda _: body, lambda _: time.monotonic() > end)
