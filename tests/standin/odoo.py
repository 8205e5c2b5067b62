"""A stand-in for Odoo, so that a gate can be tried without one: a few partners in memory, by XML-RPC and JSON-RPC.

It reads and answers as Odoo 19 does, with the same library, but knows only what a first try needs. It listens on
127.0.0.1, one database `standin`, one login agent/agent, who is no administrator; what is written is gone when it stops.

    python3 tests/standin/odoo.py [--port N]
"""

import argparse
import http.server
import itertools
import json
import threading
import traceback
import xmlrpc.client

DATABASE = "standin"
LOGIN = PASSWORD = "agent"
UID = 2
VERSION = "19.0-standin"

# The codes of Odoo's addons/rpc/controllers/xmlrpc.py.
APPLICATION_ERROR, WARNING, ACCESS_DENIED, ACCESS_ERROR = 1, 2, 3, 4

PAGE = """<!DOCTYPE html>
<title>Not Odoo</title>
<h1>This is a stand-in for Odoo</h1>
<p>It answers XML-RPC and JSON-RPC with a few partners in memory, so that Lictor can be tried. There is nothing to log in to here.
Start <code>cargo xtask up --odoo URL</code> to guard a real Odoo.</p>
"""


class AccessDenied(Exception):
    """A wrong login, or a call with wrong credentials."""


class AccessError(Exception):
    """Odoo's own rules forbid it."""


class UserError(Exception):
    """The call makes no sense to the model."""


# The groups of the one login: no administrator of Odoo's.
GROUPS = ("base.group_user", "base.group_partner_manager")

# The names of the exceptions in Odoo's answers by JSON-RPC.
EXCEPTIONS = {"AccessDenied": "odoo.exceptions.AccessDenied", "AccessError": "odoo.exceptions.AccessError", "UserError": "odoo.exceptions.UserError"}


def fields(**described):
    """`name=("Label", "type", attributes…)`, with the fields that every model has, as `fields_get` describes them."""
    described = {
        "id": ("ID", "integer", {"readonly": True}),
        "display_name": ("Display Name", "char", {"readonly": True, "store": False, "depends": ["name"]}),
        **described,
    }
    usual = {"store": True, "readonly": False, "depends": []}
    columns = {}
    for name, (label, kind, *attributes) in described.items():
        columns[name] = {"name": name, "string": label, "type": kind, "required": name == "name", **usual}
        for more in attributes:
            columns[name].update(more)
    return columns


def to(model, **attributes):
    """The attributes of a relation."""
    return {"relation": model, **attributes}


