"""`deploy/kubernetes/conformance/conformance.py`, which an operator runs against a cluster, against a gate of ours."""

import os
import subprocess
import sys

from support.kubernetes import FOLDER

PROGRAM = FOLDER / "conformance/conformance.py"
# Whom `Echo` knows.
AGENT = ("--database", "odoo", "--login", "agent", "--method", "echo")


def run(url: str, key: str, *options: str) -> subprocess.CompletedProcess[str]:
    """For a gate that asks for `odoo.example`, at the address in `url`."""
    scheme, _, address = url.partition("://")
    command = [sys.executable, str(PROGRAM), f"{scheme}://odoo.example", "--connect", address, *AGENT, *options]
    environment = {**os.environ, "LICTOR_KEY": key}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def passes(url: str, key: str, *options: str) -> None:
    answer = run(url, key, *options)
    print(answer.stdout)
    assert answer.returncode == 0, answer.stdout + answer.stderr
