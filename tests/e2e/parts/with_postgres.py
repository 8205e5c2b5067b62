"""`python -m parts.with_postgres COMMAND …` runs a command with a private PostgreSQL cluster for the control plane's tests."""

import os
import signal
import subprocess
import sys

from parts.postgres import Postgres


def main() -> int:
    # A terminated run must reach the end of the `with` block.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with Postgres() as postgres:
        server = postgres.url("").removesuffix("/")
        return subprocess.run(sys.argv[1:], env={**os.environ, "LICTOR_TEST_POSTGRES": server}, check=False).returncode


sys.exit(main())
