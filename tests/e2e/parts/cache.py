"""Where downloaded and built parts are kept: outside the checkout, shared by every checkout of this user."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path


class PartError(RuntimeError):
    """A part cannot be had or does not start; the message says what to do."""


def progress(message: str) -> None:
    """A first run takes a minute or two, so it says on stderr what it is doing."""
    print(f"lictor parts: {message}", file=sys.stderr, flush=True)


def folder() -> Path:
    """`$LICTOR_CACHE`, else `$XDG_CACHE_HOME/lictor`, else `~/.cache/lictor`."""
    if chosen := os.environ.get("LICTOR_CACHE"):
        path = Path(chosen)
    elif base := os.environ.get("XDG_CACHE_HOME"):
        path = Path(base) / "lictor"
    else:
        path = Path.home() / ".cache" / "lictor"
    path.mkdir(parents=True, exist_ok=True)
    return path.resolve()


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Holds `name` against other processes; the kernel lets go of it when this one dies."""
    with (folder() / f"{name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"another process is building {name}, waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def built(name: str, build: Callable[[Path], None]) -> Path:
    """The folder `name` of the cache, made by `build(empty folder)` if it is not there.

    It is built beside its place and renamed, so that a folder with its right name is complete.
    What a killed build left behind is removed by the next one.
    """
    place = folder() / name
    if place.is_dir():
        return place
    with lock(name.replace("/", "-")):
        if place.is_dir():
            return place
        place.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{place.name}."
        for leftover in place.parent.glob(f"{prefix}*"):
            shutil.rmtree(leftover)
        scratch = Path(tempfile.mkdtemp(prefix=prefix, dir=place.parent))
        try:
            build(scratch)
            scratch.rename(place)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
    return place


def digest(*parts: str) -> str:
    """A short name for content that decides whether something cached is still the right one."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
