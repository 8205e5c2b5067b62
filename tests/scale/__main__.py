"""How far the control plane scales: `cargo xtask scale` runs this on what it has built, and docs/operate/sizing.md tells
what came out. Figures are printed, and nothing is judged."""

import argparse

from scale import events, gate, policy, rows
from scale.site import site


def main() -> None:
    parser = argparse.ArgumentParser(prog="cargo xtask scale")
    parser.add_argument("what", nargs="*", choices=["policy", "gate", "events", "rows"], help="all if nothing is named")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append", help="both if none is named")
    parser.add_argument("--keys", type=int, default=10_000)
    parser.add_argument("--permissions", type=int, default=5000)
    parser.add_argument("--profiles", type=int, default=200)
    parser.add_argument("--models", type=int, default=200, help="with permissions, whose fields Odoo tells")
    parser.add_argument("--groups", type=int, default=5, help="sets of groups that Odoo tells them to")
    parser.add_argument("--rate", type=int, default=2000, help="audit events a second")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rows", type=int, default=5_000_000, help="of the audit log, on PostgreSQL only")
    given = parser.parse_args()
    size = policy.Size(given.keys, given.permissions, given.profiles, given.models, given.groups)
    if "gate" in given.what or not given.what:
        print("a gate", flush=True)
        gate.measure(size)
    for database in given.database or ["sqlite", "postgresql"]:
        if "policy" in given.what or not given.what:
            print(f"{database}: the policy", flush=True)
            with site(database, size.models, size.groups) as place:
                policy.measure(place, size)
        if "events" in given.what or not given.what:
            print(f"{database}: {given.rate} events a second for {given.seconds} s", flush=True)
            with site(database) as place:
                events.measure(place, given.rate, given.seconds)
        if ("rows" in given.what or not given.what) and database == "postgresql":
            print(f"{database}: {given.rows} rows in the audit log", flush=True)
            with site(database) as place:
                rows.measure(place, given.rows)


main()
