//! When a job runs: a cron expression, in UTC.

use std::time::Duration;

use cronexpr::{Crontab, MakeTimestamp};

use crate::domain::time::Moment;

/// A sentence on what is wrong with an expression, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCron {
    /// Not five fields that cron knows.
    #[error("Give five fields: minute, hour, day of month, month, day of week, such as \"30 2 * * *\"; times are UTC.")]
    Form,
    /// A date that does not come.
    #[error("Give an expression that comes within four years.")]
    Never,
}

/// A cron expression.
#[derive(Debug)]
pub struct Cron(Crontab);

impl Cron {
    /// Reads the five fields of an expression.
    pub fn parse(text: &str) -> Result<Self, BadCron> {
        // A sixth field would be a time zone.
        if text.split_whitespace().count() != 5 {
            return Err(BadCron::Form);
        }
        cronexpr::parse_crontab(&format!("{text} UTC")).map(Self).map_err(|_| BadCron::Form)
    }

    /// The first moment after this one.
    pub fn after(&self, moment: Moment) -> Result<Moment, BadCron> {
        let start = i64::try_from(moment.0).ok().and_then(|micros| MakeTimestamp::from_microsecond(micros).ok());
        let next = start.and_then(|start| self.0.find_next(start).ok()).ok_or(BadCron::Never)?;
        u64::try_from(next.timestamp().as_microsecond()).map(Moment).map_err(|_| BadCron::Never)
    }
}

/// A stored expression was read before; should it no longer be one, the job runs daily.
pub(crate) fn next_run(cron: &str, now: Moment) -> Moment {
    let next = Cron::parse(cron).and_then(|cron| cron.after(now));
    next.unwrap_or_else(|_| now.plus(Duration::from_secs(24 * 3600)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2030-01-01T00:00:00Z, a Tuesday.
    const START: Moment = Moment(1_893_456_000_000_000);

    #[test]
    fn the_next_time_is_in_utc_and_after_the_moment() {
        for (text, next) in [
            ("* * * * *", "2030-01-01T00:01:00Z"),
            ("*/5 * * * *", "2030-01-01T00:05:00Z"),
            ("0 0 * * *", "2030-01-02T00:00:00Z"),
            ("30 2 * * *", "2030-01-01T02:30:00Z"),
            (" 15  3 * * SUN ", "2030-01-06T03:15:00Z"),
            ("0 12 29 2 *", "2032-02-29T12:00:00Z"),
        ] {
            assert_eq!(Cron::parse(text).unwrap().after(START).unwrap().to_string(), next, "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_or_never_comes_is_refused() {
        for bad in
            ["", "daily", "@daily", "* * * *", "* * * * * *", "60 * * * *", "0 0 * * * UTC", "0 0 * * Europe/Berlin"]
        {
            assert_eq!(Cron::parse(bad).err(), Some(BadCron::Form), "{bad}");
        }
        assert_eq!(Cron::parse("0 0 31 2 *").unwrap().after(START), Err(BadCron::Never));
    }
}
