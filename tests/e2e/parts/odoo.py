"""A real, unmodified Odoo 19 with demo data on a free port of 127.0.0.1, gone when its `with` block ends.

Making a database takes Odoo half a minute, so one is made once, kept in the cache as a dump beside its file store, and
loaded into every test's PostgreSQL from there.
"""

import configparser
import dataclasses
import http.client
import itertools
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import xmlrpc.client
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from parts import cache, odoo_package, postgres, process
from parts.cache import PartError, progress
from parts.odoo_package import OdooPackage
from parts.postgres import Postgres
from parts.web_session import WebSession

MODULES = ("base", "rpc", "contacts")
# Applications as companies have them, each with all that it brings along.
APPLICATIONS = (
    "rpc",
    "account",
    "calendar",
    "crm",
    "google_calendar",
    "hr_holidays",
    "hr_recruitment",
    "mass_mailing",
    "project",
    "purchase",
    "sale_management",
    "stock",
    "survey",
    "website_sale",
)
# With many modules on a machine that is busy with something else; it takes seconds.
START_SECONDS = 300
STOP_SECONDS = 20
CALL_SECONDS = 120


@dataclasses.dataclass(frozen=True)
class User:
    """Somebody who can log in to Odoo; `password` may also hold an API key."""

    uid: int
    login: str
    password: str


