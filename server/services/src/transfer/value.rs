//! Values of columns as JSON, the same whichever database they come from.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::{ColumnType, DbErr, QueryResult, Value};
use serde_json::Value as Json;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Flag,
    Integer,
    BigInteger,
    Text,
    /// As base64.
    Bytes,
    /// As RFC 3339 writes it, in UTC.
    Time,
    Json,
}

impl Kind {
    /// `None` for what no column of ours has yet.
    pub const fn of(column: &ColumnType) -> Option<Self> {
        Some(match column {
            ColumnType::Boolean => Self::Flag,
            ColumnType::Integer => Self::Integer,
            ColumnType::BigInteger => Self::BigInteger,
            ColumnType::String(_) | ColumnType::Text => Self::Text,
            ColumnType::Blob | ColumnType::Binary(_) | ColumnType::VarBinary(_) => Self::Bytes,
            ColumnType::TimestampWithTimeZone => Self::Time,
            ColumnType::Json | ColumnType::JsonBinary => Self::Json,
            _ => return None,
        })
    }

    /// The value in a row of the database. A missing one is null.
    pub fn read(self, row: &QueryResult, column: &str) -> Result<Json, DbErr> {
        Ok(match self {
            Self::Flag => row.try_get::<Option<bool>>("", column)?.into(),
            Self::Integer => row.try_get::<Option<i32>>("", column)?.into(),
            Self::BigInteger => row.try_get::<Option<i64>>("", column)?.into(),
            Self::Text => row.try_get::<Option<String>>("", column)?.into(),
            Self::Bytes => row.try_get::<Option<Vec<u8>>>("", column)?.map(|bytes| STANDARD.encode(bytes)).into(),
            Self::Time => {
                let time: Option<DateTime<Utc>> = row.try_get("", column)?;
                time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true)).into()
            }
            Self::Json => row.try_get::<Option<Json>>("", column)?.into(),
        })
    }

    /// The value as a statement takes it; `None` where it is not of this kind.
    pub fn value(self, json: &Json) -> Option<Value> {
        match self {
            Self::Flag => value(json, Json::as_bool),
            Self::Integer => value(json, |json| i32::try_from(json.as_i64()?).ok()),
            Self::BigInteger => value(json, Json::as_i64),
            Self::Text => value(json, |json| json.as_str().map(str::to_owned)),
            Self::Bytes => value(json, |json| STANDARD.decode(json.as_str()?).ok()),
            Self::Time => value(json, time),
            Self::Json => value(json, |json| Some(json.clone())),
        }
    }
}

/// Null, or what `read` makes of it.
fn value<T>(json: &Json, read: impl FnOnce(&Json) -> Option<T>) -> Option<Value>
where
    Option<T>: Into<Value>,
{
    let value = if json.is_null() { None } else { Some(read(json)?) };
    Some(value.into())
}

fn time(json: &Json) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(json.as_str()?).ok()?.to_utc())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_of_another_kind_is_none() {
        for (kind, good, bad) in [
            (Kind::Flag, json!(true), json!(1)),
            (Kind::Integer, json!(-7), json!(3_000_000_000_i64)),
            (Kind::BigInteger, json!(3_000_000_000_i64), json!("3")),
            (Kind::Text, json!(""), json!(0)),
            (Kind::Bytes, json!("AAE="), json!("!")),
            (Kind::Time, json!("2026-11-24T00:00:00.123456Z"), json!("yesterday")),
        ] {
            assert!(kind.value(&good).is_some() && kind.value(&Json::Null).is_some(), "{kind:?}");
            assert_eq!(kind.value(&bad), None, "{kind:?}");
        }
    }
}
