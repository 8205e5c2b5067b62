"""Records of Odoo's applications for one call of a row in schema_rules.py."""

import functools
from typing import Any

from support.hole import Records

# Of a user who manages everything but Odoo itself.
MANAGERS = (
    "base.group_user",
    "base.group_allow_export",
    "base.group_partner_manager",
    "base.group_sanitize_override",
    "account.group_account_manager",
    "hr.group_hr_manager",
    "hr_holidays.group_hr_holidays_manager",
    "hr_recruitment.group_hr_recruitment_manager",
    "mass_mailing.group_mass_mailing_user",
    "product.group_product_manager",
    "project.group_project_manager",
    "purchase.group_purchase_manager",
    "sales_team.group_sale_manager",
    "stock.group_stock_manager",
    "survey.group_survey_manager",
)


class Documents(Records):
    """Made by the administrator, without a gate."""

    def _make(self, model: str, **values: Any) -> int:
        return self.odoo.call(model, "create", values)

    # People.

    @functools.cached_property
    def employee(self) -> int:
        return self._make(
            "hr.employee", name=f"employee {self.mark}", ssnid=self.mark, wage=4321.0, work_email=self.mail
        )

    @functools.cached_property
    def colleague(self) -> int:
        """The employee who is the user."""
        return self._make("hr.employee", name=f"employee {self.mark}", user_id=self.user)

    @property
    def address_of_user(self) -> str:
        return self.read("res.users", self.user, "email")

    @functools.cached_property
    def contact_of_user(self) -> int:
        return self.read("res.users", self.user, "partner_id")[0]

    @functools.cached_property
    def employed(self) -> int:
        """The contact of an employee."""
        return self.read("hr.employee", self.employee, "work_contact_id")[0]

    @functools.cached_property
    def job(self) -> int:
        return self._make("hr.job", name=f"job {self.mark}")

    @functools.cached_property
    def portal_contact(self) -> int:
        """The contact of a customer who logs in."""
        groups = [[6, 0, [self.odoo.record("base.group_portal")]]]
        values = {"name": "Customer", "login": self.mail, "group_ids": groups}
        user = self.odoo.call("res.users", "create", values, context={"no_reset_password": True})
        return self.read("res.users", user, "partner_id")[0]

    @functools.cached_property
    def leave_type(self) -> int:
        """Of it the employee has seven days."""
        kind = self._make(
            "hr.leave.type",
            name=f"leave {self.mark}",
            requires_allocation=True,
            allocation_validation_type="no_validation",
        )
        self._make("hr.leave.allocation", name="x", holiday_status_id=kind, employee_id=self.employee, number_of_days=7)
        return kind

    @functools.cached_property
    def template(self) -> int:
        """A template of mails."""
        return self.odoo.call("mail.template", "search", [], limit=1)[0]

    # Documents.

    @functools.cached_property
    def order(self) -> int:
        return self._make("sale.order", partner_id=self.partner, access_token=self.mark)

    @functools.cached_property
    def line(self) -> int:
        """A line of the order."""
        return self._make("sale.order.line", order_id=self.order, display_type="line_note", name=self.mark)

    @functools.cached_property
    def belgian_order(self) -> int:
        """An order of a customer in Belgium."""
        country = self.odoo.record("base.be")
        return self._make("sale.order", partner_id=self._make("res.partner", name=f"be {self.mark}", country_id=country))

    @functools.cached_property
    def other_order(self) -> int:
        return self._make("sale.order", partner_id=self.partner)

    @functools.cached_property
    def lead(self) -> int:
        return self._make("crm.lead", name=f"lead {self.mark}", partner_id=self.partner)

    @functools.cached_property
    def project(self) -> int:
        return self._make("project.project", name=f"project {self.mark}")

    @functools.cached_property
    def product(self) -> int:
        return self._make("product.template", name=f"product {self.mark}", is_storable=True)

    @property
    def variant(self) -> int:
        """What is bought and sold of the product."""
        return self.read("product.template", self.product, "product_variant_ids")[0]

    @functools.cached_property
    def purchase(self) -> int:
        """Ten of the product are ordered."""
        line = [0, 0, {"product_id": self.variant, "product_qty": 10, "price_unit": 5.0}]
        order = self._make("purchase.order", partner_id=self.partner, order_line=[line])
        self.odoo.call("purchase.order", "button_confirm", [order])
        return order

    @functools.cached_property
    def receipt(self) -> int:
        """They are to come."""
        return self.read("purchase.order", self.purchase, "picking_ids")[0]

    @functools.cached_property
    def survey(self) -> int:
        return self._make("survey.survey", title=f"survey {self.mark}")

    @functools.cached_property
    def file(self) -> int:
        """A file of an employee, which is no product's."""
        return self._make("ir.attachment", name=self.mark, raw="x", res_model="hr.employee", res_id=self.employee)

    @functools.cached_property
    def document(self) -> int:
        return self._make(
            "product.document", name=f"{self.mark}.txt", raw="x", res_model="product.template", res_id=self.product
        )

    @functools.cached_property
    def quant(self) -> int:
        """A hundred of the product in stock."""
        [variant] = self.read("product.template", self.product, "product_variant_ids")
        location = self.odoo.record("stock.stock_location_stock")
        return self._make("stock.quant", product_id=variant, location_id=location, quantity=100)

    @functools.cached_property
    def invoice(self) -> int:
        """Not yet posted."""
        line = [0, 0, {"name": self.mark, "price_unit": 50.0}]
        return self._make("account.move", move_type="out_invoice", partner_id=self.partner, invoice_line_ids=[line])

    @functools.cached_property
    def posted(self) -> int:
        """An invoice that is owed."""
        self.odoo.call("account.move", "action_post", [self.invoice])
        return self.invoice

    @functools.cached_property
    def receivable(self) -> int:
        """The line of the invoice that is owed."""
        kind = ["account_id.account_type", "=", "asset_receivable"]
        [line] = self.odoo.call("account.move.line", "search", [["move_id", "=", self.posted], kind])
        return line
