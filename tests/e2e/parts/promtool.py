"""Prometheus' own checker of rules, unpacked from Debian's package into the cache; never installed."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from parts import cache
from parts.cache import PartError, progress

PACKAGE = "prometheus"


def promtool() -> Path:
    """The program: `promtool` on the PATH, or from the cache, where it is put the first time."""
    if found := shutil.which("promtool"):
        return Path(found)
    return cache.built("promtool", _download_and_unpack) / "usr/bin/promtool"


def _download_and_unpack(folder: Path) -> None:
    progress(f"downloading {PACKAGE} (about 20 MB)")
    with tempfile.TemporaryDirectory(prefix="lictor-apt-") as scratch:
        # As whoever runs the tests: apt's own user cannot write there.
        _run("apt-get", "-q", "-o", "APT::Sandbox::User=", "download", PACKAGE, cwd=scratch)
        [archive] = [name for name in os.listdir(scratch) if name.endswith(".deb")]
        _run("dpkg-deb", "--extract", archive, str(folder), cwd=scratch)


def _run(*command: str, cwd: str) -> None:
    answer = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise PartError(f"`{' '.join(command)}` failed:\n{(answer.stderr or answer.stdout).strip()}")