class Model:
    """Records of one model by id; only `res.partner` may be changed."""

    def __init__(self, name, description, columns, rows, writable=False):
        self.name, self.description, self.columns, self.writable = name, description, columns, writable
        self.records = {number: {"id": number, **row} for number, row in enumerate(rows, start=1)}
        self.next_id = itertools.count(len(rows) + 1)

    def value(self, record, field):
        if field not in self.columns:
            raise ValueError(f"Invalid field {field!r} on {self.name!r}")
        if field == "display_name":
            return record.get("name", f"{self.name},{record['id']}")
        return record.get(field, [] if self.columns[field]["type"] in ("one2many", "many2many") else False)

    def existing(self, ids):
        """The records of one id or a list of ids, in that order."""
        ids = [ids] if isinstance(ids, int) else ids
        for number in ids:
            if number not in self.records:
                raise UserError(f"Record does not exist or has been deleted.\n(Record: {self.name}({number},), User: {UID})")
        return [self.records[number] for number in ids]

    def changeable(self):
        if not self.writable:
            raise AccessError(f"You are not allowed to modify '{self.description}' ({self.name}) records.")

    def checked(self, values):
        if not isinstance(values, dict):
            raise TypeError("values must be a mapping")
        for field in values:
            if field == "id" or field not in self.columns:
                raise ValueError(f"Invalid field {field!r} on {self.name!r}")
        return values

    # What follows are the public methods, with Odoo's names and parameters.

    def search(self, domain, offset=0, limit=None, order=None):
        found = [number for number, record in self.records.items() if matches(self, record, domain)]
        for part in reversed((order or "id").split(",")):
            field, _, direction = part.strip().partition(" ")
            found.sort(
                key=lambda number: (str(type(key := self.value(self.records[number], field))), key),
                reverse=direction.strip().lower() == "desc",
            )
        return found[offset : offset + limit if limit else None]

    def search_count(self, domain, limit=None):
        return len(self.search(domain, limit=limit))

    def read(self, ids, fields=None, load="_classic_read"):
        names = ["id", *(name for name in fields or self.columns if name != "id")]
        return [{name: self.value(record, name) for name in names} for record in self.existing(ids)]

    def search_read(self, domain=(), fields=None, offset=0, limit=None, order=None):
        return self.read(self.search(domain, offset, limit, order), fields)

    def fields_get(self, allfields=None, attributes=None):
        described = {}
        for name, about in self.columns.items():
            if allfields and name not in allfields:
                continue
            described[name] = {key: value for key, value in about.items() if attributes is None or key in attributes}
        return described

    def has_access(self, ids, operation):
        return operation == "read" or self.writable

    def check_access_rights(self, operation, raise_exception=True):
        allowed = self.has_access([], operation)
        if raise_exception and not allowed:
            self.changeable()
        return allowed

    def get_external_id(self, ids):
        return {number: GROUPS[number - 1] for number in ids if self.name == "res.groups"}

    def create(self, vals_list):
        self.changeable()
        many = vals_list if isinstance(vals_list, list) else [vals_list]
        ids = []
        for values in [self.checked(values) for values in many]:
            number = next(self.next_id)
            self.records[number] = {"id": number, **values}
            ids.append(number)
        return ids if isinstance(vals_list, list) else ids[0]

    def write(self, ids, vals):
        self.changeable()
        values = self.checked(vals)
        for record in self.existing(ids):
            record.update(values)
        return True

    def unlink(self, ids):
        self.changeable()
        for record in self.existing(ids):
            del self.records[record["id"]]
        return True


PUBLIC = (
    "search", "search_count", "read", "search_read", "fields_get", "has_access", "check_access_rights", "get_external_id",
    "create", "write", "unlink",
)  # fmt: skip

COMPARISONS = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left is not False and left < right,
    ">": lambda left, right: left is not False and left > right,
    "<=": lambda left, right: left is not False and left <= right,
    ">=": lambda left, right: left is not False and left >= right,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
    "like": lambda left, right: str(right) in str(left or ""),
    "ilike": lambda left, right: str(right).lower() in str(left or "").lower(),
}


def matches(model, record, domain):
    """Whether a record satisfies a domain in Odoo's prefix notation; terms side by side mean `&`."""
    terms = list(domain)
    stack = []
    for term in reversed(terms):
        if term == "!":
            stack.append(not stack.pop())
        elif term in ("&", "|"):
            first, second = stack.pop(), stack.pop()
            stack.append(first and second if term == "&" else first or second)
        else:
            field, operator, value = term
            if operator not in COMPARISONS:
                raise ValueError(f"The stand-in does not know the operator {operator!r}")
            stack.append(bool(COMPARISONS[operator](model.value(record, field), value)))
    return all(stack)


