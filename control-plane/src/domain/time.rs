//! Moments: microseconds inside, RFC 3339 in UTC outside.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use lictor_policy::wire::UnixMicros;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A day.
pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub UnixMicros);

impl Moment {
    /// The moment that is so much later.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)))
    }

    /// A moment as Odoo writes it: in UTC, without saying so.
    pub fn of_odoo(text: &str) -> Option<Self> {
        let stamp: Timestamp = format!("{}Z", text.replacen(' ', "T", 1)).parse().ok()?;
        u64::try_from(stamp.as_microsecond()).ok().map(Self)
    }

    /// The last moment, up to this one, that is a whole number of spans after 1970.
    #[must_use]
    pub fn floor(self, span: Duration) -> Self {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX).max(1);
        Self(self.0 - self.0 % micros)
    }

    /// The moment that is so much earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// Tells the time; tests bring their own.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

/// The machine's clock.
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    })
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stamp = i64::try_from(self.0).ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
        write!(f, "{}", stamp.unwrap_or(Timestamp::MAX))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let stamp: Result<Timestamp, _> = text.parse();
        stamp
            .ok()
            .and_then(|stamp| u64::try_from(stamp.as_microsecond()).ok())
            .map(Self)
            .ok_or_else(|| de::Error::custom("expected a moment since 1970 in RFC 3339, such as 2030-01-31T12:00:00Z"))
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

/// A moment, or a day for its first moment in UTC: an end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayOrMoment(Moment);

impl DayOrMoment {
    /// The moment.
    pub fn moment(self) -> Moment {
        self.0
    }
}

impl<'de> Deserialize<'de> for DayOrMoment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // RFC 3339's full-date has ten characters.
        let text = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text };
        let moment = Moment::deserialize(de::value::StringDeserializer::<D::Error>::new(text));
        moment.map(Self).map_err(|_| {
            de::Error::custom("expected a day such as 2030-01-31, or a moment in RFC 3339 such as 2030-01-31T12:00:00Z")
        })
    }
}

impl JsonSchema for DayOrMoment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "DayOrMoment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_utc_in_rfc_3339() {
        let moment: Moment = serde_json::from_str(r#""2030-01-31T13:00:00.5+01:00""#).unwrap();
        assert_eq!(serde_json::to_string(&moment).unwrap(), r#""2030-01-31T12:00:00.5Z""#);
        for bad in [r#""1969-12-31T23:59:59Z""#, r#""tomorrow""#, r#""2030-01-31""#, "12"] {
            assert!(serde_json::from_str::<Moment>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_day_is_its_first_moment() {
        let moment = |text: &str| serde_json::from_str::<DayOrMoment>(text).map(|given| given.moment().to_string());
        assert_eq!(moment(r#""2030-01-31""#).unwrap(), "2030-01-31T00:00:00Z");
        assert_eq!(moment(r#""2030-01-31T13:00:00+01:00""#).unwrap(), "2030-01-31T12:00:00Z");
        for bad in [r#""2030-02-31""#, r#""2030-01-31T""#, r#""yesterday.""#] {
            assert!(moment(bad).is_err(), "{bad}");
        }
    }
}
