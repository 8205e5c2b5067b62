"""Records the streams of events that the settings of alerts are tried on: attacks, and a day of an agent that means no harm.

Run by hand, when a gate records something else than it did, or an attack is to be added:

    cd tests/e2e && ~/.cache/lictor/e2e-python/bin/python -m support.record_streams [NAME …]

`cargo xtask test e2e` makes that Python. Without names it records all, in a quarter of an hour. Each attack has a gate of its
own: Envoy, the filter and the control plane, before an upstream that answers anything; the harmless day is that of
`support/harmless.py`, before a real Odoo. What comes of it is in `control-plane/tests/it/streams`, a file each, in the form that
`control-plane/tests/it/streams.rs` reads.

A line is a row of the audit log, read over REST when all have arrived, those that count refusals as well, in the order in which
the gate sent them. It is what was recorded but for three things: its time is moved, so that the first row is of 2030-01-01, its
sequence begins at 0, and Envoy's request id is left out, which no alert looks at. The alerts of the first line are those that
were open when all had arrived, as the control plane told them: the replay has to open the same.
"""

import argparse
import contextlib
import datetime
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from parts.odoo import Odoo
from parts.postgres import Postgres
from support import metrics
from support.attacks import ATTACKS, Stage
from support.echo import Echo
from support.gate import CLIENT_PERMISSIONS, ROOT, Gate, eventually
from support.harmless import carry_out

STREAMS = ROOT / "control-plane/tests/it/streams"
START = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
MICROSECOND = datetime.timedelta(microseconds=1)
# What was counted comes after a minute, and what was counted meanwhile after another.
ALL_ARRIVE_SECONDS = 240.0
# After the last event of any stream.
RECEIVED_AT_SECONDS = 3600
MOST_BYTES = 40_000
DAY = "harmless-day"
ABOUT_THE_DAY = """A day of an agent that keeps books and means no harm, in ten seconds: two MCP servers and a program,
    the permissions of the clients' templates, calls that nothing permits, a bug, a mistyped key, a rotated one, a full rate
    limit, a second machine."""
# Of an event, what it leaves out where it is so.
USUAL = {"kind": "call", "count": 1, "none_answer": False, "operations": [], "record_ids": [], "nested_ids": []}
LINE = """sequence at decision_id client_ip road outcome gate_us odoo_us request_bytes response_bytes key_id user_id database
    user_agent kind count reason fault_code model method operations record_ids nested_ids session none_answer
    would_deny""".split()
ALERT = ["type", "severity", "count", "first_at", "last_at", "rules", "last_reason"]
SUBJECT = ["key_id", "client_ip", "user_id"]


