"""The program `lictor` as an administrator calls it."""

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

from support.gate import CALL_SECONDS, Gate


class CommandLine:
    """`lictor("key", "list")` with a service's address and a token, in a folder and far from any terminal."""

    def __init__(self, program: str | Path, url: str, token: str, folder: Path) -> None:
        self.program = str(program)
        self.folder = folder
        self.environment = {"PATH": os.environ["PATH"], "LICTOR_URL": url, "LICTOR_TOKEN": token}
        self.printed: list[str] = []

    @classmethod
    def of(cls, gate: Gate, folder: Path) -> "CommandLine":
        """That of the administrator of a gate's control plane."""
        return cls(gate.up["lictor"], gate.up["api_url"], gate.up["admin_token"], folder)

    def __call__(
        self, *arguments: object, status: int = 0, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """One run that ends with the status `status`."""
        command = [self.program, *map(str, arguments)]
        variables = {**self.environment, **environment}
        done = subprocess.run(
            command, cwd=self.folder, env=variables, input=stdin, capture_output=True, text=True, timeout=CALL_SECONDS
        )
        self.printed += [done.stdout, done.stderr]
        assert done.returncode == status, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments: object, status: int = 0, **environment: str) -> Any:
        return json.loads(self(*arguments, "--output", "json", status=status, **environment).stdout)

    def at_a_terminal(self, *arguments: object, **environment: str) -> "Terminal":
        return Terminal([self.program, *map(str, arguments)], {**self.environment, **environment}, self.folder)


class Terminal:
    """A run that can be asked and answered."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self._side, theirs = pty.openpty()
        self._process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self.text = ""

    def asks(self, question: str) -> None:
        """Waits for the question."""
        while question not in self.text:
            assert self._read(), f"it ended without asking {question!r}:\n{self.text}"

    def answer(self, text: str) -> None:
        os.write(self._side, f"{text}\n".encode())

    def ends(self) -> int:
        """The status with which it ends."""
        while self._read():
            pass
        os.close(self._side)
        return self._process.wait(CALL_SECONDS)

    def _read(self) -> bool:
        try:
            data = os.read(self._side, 4096)
        except OSError:  # Linux says so when the other side is closed.
            return False
        self.text += data.decode()
        return bool(data)
