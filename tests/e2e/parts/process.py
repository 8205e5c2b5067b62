"""Somebody else's server as a child process: a port for it, waiting for it, stopping it."""

import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from parts.cache import PartError

# Below the range from which the kernel takes the ports of outgoing connections, so that none of those can take a port
# between its choice and the server's bind; and not where `cargo xtask` chooses. None is given twice.
PORTS = iter(random.sample(range(20000, 26000), 6000))
POLL_SECONDS = 0.05
LOG_LINES_IN_AN_ERROR = 30


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    for port in PORTS:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise PartError("every port from 20000 to 25999 of 127.0.0.1 was taken or given")


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
