"""A control plane alone: `lictor serve` as a process, with a database of its own and without gates."""

import json
import os
import signal
import ssl
import subprocess
import urllib.request
from pathlib import Path
from typing import Any, Self

from parts import process
from support.gate import CALL_SECONDS, ROOT, ask

START_SECONDS = 120


def program() -> Path:
    """The control plane's program, built from these sources unless $LICTOR names one."""
    if named := os.environ.get("LICTOR"):
        return Path(named)
    command = ["cargo", "build", "--quiet", "--locked", "--package", "lictor-control-plane"]
    subprocess.run(command, cwd=ROOT, check=True)
    return ROOT / "target/debug/lictor"


class ControlPlane:
    """`with ControlPlane(odoo_url, folder, variables) as lictor:` starts it; again on the same folder, with what was there."""

    def __init__(
        self,
        odoo_url: str,
        folder: Path,
        variables: dict[str, str] | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.folder = folder
        self.port = process.free_port()
        self.url = f"{'https' if trust else 'http'}://127.0.0.1:{self.port}"
        self.trust = trust
        self.token = ""
        self.log = folder / "lictor.log"
        storage = {"LICTOR_DATABASE_URL": f"sqlite://{folder}/lictor.db", "LICTOR_MASTER_KEY_FILE": f"{folder}/lictor.key"}
        listen = {"LICTOR_LISTEN": f"127.0.0.1:{self.port}", "LICTOR_GATE_LISTEN": f"127.0.0.1:{process.free_port()}"}
        self.variables = {**storage, **listen, "LICTOR_ODOO_URL": odoo_url, **(variables or {})}

    def __enter__(self) -> Self:
        token = self.folder / "token"
        if not token.exists():
            command = [program(), "init", "--output", "json"]
            made = subprocess.run(command, env=self.variables, check=True, stdout=subprocess.PIPE, timeout=START_SECONDS)
            token.write_text(json.loads(made.stdout)["token"])
        self.token = token.read_text()
        self.start()
        return self

    def start(self) -> None:
        """Also after it was killed."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([program(), "serve"], env=self.variables, stdout=log, stderr=log)
        process.wait_until(self._answers, self.process, "lictor", self.log, START_SECONDS)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        process.stop(self.process, signal.SIGTERM, START_SECONDS)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=CALL_SECONDS, context=self.trust):
                return True
        except OSError:
            return False

    def api(self, method: str, path: str, body: object = None) -> Any:
        """A call of the REST API as administrator: see `ask`."""
        return ask(self.url, self.token, method, path, body, trust=self.trust)