def models():
    """Fresh records."""
    partner = fields(
        name=("Name", "char"), email=("Email", "char"), phone=("Phone", "char"), city=("City", "char"),
        is_company=("Is a Company", "boolean"), comment=("Notes", "html", {"sanitize": True}),
        parent_id=("Related Company", "many2one", to("res.partner")),
        child_ids=("Contact", "one2many", to("res.partner", relation_field="parent_id")),
        country_id=("Country", "many2one", to("res.country")),
        company_id=("Company", "many2one", to("res.company")),
        user_id=("Salesperson", "many2one", to("res.users")),
        parent_name=("Parent name", "char", {"related": "parent_id.name", "depends": ["parent_id.name"], "readonly": True, "store": False}),
        create_date=("Created on", "datetime", {"readonly": True}),
    )  # fmt: skip
    user = fields(
        name=("Name", "char", {"related": "partner_id.name", "depends": ["partner_id.name"], "store": False}),
        login=("Login", "char", {"required": True}), active=("Active", "boolean"),
        partner_id=("Related Partner", "many2one", to("res.partner", required=True)),
        company_id=("Company", "many2one", to("res.company", required=True)),
        all_group_ids=("Groups and implied groups", "many2many", to("res.groups", depends=["group_ids.all_implied_ids"], readonly=True, store=False)),
    )  # fmt: skip
    people = [
        {"name": "YourCompany", "email": "info@yourcompany.example.com", "city": "Brussels", "is_company": True},
        {"name": "Azure Interior", "email": "azure@example.com", "city": "Fremont", "is_company": True},
        {"name": "Brandon Freeman", "email": "brandon@example.com", "phone": "+1 555 0100", "city": "Fremont"},
        {"name": "Deco Addict", "email": "deco@example.com", "city": "Pleasant Hill", "is_company": True},
        {"name": "Addison Olson", "email": "addison@example.com", "phone": "+1 555 0101", "city": "Pleasant Hill"},
    ]
    known = [
        Model("res.partner", "Contact", partner, people, writable=True),
        Model("res.users", "User", user,
              [{"name": "OdooBot", "login": "__system__"},
               {"name": "Agent", "login": LOGIN, "active": True, "all_group_ids": list(range(1, len(GROUPS) + 1))}]),
        Model("res.groups", "Access Groups", fields(name=("Name", "char")), [{"name": name} for name in GROUPS]),
        Model("res.company", "Companies",
              fields(name=("Company Name", "char"), currency_id=("Currency", "many2one", to("res.currency", required=True)),
                     country_id=("Country", "many2one", to("res.country"))),
              [{"name": "YourCompany"}]),
        Model("res.country", "Country",
              fields(name=("Country Name", "char"), code=("Country Code", "char"), currency_id=("Currency", "many2one", to("res.currency"))),
              [{"name": "Belgium", "code": "BE"}, {"name": "United States", "code": "US"}]),
        Model("res.currency", "Currency", fields(name=("Currency", "char"), symbol=("Symbol", "char", {"required": True})),
              [{"name": "EUR", "symbol": "€"}, {"name": "USD", "symbol": "$"}]),
        Model("res.lang", "Languages", fields(name=("Name", "char"), code=("Locale Code", "char")),
              [{"name": "English (US)", "code": "en_US"}]),
        Model("ir.module.module", "Module", fields(name=("Technical Name", "char"), state=("Status", "selection")),
              [{"name": name, "state": "installed"} for name in ("base", "rpc", "web")]),
    ]  # fmt: skip
    about_models = Model("ir.model", "Models", fields(name=("Model Description", "char"), model=("Model", "char")), [])
    about_fields = Model(
        "ir.model.fields", "Fields",
        fields(name=("Field Name", "char"), model=("Model", "char"), field_description=("Field Label", "char"), ttype=("Field Type", "selection")),
        [],
    )  # fmt: skip
    known += [about_models, about_fields]
    for model in known:
        number = next(about_models.next_id)
        about_models.records[number] = {"id": number, "name": model.description, "model": model.name}
        for name, about in model.columns.items():
            number = next(about_fields.next_id)
            about_fields.records[number] = {
                "id": number, "name": name, "model": model.name, "field_description": about["string"], "ttype": about["type"],
            }  # fmt: skip
    return {model.name: model for model in known}


