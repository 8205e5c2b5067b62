"""Jobs that people want agents to do, as an agent does them: see test_least_privilege.py."""

import dataclasses
import xmlrpc.client
from collections.abc import Callable
from typing import Any

from support.documents import Documents
from support.gate import Agent


class GaveUp(Exception):
    """After something was refused, Odoo could not do the rest."""


class Attempt:
    """One go at a job: of what is refused the message is kept, and the job goes on with what does not depend on it."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.calls = 0
        self.refused: list[str] = []

    def __call__(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """The answer, or `None` if it was refused."""
        self.calls += 1
        try:
            return self.agent(model, method, *args, **kwargs)
        except xmlrpc.client.Fault as fault:
            if "(decision " in fault.faultString:
                self.refused.append(fault.faultString)
                return None
            if self.refused:
                raise GaveUp from fault
            raise


@dataclasses.dataclass(frozen=True)
class Story:
    """A job over records that are made for one go, how one sees that it was done, and calls that are none of it."""

    name: str
    groups: tuple[str, ...]
    act: Callable[[Attempt, Documents], Any]
    is_done: Callable[[Documents, Any], bool]
    beyond: Callable[[Documents], list[tuple[str, str, list[Any]]]]


def keeps_contacts(go: Attempt, r: Documents) -> Any:
    go("res.partner", "write", [r.partner], {"name": r.mark})
    return go("sale.order", "read", [r.order], ["name", "amount_total"])


def keeps_orders(go: Attempt, r: Documents) -> Any:
    go("sale.order", "write", [r.order], {"client_order_ref": r.mark})
    return go("res.partner", "read", [r.partner], ["name", "email"])


def confirms(go: Attempt, r: Documents) -> Any:
    go("sale.order", "read", [r.order], ["name", "state"])
    return go("sale.order", "action_confirm", [r.order])


def leaves_a_note(go: Attempt, r: Documents) -> Any:
    go("sale.order", "message_post", [r.order], body="As agreed.", attachments=[["offer.txt", "three"]])
    values = {"name": "plan.txt", "raw": "three", "res_model": "sale.order", "res_id": r.order}
    return go("ir.attachment", "create", values)


def finds_orders_of_a_country(go: Attempt, r: Documents) -> Any:
    go("res.partner", "search_read", [["country_id.code", "=", "BE"]], ["name"])
    return go("sale.order", "search", [["partner_id.country_id.code", "=", "BE"], ["id", "=", r.belgian_order]])


def purchases(go: Attempt, r: Documents) -> Any:
    line = {"product_id": r.variant, "product_qty": 10, "price_unit": 5.0}
    order = go("purchase.order", "create", {"partner_id": r.partner, "order_line": [[0, 0, line]]})
    if order:
        go("purchase.order", "button_confirm", [order])
    return order


def receives_a_part(go: Attempt, r: Documents) -> Any:
    """Four of ten have come; the rest is to come later, which Odoo asks about in a wizard."""
    moves = go("stock.move", "search_read", [["picking_id", "=", r.receipt]], ["product_uom_qty"])
    for move in moves or []:
        go("stock.move", "write", [move["id"]], {"quantity": 4.0, "picked": True})
    go("stock.picking", "button_validate", [r.receipt])
    context = {"button_validate_picking_ids": [r.receipt]}
    wizard = go("stock.backorder.confirmation", "create", {"pick_ids": [[4, r.receipt]]}, context=context)
    return wizard and go("stock.backorder.confirmation", "process", [wizard], context=context)


def registers_a_payment(go: Attempt, r: Documents) -> Any:
    context = {"active_model": "account.move", "active_ids": [r.posted]}
    wizard = go("account.payment.register", "create", {"communication": r.mark}, context=context)
    return wizard and go("account.payment.register", "action_create_payments", [wizard], context=context)


SALES = ("base.group_partner_manager", "sales_team.group_sale_salesman_all_leads")

STORIES = [
    Story(
        "keeps contacts, and reads orders",
        SALES,
        keeps_contacts,
        lambda r, read: r.read("res.partner", r.partner, "name") == r.mark and read[0]["name"],
        lambda r: [("sale.order", "write", [[r.order], {"note": "x"}]), ("res.partner", "write", [[r.partner], {"email": "a@b.example"}])],
    ),
    Story(
        "keeps orders, and reads contacts",
        SALES,
        keeps_orders,
        lambda r, read: r.read("sale.order", r.order, "client_order_ref") == r.mark and read[0]["email"] == r.mail,
        lambda r: [("res.partner", "write", [[r.partner], {"name": "x"}]), ("sale.order", "write", [[r.order], {"order_line": [[5]]}])],
    ),
    Story(
        "confirms orders without writing them",
        SALES,
        confirms,
        lambda r, _: r.read("sale.order", r.order, "state") == "sale",
        lambda r: [
            ("sale.order", "write", [[r.order], {"client_order_ref": "x"}]),
            ("sale.order", "write", [[r.order], {"order_line": [[5]]}]),
            ("sale.order", "action_cancel", [[r.order]]),
            ("sale.order.line", "write", [[r.line], {"price_unit": 1.0}]),
        ],
    ),
    Story(
        "leaves a note with a file, and a file",
        SALES,
        leaves_a_note,
        lambda r, file: r.count("ir.attachment", ["res_model", "=", "sale.order"], ["res_id", "=", r.order]) == 2,
        lambda r: [
            ("ir.attachment", "create", [{"name": "x", "raw": "x", "res_model": "res.partner", "res_id": r.partner}]),
            ("ir.attachment", "create", [{"name": "x", "raw": "x", "public": True}]),
            ("sale.order", "read", [[r.order], ["name"]]),
        ],
    ),
    Story(
        "finds contacts and orders of one country",
        SALES,
        finds_orders_of_a_country,
        lambda r, found: found == [r.belgian_order],
        lambda r: [
            ("sale.order", "search", [[["partner_id.user_ids.login", "=", "x"]]]),
            ("res.partner", "export_data", [[r.partner], ["bank_ids/acc_number"]]),
        ],
    ),
    Story(
        "orders from a vendor",
        ("purchase.group_purchase_user",),
        purchases,
        lambda r, order: r.read("purchase.order", order, "state") == "purchase",
        lambda r: [("purchase.order", "button_cancel", [[r.purchase]]), ("purchase.order", "unlink", [[r.purchase]])],
    ),
    Story(
        "receives a part of it, and makes a backorder",
        ("stock.group_stock_user",),
        receives_a_part,
        lambda r, _: r.read("stock.picking", r.receipt, "state") == "done"
        and r.count("stock.picking", ["backorder_id", "=", r.receipt]) == 1,
        lambda r: [("stock.picking", "action_cancel", [[r.receipt]]), ("stock.move", "unlink", [[1]]), ("stock.quant", "create", [{}])],
    ),
    Story(
        "registers a payment",
        ("account.group_account_invoice",),
        registers_a_payment,
        lambda r, _: r.read("account.move", r.posted, "payment_state") in ("in_payment", "paid"),
        lambda r: [("account.move", "action_post", [[r.posted]]), ("account.payment", "create", [{"amount": 1.0}])],
    ),
]
