//! HTML that Odoo stores as it comes: always, or when a user of `base.group_sanitize_override` writes it.
//!
//! Written by `cargo xtask odoo-tables write` of Odoo 19.0.0+dfsg-1, 590 modules; not by hand.

use crate::odoo::tables::Html;

pub(super) const ROWS: &[(&str, &str, Html)] = &[
    // `sanitize` is off
    ("base.document.layout", "preview", Html::Never),
    ("blog.blog", "content", Html::Never),
    ("blog.post", "content", Html::Never),
    ("digest.tip", "tip_description", Html::Never),
    // `sanitize_overridable`
    ("event.booth.registration", "sponsor_website_description", Html::ByGroup),
    ("event.sponsor", "website_description", Html::ByGroup),
    ("forum.forum", "faq", Html::ByGroup),
    ("gamification.karma.rank", "description_motivational", Html::ByGroup),
    ("hr.job", "description", Html::ByGroup),
    ("hr.job", "website_description", Html::ByGroup),
    // `sanitize` is off
    ("im_livechat.channel", "script_external", Html::Never),
    ("product.image", "embed_code", Html::Never),
    // `sanitize_overridable`
    ("product.public.category", "website_description", Html::ByGroup),
    ("product.template", "description_ecommerce", Html::ByGroup),
    ("product.template", "website_description", Html::ByGroup),
    ("res.partner", "website_description", Html::ByGroup),
    ("slide.slide", "description", Html::ByGroup),
    // `sanitize` is off
    ("slide.slide", "embed_code", Html::Never),
    ("slide.slide", "embed_code_external", Html::Never),
    // `sanitize_overridable`
    ("slide.slide", "html_content", Html::ByGroup),
    ("survey.question", "description", Html::ByGroup),
    ("survey.survey", "description", Html::ByGroup),
    // `sanitize` is off
    ("website", "custom_code_footer", Html::Never),
    ("website", "custom_code_head", Html::Never),
    ("website", "robots_txt", Html::Never),
    ("website.menu", "mega_menu_content", Html::Never),
];