class Odoo:
    """The two services, by XML-RPC and JSON-RPC."""

    def __init__(self):
        self.models = models()
        self.lock = threading.Lock()

    def common(self, method, params):
        if method in ("version", "about"):
            return {
                "server_version": VERSION, "server_version_info": [19, 0, 0, "final", 0, ""],
                "server_serie": "19.0", "protocol_version": 1,
            }  # fmt: skip
        if method in ("authenticate", "login"):
            database, login, password = params[:3]
            self.check_database(database)
            return UID if (login, password) == (LOGIN, PASSWORD) else False
        raise NameError(f"Method not available {method}")

    def object(self, method, params):
        if method not in ("execute", "execute_kw"):
            raise NameError(f"Method not available {method}")
        database, uid, password, model, name, *arguments = params
        self.check_database(database)
        if (uid, password) != (UID, PASSWORD):
            raise AccessDenied("Access Denied")
        keywords = {}
        if method == "execute_kw":
            arguments, keywords = (*arguments, {})[:2] if arguments else ([], {})
        return self.call(model, name, arguments, dict(keywords or {}))

    def check_database(self, database):
        if database != DATABASE:
            raise ValueError(f'FATAL:  database "{database}" does not exist')

    def call(self, model_name, method, arguments, keywords):
        keywords.pop("context", None)
        model = self.models.get(model_name)
        if model is None:
            raise UserError(f"Object {model_name} doesn't exist")
        if method.startswith("_"):
            raise AccessError(f"Private methods (such as '{model_name}.{method}') cannot be called remotely.")
        with self.lock:
            if (model_name, method) == ("res.users", "context_get"):
                return {"lang": "en_US", "tz": "Europe/Brussels", "uid": UID}
            if method not in PUBLIC:
                raise AttributeError(f"The method '{model_name}.{method}' does not exist")
            return getattr(model, method)(*arguments, **keywords)


def answer(odoo, service, body):
    """The XML of a method's result or of Odoo's fault for what went wrong."""
    try:
        params, method = xmlrpc.client.loads(body)
        result = (odoo.common if service == "common" else odoo.object)(method, params)
        return xmlrpc.client.dumps((result,), methodresponse=True, allow_none=False)
    except AccessDenied as error:
        fault = xmlrpc.client.Fault(ACCESS_DENIED, str(error))
    except AccessError as error:
        fault = xmlrpc.client.Fault(ACCESS_ERROR, str(error))
    except UserError as error:
        fault = xmlrpc.client.Fault(WARNING, str(error))
    except Exception:
        fault = xmlrpc.client.Fault(APPLICATION_ERROR, traceback.format_exc())
    return xmlrpc.client.dumps(fault)


def json_answer(odoo, body):
    """The same as JSON."""
    call = json.loads(body)
    reply = {"jsonrpc": "2.0", "id": call.get("id")}
    try:
        params = call["params"]
        service = odoo.common if params["service"] == "common" else odoo.object
        reply["result"] = service(params["method"], params["args"])
    except Exception as error:
        name = EXCEPTIONS.get(type(error).__name__, f"builtins.{type(error).__name__}")
        data = {"name": name, "message": str(error), "arguments": list(error.args), "context": {}, "debug": traceback.format_exc()}
        reply["error"] = {"code": 0, "message": "Odoo Server Error", "data": data}
    return json.dumps(reply)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "OdooStandIn"
    odoo = Odoo()

    def do_POST(self):
        length = self.headers.get("Content-Length")
        if length is None:
            # What follows could not be told from the next request.
            self.close_connection = True
            return self.reply(411, "text/plain", "Length Required")
        body = self.rfile.read(int(length))
        road = self.path.split("?")[0]
        for service in ("common", "object"):
            if road in (f"/xmlrpc/2/{service}", f"/xmlrpc/{service}"):
                return self.reply(200, "text/xml", answer(self.odoo, service, body))
        if road == "/jsonrpc":
            return self.reply(200, "application/json", json_answer(self.odoo, body))
        return self.reply(404, "text/plain", "The stand-in knows /xmlrpc/2/common, /xmlrpc/2/object and /jsonrpc.")

    def do_GET(self):
        road = self.path.split("?")[0]
        if road in ("/", "/web", "/web/login"):
            return self.reply(200, "text/html; charset=utf-8", PAGE)
        return self.reply(404, "text/plain", "This is a stand-in for Odoo.")

    do_HEAD = do_GET

    def reply(self, status, content_type, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format, *args):
        """A line a request, without its content."""
        print(f"{self.command} {self.path.split('?')[0]} {args[1] if len(args) > 1 else ''}", flush=True)


def main():
    options = argparse.ArgumentParser(description="A stand-in for Odoo on 127.0.0.1.")
    options.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.parse_args().port), Handler)
    print(f"This is a stand-in for Odoo, on http://127.0.0.1:{server.server_port}", flush=True)
    print(f"database {DATABASE}, login {LOGIN}, password {PASSWORD}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
