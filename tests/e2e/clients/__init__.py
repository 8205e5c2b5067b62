"""Published clients of Odoo's API, installed and run unmodified, configured as their documentation says."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Account:
    """What a client is configured with: the gate in the place of Odoo, a Lictor key in the place of the password."""

    url: str
    database: str
    login: str
    key: str


@dataclasses.dataclass(frozen=True)
class Story:
    """What came of a session: search the companies, create a partner called `name`, try to delete it."""

    found: list[int]
    created: int
    refusal: str
    tools: tuple[str, ...] = ()
