//! Lists of dates.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::AuthorId;
use crate::time::Date;

/// Dates that conditions name together, such as the bank holidays of some years.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HolidayList {
    /// The author's id.
    pub id: AuthorId,
    /// Local dates; each counts for its own year only.
    pub dates: Vec<Date>,
}
