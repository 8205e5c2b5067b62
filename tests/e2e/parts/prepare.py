"""`python -m parts.prepare` makes ahead, and keeps, what most end-to-end tests start with: Odoo and its database."""

from parts import odoo, odoo_package

odoo.database_with(odoo_package.fetched(), odoo.MODULES)
