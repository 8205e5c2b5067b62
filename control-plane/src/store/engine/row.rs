//! Reads columns, and writes the placeholders of those that are bound.

use lictor_policy::records::RecordIds;
use lictor_policy::wire::UnixMicros;
use serde::Serialize;
use serde::de::value::Error as ValueError;
use serde::de::{DeserializeOwned, IntoDeserializer};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::domain::revision::Revision;
use crate::domain::time::Moment;
use crate::secrets::stored::Sealed;
use crate::store::StoreError;

/// Rows in one statement: both databases take their placeholders.
pub(crate) const ROWS: usize = 500;

/// Typed columns of a row.
pub(crate) trait Columns {
    fn text(&self, name: &str) -> Result<String, StoreError>;
    fn optional_text(&self, name: &str) -> Result<Option<String>, StoreError>;
    fn number<T: TryFrom<i64>>(&self, name: &str) -> Result<T, StoreError>;
    fn optional_number<T: TryFrom<i64>>(&self, name: &str) -> Result<Option<T>, StoreError>;
    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, StoreError>;

    /// What a row of a version before has nothing of is its default.
    fn json_or_default<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, StoreError> {
        if self.optional_text(name)?.is_some() { self.json(name) } else { Ok(T::default()) }
    }
    fn sealed(&self, name: &str) -> Result<Sealed, StoreError> {
        Ok(Sealed::new(self.text(name)?))
    }
    fn optional_sealed(&self, name: &str) -> Result<Option<Sealed>, StoreError> {
        Ok(self.optional_text(name)?.map(Sealed::new))
    }
    /// An enum by its name.
    fn parse_enum<T: DeserializeOwned>(&self, name: &str) -> Result<T, StoreError> {
        let text = self.text(name)?;
        T::deserialize(IntoDeserializer::<ValueError>::into_deserializer(text))
            .map_err(|_| StoreError::Column(name.to_owned()))
    }
    fn parse_optional_enum<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        self.optional_text(name)?.is_some().then(|| self.parse_enum(name)).transpose()
    }
    fn flag(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.number::<i64>(name)? != 0)
    }
    fn moment(&self, name: &str) -> Result<Moment, StoreError> {
        self.number::<UnixMicros>(name).map(Moment)
    }
    /// The ids of records; none where there is no value.
    fn record_ids(&self, name: &str) -> Result<Vec<i64>, StoreError> {
        let ids = self.optional_text(name)?.is_some().then(|| self.json::<RecordIds>(name)).transpose()?;
        Ok(ids.iter().flat_map(RecordIds::iter).collect())
    }
    fn optional_moment(&self, name: &str) -> Result<Option<Moment>, StoreError> {
        Ok(self.optional_number::<UnixMicros>(name)?.map(Moment))
    }
}

impl Columns for AnyRow {
    fn text(&self, name: &str) -> Result<String, StoreError> {
        Ok(self.try_get(name)?)
    }

    fn optional_text(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.try_get(name)?)
    }

    fn number<T: TryFrom<i64>>(&self, name: &str) -> Result<T, StoreError> {
        T::try_from(self.try_get(name)?).map_err(|_| StoreError::Column(name.to_owned()))
    }

    fn optional_number<T: TryFrom<i64>>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let number: Option<i64> = self.try_get(name)?;
        number.map(T::try_from).transpose().map_err(|_| StoreError::Column(name.to_owned()))
    }

    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(name)?).map_err(|_| StoreError::Column(name.to_owned()))
    }
}

/// So many placeholders, from a number on.
pub(crate) fn places(first: usize, number: usize) -> String {
    (first..first + number).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}

/// So many rows of so many placeholders.
pub(crate) fn values(rows: usize, columns: usize) -> String {
    let row = |row: usize| format!("({})", places(row * columns + 1, columns));
    format!("VALUES {}", (0..rows).map(row).collect::<Vec<_>>().join(", "))
}

/// The name of an enum's variant, as a column holds it.
pub(crate) fn enum_name<T: Serialize>(value: &T) -> Result<String, StoreError> {
    Ok(json(value)?.trim_matches('"').to_owned())
}

/// A list or map, as a column holds it.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| StoreError::Column("?".to_owned()))
}

/// Converts to the database's signed integer; saturates. Only a nonsensical value from a gate exceeds it.
pub(crate) fn saturating_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Revision {
    pub(crate) fn column(self) -> i64 {
        saturating_i64(self.0)
    }
}
