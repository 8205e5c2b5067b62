"""Rows of the audit log, read over REST."""

from collections.abc import Iterator
from typing import Any

from support.gate import Gate


def rows(gate: Gate, key_id: str, **filters: Any) -> Iterator[dict[str, Any]]:
    """All rows of a key, page by page."""
    query = "&".join(f"{name}={value}" for name, value in {"key_id": key_id, "limit": 500, **filters}.items())
    cursor = ""
    while True:
        page = gate.api("GET", f"audit?{query}{cursor}")
        yield from page["items"]
        if not page["next_cursor"]:
            return
        cursor = f"&cursor={page['next_cursor']}"


def total(gate: Gate, key_id: str, reason: str) -> int:
    """Refusals of a key, with a row of their own or without."""
    return sum(row["count"] for row in rows(gate, key_id, reason=reason))
