//! Parquet tables, whose columns mean what those of text do.

use super::columns::Mapping;
use super::table::{MAX_COLUMNS, SAMPLE, STEP, Taker};
use super::{Outcome, Question, ReadingsError, Role};
use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;
use std::borrow::Cow;

/// Most bytes of one column of a row group, unpacked.
const MAX_CHUNK: i64 = 1 << 28;

/// Reads a table. A row's line is its number.
pub fn read(
    file: &str,
    bytes: &[u8],
    mapping: Option<&Mapping>,
    tell: &mut dyn FnMut(f32),
) -> Result<Outcome, ReadingsError> {
    let no_table = |why: String| ReadingsError::NoTable { file: file.into(), why };
    let unreadable = |error: ParquetError| no_table(sentence(&error));
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(bytes)).map_err(unreadable)?;
    let metadata = reader.metadata();
    let mut chunks = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
    if chunks.any(|chunk| chunk.uncompressed_size() > MAX_CHUNK) {
        return Err(no_table("its row groups are too large".into()));
    }
    let schema = metadata.file_metadata().schema();
    let columns: Vec<String> = schema.get_fields().iter().map(|field| field.name().into()).collect();
    if columns.len() > MAX_COLUMNS {
        return Err(no_table(format!("it has more than {MAX_COLUMNS} columns")));
    }
    let mut sample = Vec::new();
    for row in reader.get_row_iter(None).map_err(unreadable)?.take(SAMPLE) {
        let row = row.map_err(unreadable)?;
        sample.push(row.get_column_iter().map(|(_, field)| text(field).into_owned()).collect());
    }
    let question = Question { file: file.into(), guess: Mapping::guess(&columns), sample, columns };
    let Some(mut taker) = Taker::of(&question, mapping) else { return Ok(Outcome::Ask(question)) };
    // Only what is looked at is unpacked.
    let mut needed: Vec<usize> = Role::ALL.into_iter().filter_map(|role| taker.mapping.column(role)).collect();
    needed.sort_unstable();
    needed.dedup();
    let fields = needed.iter().filter_map(|column| schema.get_fields().get(*column).cloned()).collect();
    let projection = Type::group_type_builder(schema.name()).with_fields(fields).build().map_err(unreadable)?;
    let count = metadata.file_metadata().num_rows().max(1);
    for (i, row) in reader.get_row_iter(Some(projection)).map_err(unreadable)?.enumerate() {
        let row = row.map_err(unreadable)?.into_columns();
        let field = |column: usize| Some(text(&row.get(needed.binary_search(&column).ok()?)?.1));
        taker.take(u32::try_from(i + 1).unwrap_or(u32::MAX), field)?;
        if i % STEP == 0 {
            tell(i as f32 / count as f32);
        }
    }
    taker.finish(question)
}

/// A value as a table of text would have it; times as numbers since 1970 began.
fn text(field: &Field) -> Cow<'_, str> {
    match field {
        Field::Null | Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => Cow::Borrowed(""),
        Field::Str(text) => Cow::Borrowed(text),
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()),
        Field::TimestampMillis(time) | Field::TimestampMicros(time) => Cow::Owned(time.to_string()),
        // As people write them; the crate writes negative ones with an exponent.
        Field::Float(value) => Cow::Owned(value.to_string()),
        Field::Double(value) => Cow::Owned(value.to_string()),
        other => Cow::Owned(other.to_string()),
    }
}

/// What is wrong, for the user.
fn sentence(error: &ParquetError) -> String {
    match error {
        ParquetError::General(why) if why.contains("Disabled feature") => {
            "it is compressed by a method that isn't read here: write it with Snappy or without compression".into()
        }
        ParquetError::General(why) | ParquetError::EOF(why) => why.clone(),
        other => other.to_string(),
    }
}
