//! Fields that a method of Odoo ought to change; `*` stands for every model.
//!
//! Written by `cargo xtask odoo-tables write` of Odoo 19.0.0+dfsg-1, 590 modules; not by hand.

pub(super) const ROWS: &[(&str, &str)] = &[
    // signs in somebody's name
    ("*", "signature"),
    ("*", "signed_by"),
    ("*", "signed_on"),
    // the state of a document; a method of Odoo changes it and does what belongs to it
    ("*", "state"),
    // posts by itself, at its date
    ("account.move", "auto_post"),
    // approves the expense
    ("hr.expense", "approval_state"),
    // the stock, without a move
    ("stock.quant", "quantity"),
    ("stock.quant", "reserved_quantity"),
];

pub(super) const FREE: &[(&str, &str)] = &[
    // set by hand in Odoo too; nothing else happens
    ("calendar.attendee", "state"),
    ("project.task", "state"),
];
