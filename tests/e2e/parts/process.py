"""Somebody else's server as a child process: a port for it, waiting for it, stopping it."""

import fcntl
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from parts.cache import PartError

# Below the range from which the kernel takes the ports of outgoing connections, so that none of those can take a port
# between its choice and the server's bind; and not where `cargo xtask` chooses.
PORTS = range(20000, 26000)
# Of these, a process of tests takes so many at once for itself.
SHARE = 250
POLL_SECONDS = 0.05
LOG_LINES_IN_AN_ERROR = 30


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on. None is given twice."""
    for port in _own:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise PartError(f"every port from {PORTS.start} to {PORTS.stop - 1} of 127.0.0.1 was taken or given")


def _ports() -> Iterator[int]:
    """Ports of this process alone, as long as it lives: a server that is started again finds its port as it left it."""
    for share in (PORTS[first : first + SHARE] for first in range(0, len(PORTS), SHARE)):
        lock = (Path(tempfile.gettempdir()) / f"lictor-ports-{os.getuid()}-{share.start}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _locks.append(lock)
        yield from share


_locks: list[IO[str]] = []
_own = _ports()


def wait_until(ready: Callable[[], bool], process: subprocess.Popen, name: str, log: Path, seconds: float) -> None:
    """Returns when `ready()` holds; ends with the log's last lines when the process dies or is too slow."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise PartError(f"{name} ended with status {process.returncode} at its start\n{tail(log)}")
        if time.monotonic() > deadline:
            raise PartError(f"{name} was not ready within {seconds:.0f} s\n{tail(log)}")
        time.sleep(POLL_SECONDS)


def stop(process: subprocess.Popen, polite: signal.Signals, seconds: float) -> None:
    """Asks with the signal `polite`, and kills a process that has not ended within `seconds`."""
    if process.poll() is not None:
        return
    process.send_signal(polite)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def has_ended(pid: int) -> bool:
    """Whether a process has ended with all its threads: only then are its ports and the files that it had locked free."""
    try:
        threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return threads == 1 and state == "Z"


def tail(log: Path) -> str:
    """The end of a log, for an error message."""
    if not log.exists():
        return f"(no log at {log})"
    return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES_IN_AN_ERROR:])
