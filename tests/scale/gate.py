"""A gate alone, before a control plane that holds one policy of many keys in the compact form: how large that is, how long a worker
takes for it, and a change until it is in force. `policy/src/snapshot/compact/` describes the form; here it is written a second time,
by nobody who knows how it is read."""

import contextlib
import hashlib
import http.client
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import xmlrpc.client
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from parts import process
from scale.figures import show, times
from scale.odoo_models import many_models
from scale.policy import CHANGES, WAIT_SECONDS, Size, load_us
from scale.site import answers, envoy

COMPACT = "application/vnd.lictor.policy.1"
PAGE_BYTES = 8 * 1024
ROUNDS = 6000
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
HOLD_SECONDS = 20
START_SECONDS = 60


def measure(size: Size) -> None:
    policy = Policy(size)
    print(f"  {size.keys} keys, {size.permissions} permissions in {size.profiles} profiles, {size.models} models for {size.groups} sets of groups")
    print(f"  the policy has {len(policy.bytes(0))} bytes in the compact form, {policy.frame_bytes} of them in the frame", flush=True)
    with _site(policy) as (control, place):
        with envoy(place) as (port, admin_port):
            change = _change(control, port, policy.key)
            change(0)
            show("a policy is in force at an Envoy", times(CHANGES, lambda number: change(number + 1)))
            print(f"  a worker takes a policy, of two that share the cores with all else: {load_us(admin_port)}", flush=True)
        with envoy(place, workers=1) as (_, admin_port):
            for number in range(CHANGES):
                control.publish(number)
                time.sleep(1)  # No test: each change is to find everybody at rest.
            print(f"  a worker takes a policy, alone and without calls: {load_us(admin_port)}", flush=True)


class Policy:
    """Keys that are all alike, but for one that calls; what changes is whether it may read `res.users`."""

    def __init__(self, size: Size) -> None:
        secret = "".join(DIGITS[byte % 62] for byte in os.urandom(40))
        self.key = f"lct_{secret}{_checksum(secret)}"
        salt = os.urandom(16)
        checksum = hashlib.pbkdf2_hmac("sha512", self.key.encode(), salt, ROUNDS)
        profiles = ["default", *(f"profile-{number}" for number in range(1, size.profiles))]
        rows = {secret[:8]: _row(secret[:8], salt, checksum, 0, 0, [])}
        for number in range(1, size.keys):
            prefix = f"{number:08}"
            profile = profiles[number % size.profiles]
            rows[prefix] = _row(prefix, os.urandom(16), os.urandom(64), number, number % 20, [profile])
        self._pages, self._table = _paged(sorted(rows.items()))
        self._frame = _frame(size, profiles)
        self.frame_bytes = 0

    def bytes(self, revision: int) -> bytes:
        permission = {"model": "res.users", "operations": ["read"] if revision % 2 else [], "groups": [], "nested_writes": [], "methods": {}}
        frame = self._frame | {"revision": revision + 1, "keys": self._table}
        frame["permissions"] = [permission, *frame["permissions"]]
        text = json.dumps(frame, separators=(",", ":")).encode()
        self.frame_bytes = len(text)
        head = b"lictor\0\x01" + len(text).to_bytes(4, "little") + zlib.crc32(text).to_bytes(4, "little")
        return head + text + self._pages