def main() -> None:
    names = {f"attack.{attack.__name__.replace('_', '-')}": attack for attack in ATTACKS}
    parser = argparse.ArgumentParser(description="Records streams of events.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*names, DAY]))
    chosen = parser.parse_args().names or [*names, DAY]
    if unknown := set(chosen) - {*names, DAY}:
        parser.error(f"there is no {', '.join(unknown)}")
    for name in chosen:
        if name == DAY:
            write(DAY, ABOUT_THE_DAY, day())
        else:
            write(name, names[name].__doc__ or "", attacked(names[name]))
            assert (STREAMS / f"{name}.jsonl").stat().st_size < MOST_BYTES, f"{name} is too long a stream"


def attacked(attack: Callable[[Stage], None]) -> tuple[list[Any], list[Any]]:
    """The rows and the alerts of an attack."""
    with folder() as state, Echo() as echo, Gate(echo.url, state) as gate:
        gate.permit({"res.partner": {"read": True}})
        stage = Stage(gate)
        return recorded(gate, lambda: attack(stage))


def day() -> tuple[list[Any], list[Any]]:
    """The rows and the alerts of a harmless day."""
    with folder() as work, Postgres() as postgres, Odoo(postgres) as odoo, Gate(odoo.url, work / "state") as gate:
        gate.permit(CLIENT_PERMISSIONS)
        return recorded(gate, lambda: carry_out(gate, odoo, work))


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def recorded(gate: Gate, happens: Callable[[], None]) -> tuple[list[Any], list[Any]]:
    """The rows, oldest first, of what happens at a gate, and the alerts that are open then."""
    # `cargo xtask up` has called, to see that the gate works.
    decided, began = calls(gate), datetime.datetime.now(datetime.UTC)
    happens()

    def arrived() -> list[Any]:
        found = rows(gate, began)
        count, wanted = sum(row["count"] for row in found), calls(gate) - decided
        assert count == wanted, f"{count} of {wanted} calls are in the audit log"
        return found

    found = eventually(arrived, seconds=ALL_ARRIVE_SECONDS)
    [identity] = gate.api("GET", "gates")["items"]
    alerts = [told(alert, identity["id"]) for alert in gate.api("GET", "alerts")["items"]]
    return found, alerts


def calls(gate: Gate) -> int:
    """On how many calls the gate has decided."""
    samples = metrics.scrape(gate.up["envoy_admin_url"])
    return int(sum(sample.value for sample in samples if sample.name == f"{metrics.FILTER}calls"))


def rows(gate: Gate, began: datetime.datetime) -> list[Any]:
    """The rows of all that was decided since, in the order in which the gate sent them."""
    found: list[Any] = []
    cursor = ""
    while cursor is not None:
        page = gate.api("GET", f"audit?limit=500&from={began:%Y-%m-%dT%H:%M:%S.%fZ}{cursor and f'&cursor={cursor}'}")
        found += page["items"]
        cursor = page["next_cursor"]
    # The id names the run of Envoy and the sequence; that of an intent is another, but nothing here is write-ahead.
    return sorted(found, key=lambda row: int(row["id"].rpartition("-")[2]))


def told(alert: dict[str, Any], gate_id: str) -> dict[str, Any]:
    """What a stream's first line tells of an alert."""
    subject = {name: alert[name] for name in SUBJECT if alert[name] is not None}
    if alert["gate"] == gate_id:
        subject["gate"] = "the gate"
    return {name: alert[name] for name in ALERT} | subject


def write(name: str, about: str, found: tuple[list[Any], list[Any]]) -> None:
    """Writes a stream, whose first event is of `START`."""
    events, alerts = found
    later = START - min(moment(row["at"]) for row in events)
    for alert in alerts:
        for at in ("first_at", "last_at"):
            alert[at] = written(moment(alert[at]) + later)
    about = " ".join(about.split())
    head = {"about": f"Recorded: {about[0].lower()}{about[1:]}", "received_at": RECEIVED_AT_SECONDS, "alerts": alerts}
    lines = [head, *(event(sequence, row, later) for sequence, row in enumerate(events))]
    text = "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines)
    (STREAMS / f"{name}.jsonl").write_text(text)
    print(f"{name}: {len(events)} events, {len(text.encode())} bytes; {json.dumps(alerts)}", flush=True)


def event(sequence: int, row: dict[str, Any], later: datetime.timedelta) -> dict[str, Any]:
    """The event that a row was made of: what is as usual is left out."""
    since_1970 = moment(row["at"]) + later - datetime.datetime.fromtimestamp(0, datetime.UTC)
    # Only rows that count have no road.
    kind = "call" if row["road"] else "counted"
    fields = {**row, "sequence": sequence, "at": since_1970 // MICROSECOND, "kind": kind}
    line = {name: fields[name] for name in LINE if fields[name] is not None and fields[name] != USUAL.get(name)}
    # The others are told by the ids.
    if row["record_count"] not in (None, len(row["record_ids"])):
        line |= {name: row[name] for name in ("record_count", "record_digest") if row[name] is not None}
    return line


def moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def written(at: datetime.datetime) -> str:
    """As the control plane writes moments: without zeros at the end of a fraction."""
    fraction = f".{at.microsecond:06}".rstrip("0").rstrip(".")
    return f"{at:%Y-%m-%dT%H:%M:%S}{fraction}Z"


if __name__ == "__main__":
    main()