class Odoo:
    """`with Postgres() as postgres, Odoo(postgres) as odoo:` starts Odoo and waits until it answers a login.

    Each of `databases` is a fresh copy of the same database with `modules`; calls go to the first. `options` are lines of
    Odoo's configuration file that replace the ones set here, such as `{"proxy_mode": "True"}`. The log is the file
    `log`, which outlives the server only if it was given. The databases stay in PostgreSQL until the next start.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        postgres: Postgres,
        *,
        databases: Sequence[str] = ("odoo",),
        modules: Sequence[str] = MODULES,
        options: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self.databases = tuple(databases)
        self.database = self.databases[0]
        self.modules = tuple(modules)
        self.port = process.free_port()
        self.url = f"http://{self.host}:{self.port}"
        # Where the XML-RPC services are, unless a rewrite has put them elsewhere.
        self.services = "/xmlrpc/2"
        self.admin = User(uid=0, login="admin", password="admin")
        self._users = itertools.count(1)
        self._postgres = postgres
        self._options = dict(options or {})
        self._folder: Path | None = None
        self.log = log
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
            process.stop(self._server, signal.SIGTERM, STOP_SECONDS)
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def proxy(self, service: str = "object") -> xmlrpc.client.ServerProxy:
        """A stock XML-RPC client of a service; one for each thread."""
        return xmlrpc.client.ServerProxy(
            f"{self.url}{self.services}/{service}", transport=_TransportWithTimeout(), allow_none=True
        )

    def authenticate(self, login: str, password: str) -> Any:
        """The uid, or `False` for a wrong login, password or key."""
        with self.proxy("common") as common:
            return common.authenticate(self.database, login, password, {})

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Calls a method as the administrator, by XML-RPC and without any gate."""
        return self.call_as(self.admin, model, method, *args, **kwargs)

    def call_as(self, user: User, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Calls a method as `user`; Odoo's refusals come as `xmlrpc.client.Fault`."""
        with self.proxy() as objects:
            return objects.execute_kw(self.database, user.uid, user.password, model, method, list(args), kwargs)

    def create_user(self, name: str, password: str, groups: Sequence[str] = ("base.group_user",)) -> User:
        """`groups` are XML ids; a user of `base.group_portal` must not be in `base.group_user` too.

        The login is the name and a number: tests that share an Odoo may give the same name.
        """
        login = f"{name}-{next(self._users)}"
        values = {
            "name": name,
            "login": login,
            "email": f"{login}@example.com",
            "password": password,
            "group_ids": [[6, 0, [self.record(group) for group in groups]]],
        }
        # Without this, Odoo would mail an invitation.
        context = {"no_reset_password": True}
        uid = self.call("res.users", "create", values, context=context)
        return User(uid, login, password)

    def record(self, xml_id: str) -> int:
        """The id of the record that has this XML id."""
        module, name = xml_id.split(".", 1)
        found = self.call("ir.model.data", "search_read", [["module", "=", module], ["name", "=", name]], ["res_id"])
        if not found:
            raise PartError(f"this Odoo has no record {xml_id}")
        return found[0]["res_id"]

    def create_api_key(self, user: User, name: str = "test", days: int = 1) -> str:
        """A key for an internal user, made as the web client makes one, which asks for the password again.

        `days` is one of the choices that Odoo offers: 1, 7, 30, 90 to everybody, and 180, 365 and 0 (for ever) to
        administrators.
        """
        web = WebSession(self.url, self.database, user.login, user.password)
        wizard = web.call("res.users.apikeys.description", "create", {"name": name, "duration": str(days)})
        asked = web.call("res.users.apikeys.description", "make_key", [wizard])
        shown = web.call("res.users.identitycheck", "run_check", [asked["res_id"]], context={"password": user.password})
        return shown["context"]["default_key"]

    def sql(self, statement: str) -> str:
        """Does to the database what no user may, such as moving the end of an API key."""
        return self._postgres.sql(statement, self.database)

    def set_parameter(self, key: str, value: str) -> None:
        """Sets a system parameter.

        `base.login_cooldown_after` = `0` turns off the login cooldown: ten failures in a row from one address lock it
        out for a minute. It guards the web client's logins only; Odoo 19 has none on XML-RPC, JSON-RPC and JSON-2.
        """
        self.call("ir.config_parameter", "set_param", key, value)

    def _start(self) -> None:
        package = odoo_package.fetched()
        template = database_with(package, self.modules)
        self._folder = Path(tempfile.mkdtemp(prefix="lictor-odoo-"))
        self.log = self.log or self._folder / "odoo.log"
        data = self._folder / "data"
        for database in self.databases:
            self._postgres.drop_database(database)
            self._postgres.restore(database, template / "database.dump")
            shutil.copytree(template / "filestore", data / "filestore" / database)
        options = {"http_interface": self.host, "http_port": str(self.port), **self._options}
        command = start_command(package, self._postgres, self.databases, self._folder, options)
        with self.log.open("ab") as output:
            # A session of its own: Ctrl-C reaches the tests first, which stop their servers in order.
            self._server = subprocess.Popen(
                command, env=environment(package), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True,
            )  # fmt: skip
        process.wait_until(self._answers, self._server, "Odoo", self.log, START_SECONDS)

    def _answers(self) -> bool:
        """A login needs the loaded registry, which Odoo does not have yet when it opens its port."""
        try:
            uid = self.authenticate(self.admin.login, self.admin.password)
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False
        if uid:
            self.admin = dataclasses.replace(self.admin, uid=uid)
        return bool(uid)


class _TransportWithTimeout(xmlrpc.client.Transport):
    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = CALL_SECONDS
        return connection


def database_with(package: OdooPackage, modules: Sequence[str]) -> Path:
    """The folder with a dump of a database that Odoo has just initialised, and its file store.

    Odoo's demo data come with the few modules of most tests only: with many modules they would take minutes more.
    """
    name = f"odoo-database-{cache.digest(package.fingerprint, postgres.major_version(), *modules)}"
    demo = ["--with-demo"] if tuple(modules) == MODULES else []

    def build(folder: Path) -> None:
        progress(f"making a database with {', '.join(modules)}")
        database = "template_of_tests"
        with Postgres() as cluster, tempfile.TemporaryDirectory(prefix="lictor-odoo-") as scratch:
            cluster.create_database(database)
            command = start_command(package, cluster, [database], Path(scratch), {"http_enable": "False"})
            command += ["--init", ",".join(modules), *demo, "--stop-after-init"]
            log = Path(scratch) / "log"
            with log.open("wb") as output:
                ended = subprocess.run(command, env=environment(package), stdout=output, stderr=output, check=False)
            if ended.returncode:
                raise PartError(f"Odoo could not make its database\n{process.tail(log)}")
            cluster.dump(database, folder / "database.dump")
            shutil.copytree(Path(scratch) / "data/filestore" / database, folder / "filestore")

    return cache.built(name, build)


def start_command(
    package: OdooPackage, cluster: Postgres, databases: Sequence[str], folder: Path, options: Mapping[str, str]
) -> list[str]:
    """Writes a configuration file into `folder` and returns the command that starts Odoo with it."""
    config = configparser.ConfigParser(interpolation=None)
    config["options"] = {
        "db_host": cluster.host,
        "db_port": str(cluster.port),
        "db_user": cluster.role,
        "db_password": cluster.password,
        "db_name": ",".join(databases),
        "list_db": "False",
        "admin_passwd": secrets.token_urlsafe(16),
        "data_dir": str(folder / "data"),
        "workers": "0",
        # Scheduled work of Odoo's own would only disturb the tests.
        "max_cron_threads": "0",
        # Every call would log a paragraph that these endpoints are deprecated.
        "log_handler": ":INFO,odoo.addons.rpc:ERROR",
        **options,
    }
    file = folder / "odoo.conf"
    with file.open("w") as output:
        config.write(output)
    return [*package.program, "--config", str(file)]


def environment(package: OdooPackage) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(package.libraries)}
