//! Tables of reference values: a name for each column, a row for each case.

use std::collections::HashMap;

/// The cells of a row by their column's name.
pub type Row = HashMap<String, String>;

/// The rows of the shared table `file`; `None` where it is absent.
pub fn rows(test: &str, file: &str) -> Option<Vec<Row>> {
    let path = crate::common::shared(test, file)?;
    Some(csv::Reader::from_path(path).expect("a table").deserialize().map(|r| r.expect("a row")).collect())
}

/// The number in a column of a row.
pub fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|e| panic!("{column}: {e}"))
}
