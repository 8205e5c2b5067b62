"""A private PostgreSQL cluster on 127.0.0.1, gone when its `with` block ends."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from parts import process
from parts.cache import PartError

ROLE = "lictor"
START_SECONDS = 60
STOP_SECONDS = 30

# A test cluster is thrown away, so nothing in it has to outlive a power cut.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
# As operators have it; for measurements.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


def binaries() -> Path:
    """The folder of the newest installed server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    if found:
        return found[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    raise PartError("no PostgreSQL server is installed: run `apt-get install postgresql`")


def major_version() -> str:
    """Of the programs in `binaries()`, such as `15`; a dump is only sure to load into the same one."""
    answer = subprocess.run([binaries() / "pg_dump", "--version"], check=True, capture_output=True, text=True)
    return answer.stdout.split()[2].split(".")[0]


class Postgres:
    """`with Postgres() as postgres:` starts a cluster whose superuser is `role`, with a password of its own."""

    host = "127.0.0.1"
    role = ROLE

    def __init__(self, *, durable: bool = False) -> None:
        """A `durable` one outlives a power cut, which is slower."""
        self._settings = {**SETTINGS, **(DURABLE if durable else {})}
        self.password = secrets.token_urlsafe(16)
        self.port = process.free_port()
        self._bin = binaries()
        self._folder: Path | None = None
        self._server: subprocess.Popen | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._server:
            process.stop(self._server, signal.SIGINT, STOP_SECONDS)
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Stops the server, whoever is connected, and starts it again at the end on the same port."""
        assert self._server and self._folder, "it was not started"
        process.stop(self._server, signal.SIGINT, STOP_SECONDS)
        try:
            yield
        finally:
            self._serve(self._folder)

    def processes(self) -> list[int]:
        """The server's."""
        assert self._server
        children = Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children").read_text()
        return [self._server.pid, *map(int, children.split())]

    def url(self, database: str) -> str:
        """With the password, for clients that take a connection URL."""
        return f"postgres://{self.role}:{self.password}@{self.host}:{self.port}/{database}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Runs SQL and returns its rows as text: a row a line, columns parted by `|`."""
        return self.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement).strip()

    def create_database(self, name: str, template: str = "template0") -> None:
        """A copy of `template`, to which nobody may be connected."""
        self.run("createdb", "--template", template, name)

    def drop_database(self, name: str) -> None:
        """Also when clients are still connected to it; nothing happens if there is none."""
        self.run("dropdb", "--force", "--if-exists", name)

    def dump(self, name: str, file: Path) -> None:
        """In PostgreSQL's own format, for `restore`."""
        self.run("pg_dump", "--format=custom", "--file", str(file), name)

    def restore(self, name: str, file: Path) -> None:
        """Makes the database `name` from a dump."""
        self.create_database(name)
        self.run("pg_restore", "--jobs=2", "--no-owner", "--exit-on-error", "--dbname", name, str(file))

    def run(self, program: str, *arguments: str) -> str:
        """Runs one of PostgreSQL's own programs against this cluster and returns what it prints."""
        environment = {
            **os.environ,
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.role,
            "PGPASSWORD": self.password,
        }
        command = [str(self._bin / program), *arguments]
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if answer.returncode:
            raise PartError(f"{program} {' '.join(arguments)} failed: {answer.stderr.strip()}")
        return answer.stdout

    def _start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="lictor-postgres-"))
        secret = self._folder / "password"
        secret.write_text(self.password)
        owner = _owner()
        if owner:
            for path in (self._folder, secret):
                shutil.chown(path, owner["user"], owner["group"])
        data = self._folder / "data"
        initialised = subprocess.run(
            [
                str(self._bin / "initdb"), "--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C",
                "--auth=scram-sha-256", f"--username={self.role}", f"--pwfile={secret}", f"--pgdata={data}",
            ],
            cwd=self._folder, capture_output=True, text=True, check=False, **owner,
        )  # fmt: skip
        if initialised.returncode:
            raise PartError(f"initdb failed: {initialised.stderr.strip()}")
        self._serve(self._folder)

    def _serve(self, folder: Path) -> None:
        settings = [argument for name, value in self._settings.items() for argument in ("-c", f"{name}={value}")]
        log = folder / "log"
        with log.open("a") as output:
            # A session of its own: Ctrl-C reaches the tests first, which stop their servers in order.
            self._server = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(folder / "data"), "-p", str(self.port), *settings],
                cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, **_owner(),
            )  # fmt: skip
        process.wait_until(self._accepts, self._server, "PostgreSQL", log, START_SECONDS)

    def _accepts(self) -> bool:
        probe = [str(self._bin / "pg_isready"), "-q", "-h", self.host, "-p", str(self.port)]
        return subprocess.run(probe, check=False).returncode == 0


def _owner() -> dict[str, Any]:
    """PostgreSQL refuses to run as root; Debian's package makes the user `postgres` for it."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