class Control(http.server.ThreadingHTTPServer):
    """Holds polls until there is a newer policy, and takes all events."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._policy = policy
        self._changed = threading.Condition()
        self.publish(0)

    def publish(self, revision: int) -> None:
        """Each is later than all before; what it allows depends on whether `revision` is odd."""
        later = time.time_ns() // 1000 * 2 + revision % 2
        body = self._policy.bytes(later)
        with self._changed:
            self.revision, self.body = later + 1, body
            self._changed.notify_all()

    def newer(self, than: int) -> bytes | None:
        with self._changed:
            self._changed.wait_for(lambda: self.revision > than, HOLD_SECONDS)
            return self.body if self.revision > than else None


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Control
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        since = re.search(r"since=(\d+)", self.path)
        body = self.server.newer(int(since[1]) if since else 0)
        self._answer(200 if body else 304, body or b"", COMPACT)

    def do_POST(self) -> None:
        events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["events"]
        self._answer(200, json.dumps({"stored": len(events)}).encode(), "application/json")

    def _answer(self, status: int, body: bytes, form: str) -> None:
        self.send_response(status)
        for name, value in (("x-lictor-wire", "2"), ("content-type", form), ("content-length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        # An Envoy that has ended waits no more.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def _site(policy: Policy) -> Iterator[tuple[Control, SimpleNamespace]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lictor-scale-")))
        odoo_port = process.free_port()
        odoo = subprocess.Popen(
            [sys.executable, "-m", "scale.odoo", "--port", str(odoo_port), "--models", "1", "--logins", "1"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(process.stop, odoo, signal.SIGTERM, START_SECONDS)
        process.wait_until(lambda: answers(odoo_port, "/"), odoo, "the stand-in", folder / "none", START_SECONDS)
        control = Control(policy)
        threading.Thread(target=control.serve_forever, daemon=True).start()
        stack.callback(control.shutdown)
        yield control, SimpleNamespace(folder=folder, gate_token="none", gate_port=control.server_port, odoo_port=odoo_port)


def _change(control: Control, port: int, key: str):
    """Publishes a policy, and waits until Envoy decides by it."""
    body = xmlrpc.client.dumps(("standin", 2, key, "res.users", "search_count", [[]]), "execute_kw").encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_SECONDS)

    def is_refused() -> bool:
        connection.request("POST", "/xmlrpc/2/mcp", body, {"Content-Type": "text/xml"})
        answer = connection.getresponse().read()
        return b"permission_denied" in answer or b"policy_unavailable" in answer

    def change(number: int) -> None:
        control.publish(number)
        deadline = time.monotonic() + WAIT_SECONDS
        while is_refused() == (number % 2 == 1):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the policy is not in force after {WAIT_SECONDS} s")

    return change


def _frame(size: Size, profiles: list[str]) -> dict:
    def permission(number: int) -> dict:
        model = (number % size.profiles + number // size.profiles) % size.models
        return {
            "profile": profiles[number % size.profiles],
            "model": f"model.{model}",
            "operations": ["read", "write"],
            "groups": ["base.group_user"],
            "nested_writes": ["line_ids"],
            "methods": {},
        }

    def user(number: int) -> dict:
        upstream = {"database": "standin", "login": "agent", "uid": 2, "secret": "agent"}
        return {"id": f"user-{number}", "groups": ["base.group_user"], "upstream": upstream, "upstream_rejected": False, "view": number % size.groups}

    return {
        "version": 2,
        "epoch": "scale",
        "settings": {
            "enforcement": "secure",
            "require_exceptions": [],
            "ip_allow_list": [],
            "rate_limit": {"enabled": False, "per_minute": 60, "divide_by_gates": False},
            "sessions": {"enabled": False, "timeout_seconds": 1800, "limit": 0},
            "durability": {},
            "snapshot_max_age_seconds": 300,
            "body_limit_bytes": 8 << 20,
            "methods": {},
            "never_list_exceptions": [],
            "mcp_module_contract": False,
        },
        "users": [user(number) for number in range(20)],
        "permissions": [permission(number) for number in range(size.permissions)],
        "schema": {"version": 1, "read_at": 0, "models": _models(size)},
        "pauses": [],
        "terminations": [],
    }


def _models(size: Size) -> list[dict]:
    """As the control plane reads them of the stand-in."""
    kinds = {"one2many", "many2one", "many2many", "date", "html"}

    def field(name: str, told: dict) -> dict:
        kind = {"type": told["type"]} if told["type"] in kinds else {}
        relation = {key: told[key] for key in ("relation", "relation_field") if told.get(key)}
        marks = {mark: True for mark, is_so in (("unstored", not told["store"]), ("readonly", told["readonly"])) if is_so}
        depends = {"depends": list(told["depends"])} if told["depends"] else {}
        return {"name": name, **kind, **relation, **marks, **depends}

    def model(name: str, fields: dict) -> dict:
        views = [{"set": number, "sees": "ff" * (-(-len(fields) // 8))} for number in range(size.groups)]
        return {"name": name, "record": {"fields": [field(*told) for told in sorted(fields.items())], "views": views}}

    users = ("res.users", {"id": {"type": "integer", "store": True, "readonly": True, "depends": []}})
    return [model(*users), *(model(name, made.columns) for name, made in many_models(size.models).items())]


def _number(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])


def _block(block: bytes) -> bytes:
    return _number(len(block)) + block


def _texts(texts: list[str]) -> bytes:
    return _number(len(texts)) + b"".join(_block(text.encode()) for text in texts)


def _row(prefix: str, salt: bytes, checksum: bytes, number: int, user: int, profiles: list[str]) -> bytes:
    """The key's `models` and the rest are those of `scale.policy`; the one that calls has no profile, and nothing of them."""
    is_one_of_many = bool(profiles)
    parts = [_block(prefix.encode()), _block(str(uuid.UUID(int=number)).encode()), _number(ROUNDS), _block(salt), checksum]
    parts += [_number(1), _block(b""), _number(number), _number(user), _texts(profiles), b"\x03" if is_one_of_many else b"\0"]
    parts.append(_texts(["res.partner", "sale.order"] if is_one_of_many else []))
    parts.append(_texts(["10.0.0.0/8"] if number % 2 else []))
    parts += [b"\x01" + _number(600) if is_one_of_many else b"\0", b"\0", b"\0"]
    return _block(b"".join(parts))


def _paged(rows: list[tuple[str, bytes]]) -> tuple[bytes, list[dict]]:
    pages, table, at = [], [], 0
    while at < len(rows):
        first, page, keys = rows[at][0], b"", 0
        while at < len(rows) and len(page) < PAGE_BYTES:
            page, keys, at = page + rows[at][1], keys + 1, at + 1
        pages.append(page)
        table.append({"first": first, "keys": keys, "bytes": len(page), "crc": zlib.crc32(page)})
    return b"".join(pages), table


def _checksum(secret: str) -> str:
    rest, digits = zlib.crc32(secret.encode()), ""
    for _ in range(6):
        digits, rest = DIGITS[rest % 62] + digits, rest // 62
    return digits
