"""The models of the stand-in for an Odoo with applications."""

import sys

from support.gate import ROOT

sys.path.insert(0, str(ROOT / "tests/standin"))
import odoo as standin

# What the models of an Odoo with applications have in the middle.
FIELDS = 60
TYPES = ("char", "integer", "float", "boolean", "date", "text")


def many_models(count: int) -> dict[str, standin.Model]:
    """Models that lead into each other."""
    made = {}
    for number in range(count):
        plain = {f"field_{at}": (f"Field {at}", TYPES[at % len(TYPES)]) for at in range(FIELDS - 3)}
        leading = {
            "line_ids": ("Lines", "one2many", standin.to(f"model.{(number + 1) % count}", relation_field="parent_id")),
            "parent_id": ("Parent", "many2one", standin.to(f"model.{(number - 1) % count}")),
            "partner_id": ("Contact", "many2one", standin.to("res.partner")),
        }
        made[f"model.{number}"] = standin.Model(f"model.{number}", f"Model {number}", standin.fields(**plain, **leading), [])
    return made
