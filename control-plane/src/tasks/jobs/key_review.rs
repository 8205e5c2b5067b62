//! Mails the alerts' recipients which keys end soon and which nobody uses, so that a key is replaced before its agent stands
//! still, and one that nobody needs does not lie about for years.
//!
//! The mails of a day are one event: a run that is tried again, or that two replicas take for theirs, tells nobody twice.

use crate::app::App;
use crate::app::outbox::{self, OutboxMessage};
use crate::domain::job::Counts;
use crate::domain::key::{ENDS_SOON_DAYS, UNUSED_DAYS};
use crate::domain::message::{KeyReview, Message, Reviewed, ReviewedKey};
use crate::domain::problem::Result;
use crate::store::key_list::{self, Selection};
use crate::store::{Connection, StoreError, users};
use crate::tasks::jobs::Step;

/// Keys of a kind that a mail names; the rest is counted.
const NAMED: u32 = 25;

pub(crate) async fn step(app: &App) -> Result<Step> {
    let mut tx = app.store.write().await?;
    let (settings, now) = (tx.settings().await?, tx.now());
    let ending = key_list::ending(&mut tx, ENDS_SOON_DAYS, now, NAMED).await?;
    let unused = key_list::unused(&mut tx, UNUSED_DAYS, now, NAMED).await?;
    let mut counts = Counts::from([("ending".to_owned(), ending.total), ("unused".to_owned(), unused.total)]);
    let is_wanted = settings.keys.weekly_mail && app.can_mail() && ending.total + unused.total > 0;
    let mut mails = 0;
    if is_wanted {
        let review = KeyReview { ending: named(&mut tx, ending).await?, unused: named(&mut tx, unused).await? };
        let message = Message::KeyReview(review);
        let day: String = now.to_string().chars().take("2030-01-31".len()).collect();
        let event = format!("keys/review/{day}");
        let recipients = settings.alerts.recipients.iter();
        let messages = recipients.map(|to| OutboxMessage::mail(event.as_str(), to.as_str(), message.clone()));
        mails = outbox::enqueue(&mut tx, messages).await?;
    }
    tx.commit().await?;
    counts.insert("mails".to_owned(), mails);
    Ok(Step { counts, next: None })
}

/// With the names that people know.
async fn named(connection: &mut Connection, keys: Selection) -> Result<Reviewed, StoreError> {
    let mut first = Vec::new();
    for key in keys.first {
        // A key without a user cannot be: the database sees to it.
        let user = users::look(connection, &key.user_id).await?;
        first.push(ReviewedKey {
            name: key.terms.name,
            prefix: key.prefix,
            user_name: user.map(|user| user.name).unwrap_or_default(),
            created_at: key.created_at,
            expires_at: key.terms.expires_at,
            last_used_at: key.last_used_at,
            replaced: key.rotated_to.is_some(),
        });
    }
    Ok(Reviewed { total: keys.total, first })
}
