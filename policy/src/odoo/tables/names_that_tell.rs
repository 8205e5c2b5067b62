//! Models of which a name alone tells what only some may know.
//!
//! Written by `cargo xtask odoo-tables write` of Odoo 19.0.0+dfsg-1, 590 modules; not by hand.

pub(super) const ROWS: &[&str] = &[
    // what was paid
    "account.payment",
    // who wants to leave another employer
    "hr.applicant",
    // who is away, and why
    "hr.leave",
    "hr.leave.allocation",
    // somebody's contract
    "hr.version",
    // the subject of a message
    "mail.message",
    // the last digits of a card
    "payment.token",
    // an account number
    "res.partner.bank",
];
