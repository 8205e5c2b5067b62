"""A real SMTP server, aiosmtpd, that keeps what it takes."""

import asyncio
import email
import email.policy
import ssl
import threading
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from parts import process

USER, PASSWORD = "lictor", "right SMTP password"
FROM = "Lictor <lictor@example.com>"


@dataclass
class Taken:
    """A mail, and how it came."""

    to: list[str]
    mail: EmailMessage
    encrypted: bool
    signed_in: bool

    def part(self, kind: str) -> str:
        """What the part `plain` or `html` says."""
        body = self.mail.get_body((kind,))
        assert body
        return str(body.get_content()).replace("\r\n", "\n")


class Mailbox:
    """`with Mailbox(…) as mailbox:` serves. `replies` are given to the next mails in the place of 250;
    while `hold` is cleared, it takes them and does not say so."""

    def __init__(
        self, *, starttls: ssl.SSLContext | None = None, implicit: ssl.SSLContext | None = None, password: str | None = None
    ) -> None:
        self.port = process.free_port()
        self.taken: list[Taken] = []
        self.replies: list[str] = []
        self.tried = 0
        self.hold = threading.Event()
        self.hold.set()
        self._options: dict[str, Any] = {"ssl_context": implicit, "tls_context": starttls, "require_starttls": bool(starttls)}
        if password:
            self._options |= {"authenticator": self._authenticate, "auth_required": True, "auth_require_tls": bool(starttls)}
        self._password = password

    def _authenticate(self, *arguments: Any) -> AuthResult:
        data = arguments[4]
        assert isinstance(data, LoginPassword)
        self.tried += 1
        right = (data.login, data.password) == (USER.encode(), (self._password or "").encode())
        return AuthResult(success=right, handled=False)

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:
        self.tried += 1
        reply = self.replies.pop(0) if self.replies else "250 taken"
        if reply.startswith("250"):
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            assert isinstance(mail, EmailMessage)
            self.taken.append(Taken(envelope.rcpt_tos, mail, session.ssl is not None, bool(session.authenticated)))
        await asyncio.to_thread(self.hold.wait)
        return reply

    def __enter__(self) -> Self:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **self._options)
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


def smtp(mailbox: Mailbox, tls: str = "none", **others: str) -> dict[str, str]:
    """A control plane's environment that has it send by this server."""
    given = {"HOST": "127.0.0.1", "PORT": str(mailbox.port), "TLS": tls, "FROM": FROM, **others}
    return {f"LICTOR_SMTP_{name}": value for name, value in given.items()}
