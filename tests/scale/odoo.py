"""The stand-in for Odoo with as many models and users as are asked for: each user is in a group of its own beside the usual ones,
so that Odoo's schema is read once for each.

    python3 -m scale.odoo --port N --models N --logins N
"""

import argparse
import http.server

from scale.odoo_models import many_models, standin


class Odoo(standin.Odoo):
    """Its users are `agent0`, `agent1` and so on, whose password is that of the stand-in's."""

    def __init__(self, models: int, logins: int) -> None:
        usual = standin.GROUPS
        standin.GROUPS = (*usual, *(f"base.group_{number}" for number in range(logins)))
        super().__init__()
        self.models |= many_models(models)
        self.first_uid = max(self.models["res.users"].records) + 1
        for number in range(logins):
            groups = [*range(1, len(usual) + 1), len(usual) + 1 + number]
            uid = self.first_uid + number
            self.models["res.users"].records[uid] = {"id": uid, "login": f"agent{number}", "active": True, "all_group_ids": groups}

    def common(self, method: str, params: list) -> object:
        if method in ("authenticate", "login"):
            found = [user["id"] for user in self.models["res.users"].records.values() if user["login"] == params[1]]
            return found[0] if found and params[2] == standin.PASSWORD else False
        return super().common(method, params)

    def object(self, method: str, params: list) -> object:
        database, uid, password, model, name, *arguments = params
        if (model, name) == ("res.users", "context_get"):
            return {"lang": "en_US", "tz": "Europe/Brussels", "uid": uid}
        return super().object(method, (database, standin.UID, password, model, name, *arguments))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python3 -m scale.odoo")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--models", type=int, required=True)
    parser.add_argument("--logins", type=int, required=True)
    given = parser.parse_args()
    standin.Handler.odoo = Odoo(given.models, given.logins)
    http.server.ThreadingHTTPServer(("127.0.0.1", given.port), standin.Handler).serve_forever()


main()
