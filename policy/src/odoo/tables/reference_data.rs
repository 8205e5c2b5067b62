//! Models whose records may be read on a path without a permission of their own.
//!
//! Written by `cargo xtask odoo-tables write` of Odoo 19.0.0+dfsg-1, 590 modules; not by hand.

pub(super) const ROWS: &[&str] = &[
    // how the books are set up
    "account.account",
    "account.analytic.account",
    "account.analytic.plan",
    "account.fiscal.position",
    "account.journal",
    "account.payment.method",
    "account.payment.method.line",
    "account.payment.term",
    "account.tax",
    "account.tax.group",
    "account.tax.repartition.line",
    // stages, types and tags by which records are sorted
    "crm.stage",
    "crm.tag",
    // how a warehouse is set up
    "delivery.carrier",
    // stages, types and tags by which records are sorted
    "event.stage",
    "event.type",
    "hr.department",
    "hr.leave.type",
    "hr.recruitment.stage",
    "hr.skill",
    "hr.skill.level",
    "hr.skill.type",
    // which models there are
    "ir.model",
    // stages, types and tags by which records are sorted
    "mail.activity.type",
    "mail.message.subtype",
    // how products are described
    "product.attribute",
    "product.attribute.value",
    "product.category",
    "product.tag",
    "product.template.attribute.line",
    // stages, types and tags by which records are sorted
    "project.project.stage",
    "project.tags",
    "project.task.type",
    // the same for everybody: places, languages, units
    "res.bank",
    "res.company",
    "res.country",
    "res.country.group",
    "res.country.state",
    "res.currency",
    "res.currency.rate",
    "res.lang",
    // hours, and who or what works by them
    "resource.calendar",
    "resource.resource",
    // how a warehouse is set up
    "stock.location",
    "stock.picking.type",
    "stock.warehouse",
    // the same for everybody: places, languages, units
    "uom.uom",
    // stages, types and tags by which records are sorted
    "utm.campaign",
    "utm.medium",
    "utm.source",
];
