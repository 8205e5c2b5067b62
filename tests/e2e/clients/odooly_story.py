"""Run by scripts.py in the environment of odooly."""

import json
import sys
import xmlrpc.client

import odooly

url, database, login, key, name = sys.argv[1:]
partners = odooly.Client(url, database, login, key).env["res.partner"]
found = partners.search([("is_company", "=", True)])
assert len(found.read("name")) == len(found)
partner = partners.create({"name": name})
assert partner.name == name
try:
    partner.unlink()
except (xmlrpc.client.Fault, odooly.ServerError) as error:
    print(json.dumps({"found": found.ids, "created": partner.id, "refusal": str(error)}))
