//! Methods that the operations table leaves out.

/// Public methods of every model, or of every model with messages, that are left out of the table on purpose, and why.
/// An administrator may map them, unless the never-list has them too.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("activity_feedback", "writes activities and posts messages"),
    ("activity_reschedule", "writes activities"),
    ("activity_schedule", "writes activities, for other users too"),
    ("activity_send_mail", "mails"),
    ("activity_unlink", "deletes activities"),
    ("copy_translations", "copies to any record; public by accident"),
    ("is_transient", "cannot be called over RPC"),
    ("message_change_thread", "moves messages to other records"),
    ("message_mail_with_source", "mails what a template says"),
    ("message_new", "creates records, as incoming mail does"),
    ("message_notify", "mails anybody"),
    ("message_parse", "reads incoming mail"),
    ("message_post", "mails followers, and strangers by `outgoing_email_to`"),
    ("message_post_with_source", "mails what a template says"),
    ("message_process", "creates records of any model, as incoming mail does"),
    ("message_route", "reads incoming mail"),
    ("message_subscribe", "adds followers, strangers too, who are mailed what happens next"),
    ("message_update", "writes records, as incoming mail does"),
    ("notify_cancel_by_type", "writes notifications"),
    ("update_field_translations", "writes texts in languages that the client may not see"),
    ("web_override_translations", "writes texts in all languages at once"),
];
