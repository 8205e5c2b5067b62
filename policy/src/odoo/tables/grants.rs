//! Fields with which somebody gets rights in Odoo.
//! By hand, after all methods in Odoo's source that write the groups of users. Passwords, and access rules of Odoo
//! that go by a field, such as a portal user's documents by `parent_id`, are known by hand alone.
//!
//! Written by `cargo xtask odoo-tables write` of Odoo 19.0.0+dfsg-1, 590 modules; not by hand.

pub(super) const ROWS: &[(&str, &str)] = &[
    // makes the user a manager or an approver, in a group of Odoo
    ("hr.applicant", "interviewer_ids"),
    // makes the manager's user the one who approves leaves, in a group of Odoo, when it is written
    ("hr.department", "manager_id"),
    // makes the user a manager or an approver, in a group of Odoo
    ("hr.employee", "attendance_manager_id"),
    ("hr.employee", "expense_manager_id"),
    ("hr.employee", "leave_manager_id"),
    // makes the manager's user the one who approves leaves, in a group of Odoo, when it is written
    ("hr.employee", "parent_id"),
    // makes the user a manager or an approver, in a group of Odoo
    ("hr.employee", "user_id"),
    ("hr.job", "interviewer_ids"),
    // writes res.partner.email
    ("lunch.supplier", "email"),
    // shows the project to portal users, or to everybody
    ("project.project", "privacy_visibility"),
    // writes res.partner.email
    ("res.company", "email"),
    // the address to which the link goes that sets a new password; and whose documents a portal user sees
    ("res.partner", "commercial_partner_id"),
    ("res.partner", "email"),
    ("res.partner", "parent_id"),
    // writes res.partner.commercial_partner_id
    ("res.users", "commercial_partner_id"),
    // writes res.partner.email
    ("res.users", "email"),
    // the name under which the user logs in
    ("res.users", "login"),
    // writes res.partner.parent_id
    ("res.users", "parent_id"),
];
