"""Run by scripts.py in the environment of odoorpc."""

import json
import sys
import urllib.parse

import odoorpc

url, database, login, key, name = sys.argv[1:]
gate = urllib.parse.urlsplit(url)
odoo = odoorpc.ODOO(gate.hostname, protocol="jsonrpc", port=gate.port)
odoo.login(database, login, key)
partners = odoo.env["res.partner"]
found = partners.search([("is_company", "=", True)])
assert [record["id"] for record in partners.read(found, ["name"])] == found
created = partners.create({"name": name})
assert odoo.execute("res.partner", "read", [created], ["name"])[0]["name"] == name
try:
    partners.unlink([created])
except odoorpc.error.RPCError as error:
    print(json.dumps({"found": found, "created": created, "refusal": str(error)}))
