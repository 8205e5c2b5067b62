//! The groups of Odoo whose users are as good as administrators.
//!
//! With a key for one of them, whatever the gate leaves open is open to everything that Odoo has. A website designer's page
//! runs in the browser of the administrator who opens it, and an editor of mail templates writes code that Odoo runs.

/// Their XML ids, sorted.
pub const GROUPS: &[&str] = &[
    "base.group_erp_manager",
    "base.group_system",
    "mail.group_mail_template_editor",
    "website.group_website_designer",
];

/// Those of a user's groups, with the implied ones, that make it as good as an administrator.
pub fn among<'g>(groups: impl IntoIterator<Item = &'g str>) -> impl Iterator<Item = &'g str> {
    groups.into_iter().filter(|group| GROUPS.contains(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_found_by_its_exact_name() {
        let groups = ["base.group_user", "base.group_system", "base.group_systems", "website.group_website_designer"];
        assert_eq!(among(groups).collect::<Vec<_>>(), ["base.group_system", "website.group_website_designer"]);
        assert_eq!(among(["base.group_user", "my_base.group_system"]).next(), None);
    }
}
