"""The real Odoo 19, unpacked from Debian's package into the cache, and an environment of Python to run it in.

The package is never installed. apt fetches it with lists of its own in the cache, so that it is verified by
Debian's signature as usual while the machine's package state stays as it is. To get a newer Odoo, remove the folder
`odoo-19` from the cache. `python3 -m parts.odoo_package` in `tests/e2e` fetches everything ahead of the tests.
"""

import dataclasses
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from parts import cache
from parts.cache import PartError, progress

PACKAGE = "odoo-19"
SUITE = "sid"
REQUIREMENTS = Path(__file__).resolve().parent.parent / "odoo-requirements.txt"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclasses.dataclass(frozen=True)
class OdooPackage:
    """Where the unpacked Odoo and its Python are."""

    tree: Path
    python: Path
    version: str

    @property
    def program(self) -> list[str]:
        """The start of the command line of `odoo`."""
        return [str(self.python), str(self.tree / "usr/bin/odoo")]

    @property
    def libraries(self) -> Path:
        """What belongs on `PYTHONPATH`: the folder that holds the package `odoo`."""
        return self.tree / "usr/lib/python3/dist-packages"

    @property
    def fingerprint(self) -> str:
        """Changes when anything changes that a database made by this Odoo depends on."""
        return cache.digest(self.version, REQUIREMENTS.read_text())


def fetched() -> OdooPackage:
    """The package from the cache; downloaded and unpacked if this is the first time."""
    place = cache.built(PACKAGE, _download_and_unpack)
    version = (place / "VERSION").read_text().strip()
    return OdooPackage(tree=place / "tree", python=_environment() / "bin/python", version=version)


def _download_and_unpack(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="lictor-apt-") as scratch:
        progress(f"looking for {PACKAGE} in Debian {SUITE}")
        archive = _download(Path(scratch))
        version = _run("dpkg-deb", "--field", str(archive), "Version")
        progress(f"unpacking {PACKAGE} {version}")
        _run("dpkg-deb", "--extract", str(archive), str(folder / "tree"))
        (folder / "VERSION").write_text(version)


def _download(scratch: Path) -> Path:
    """The package's file, with lists and a cache of apt's inside `scratch`."""
    signed_by = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    (scratch / "sources.list").write_text(f"deb {signed_by}{_mirror()} {SUITE} main\n")
    for folder in ("lists/partial", "cache/archives/partial"):
        (scratch / folder).mkdir(parents=True)
    settings = {
        "Dir::Etc::sourcelist": scratch / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": scratch / "lists",
        "Dir::Cache": scratch / "cache",
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled": "false",
        "Acquire::Retries": "3",
        "APT::Update::Error-Mode": "any",
        # The folder belongs to this user alone; apt's usual `_apt` could not write there.
        "APT::Sandbox::User": "",
    }
    apt = ["apt-get", "-q", *(part for name, value in settings.items() for part in ("-o", f"{name}={value}"))]
    _run(*apt, "update")
    progress(f"downloading {PACKAGE} (about 120 MB)")
    _run(*apt, "download", PACKAGE, cwd=scratch)
    return next(scratch.glob(f"{PACKAGE}_*.deb"))


def _mirror() -> str:
    """The Debian archive that this machine's own apt sources name for its distribution."""
    system = platform.freedesktop_os_release()
    if system.get("ID") != "debian":
        raise PartError(f"{PACKAGE} is fetched with Debian's apt, and this is {system.get('PRETTY_NAME')}")
    codename = system["VERSION_CODENAME"]
    asked = ("$(REPO_URI)", "$(RELEASE)", "$(CODENAME)", "$(ORIGIN)")
    targets = _run("apt-get", "indextargets", "--format", "|".join(asked), "Created-By: Packages")
    for line in targets.splitlines():
        uri, *names, origin = line.split("|")
        # What apt does not know before its first update, it prints as it was asked.
        if codename in names and origin in ("Debian", asked[-1]):
            return uri
    raise PartError(f"no apt source names {codename}: look into /etc/apt/sources.list.d, run `apt-get update`")


def _environment() -> Path:
    """A virtual environment with the pinned requirements, one for each Python and list."""
    name = f"odoo-python-{cache.digest(REQUIREMENTS.read_text(), sys.version, sys.executable)}"

    def build(folder: Path) -> None:
        progress("installing what Odoo needs from Python's package index")
        _run(sys.executable, "-m", "venv", str(folder))
        _run(str(folder / "bin/python"), "-m", "pip", "install", "-q", "-r", str(REQUIREMENTS))

    return cache.built(name, build)


def _run(*command: str, cwd: Path | None = None) -> str:
    """Runs a program and returns what it prints; its failure says which one and why."""
    if not shutil.which(command[0]):
        raise PartError(f"`{command[0]}` is missing: it belongs to Debian's apt and dpkg, or to this Python")
    answer = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise PartError(f"`{' '.join(command)}` failed:\n{(answer.stderr or answer.stdout).strip()}")
    return answer.stdout.strip()


if __name__ == "__main__":
    try:
        package = fetched()
    except PartError as error:
        sys.exit(f"error: {error}")
    print(f"Odoo {package.version} is in {package.tree}, its Python is {package.python}")
