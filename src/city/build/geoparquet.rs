//! `GeoParquet` (version 1) to a [`Draft`]: tables with a column of WKB geometry and columns of Overture's buildings schema
//! or tags of `OpenStreetMap`. Read row by row, one row group at a time.

use super::collect::Collector;
use super::draft::Draft;
use super::error::{Fault, ImportError, Progress, Tell};
use super::tags::Tags;
use super::wkb;
use crate::geodesy::Area;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use serde_json::Value;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Columns that say something, besides the geometry.
const COLUMNS: [&str; 36] = [
    "id",
    "osm_id",
    "@id",
    "tags",
    "class",
    "type",
    "name",
    "building",
    "building:part",
    "building_id",
    "height",
    "est_height",
    "building:height",
    "building:levels",
    "num_floors",
    "levels",
    "roof:height",
    "roof_height",
    "min_height",
    "building:min_height",
    "building:min_level",
    "min_floor",
    "min_level",
    "building:material",
    "facade_material",
    "wall_material",
    "roof:material",
    "roof_material",
    "location",
    "is_underground",
    "underground",
    "height_source",
    "highway",
    "natural",
    "landuse",
    "leisure",
];
/// Most bytes of one column of a row group, unpacked.
const MAX_CHUNK: i64 = 1 << 30;
/// How often the progress is told, rows.
const STEP: u64 = 4096;

/// Reads a table; `name` is what the user knows it by.
pub fn read(file: File, name: &str, area: Option<&Area>, tell: &mut Tell<'_>) -> Result<Draft, ImportError> {
    // The decoder checks its input by assertions in places, so a damaged table may make it panic.
    let read = catch_unwind(AssertUnwindSafe(|| read_all(file, area, tell)));
    let read = read.unwrap_or_else(|_| Err(Fault::Table("its pages are damaged".into())));
    read.map_err(|fault| ImportError { file: name.into(), fault })
}

fn read_all(file: File, area: Option<&Area>, tell: &mut Tell<'_>) -> Result<Draft, Fault> {
    let reader = SerializedFileReader::new(file).map_err(|e| foreign(&e))?;
    let metadata = reader.metadata();
    let geometry = geometry_column(metadata)?;
    let projection = projection(metadata.file_metadata().schema(), &geometry)?;
    check_sizes(metadata, &projection)?;
    let total = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or(0);
    let mut collector = Collector::new(area.copied());
    for (row, done) in reader.get_row_iter(Some(projection)).map_err(|e| table(&e))?.zip(0u64..) {
        if done.is_multiple_of(STEP) {
            tell(Progress { stage: "reading rows", done, total });
        }
        take(&row.map_err(|e| table(&e))?, &geometry, &mut collector)?;
    }
    Ok(collector.finish())
}

fn foreign(error: &ParquetError) -> Fault {
    match error {
        ParquetError::External(_) => table(error),
        _ => Fault::Foreign { wanted: "a Parquet table" },
    }
}

fn table(error: &ParquetError) -> Fault {
    Fault::Table(error.to_string())
}

/// The name of the column that the metadata call the geometry; it must be WKB in longitude and latitude.
fn geometry_column(metadata: &ParquetMetaData) -> Result<String, Fault> {
    let pairs = metadata.file_metadata().key_value_metadata();
    let geo = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == "geo")?.value.as_deref());
    let Some(geo) = geo else {
        // Tables from before the metadata were agreed on.
        return Ok("geometry".into());
    };
    let geo: Value = serde_json::from_str(geo).map_err(|_| Fault::Table("its \"geo\" metadata are no JSON".into()))?;
    let name = geo["primary_column"].as_str().unwrap_or("geometry").to_owned();
    let column = &geo["columns"][&name];
    if let Some(encoding) = column["encoding"].as_str().filter(|e| !e.eq_ignore_ascii_case("WKB")) {
        return Err(Fault::Unsupported(format!("geometry encoded as {encoding}")));
    }
    // Without a reference system it is longitude and latitude (specification, "crs").
    let id = &column["crs"]["id"];
    let system = (id["authority"].as_str().unwrap_or_default(), id["code"].to_string());
    let degrees = matches!((system.0, system.1.trim_matches('"')), ("OGC", "CRS84") | ("EPSG", "4326"));
    if column["crs"].is_object() && !degrees {
        return Err(Fault::Unsupported(format!("the reference system {} {}", system.0, system.1)));
    }
    Ok(name)
}

/// The part of the schema that is read.
fn projection(schema: &Type, geometry: &str) -> Result<Type, Fault> {
    let wanted = |name: &str| name == geometry || COLUMNS.contains(&name);
    let fields: Vec<Arc<Type>> = schema.get_fields().iter().filter(|f| wanted(f.name())).cloned().collect();
    if !fields.iter().any(|field| field.name() == geometry && field.is_primitive()) {
        return Err(Fault::Table(format!("it has no column {geometry} of geometry")));
    }
    Type::group_type_builder(schema.name()).with_fields(fields).build().map_err(|e| table(&e))
}

fn check_sizes(metadata: &ParquetMetaData, projection: &Type) -> Result<(), Fault> {
    for column in metadata.row_groups().iter().flat_map(RowGroupMetaData::columns) {
        let root = column.column_path().parts().first().map(String::as_str).unwrap_or_default();
        let read = projection.get_fields().iter().any(|field| field.name() == root);
        if read && column.uncompressed_size() > MAX_CHUNK {
            let (found, limit) = (column.uncompressed_size() as u64, MAX_CHUNK as u64);
            return Err(Fault::TooLarge { what: "bytes in a column of a row group", found, limit });
        }
    }
    Ok(())
}

fn take(row: &Row, geometry: &str, collector: &mut Collector) -> Result<(), Fault> {
    let (mut text, mut shape) = (Vec::new(), None);
    for (name, field) in row.get_column_iter() {
        match field {
            Field::Bytes(bytes) if name == geometry => shape = wkb::geometry(bytes.data()),
            Field::MapInternal(map) => {
                for (key, value) in map.entries() {
                    if let (Field::Str(key), Some(value)) = (key, tag(value)) {
                        text.push((key.clone(), value));
                    }
                }
            }
            field => text.extend(tag(field).map(|value| (name.clone(), value))),
        }
    }
    let tags = Tags(text.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect());
    collector.take(None, &tags, shape)
}

/// The value of a column as a tag would have it.
fn tag(field: &Field) -> Option<String> {
    Some(match field {
        Field::Str(text) => text.clone(),
        Field::Bytes(bytes) => std::str::from_utf8(bytes.data()).ok()?.to_owned(),
        Field::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Field::Float(number) => number.to_string(),
        Field::Double(number) => number.to_string(),
        Field::Byte(number) => number.to_string(),
        Field::Short(number) => number.to_string(),
        Field::Int(number) => number.to_string(),
        Field::Long(number) => number.to_string(),
        Field::UByte(number) => number.to_string(),
        Field::UShort(number) => number.to_string(),
        Field::UInt(number) => number.to_string(),
        Field::ULong(number) => number.to_string(),
        _ => return None,
    })
}
