//! Files of footprints, `GeoJSON` and `GeoParquet`: what they say is what becomes of them, and damage is told, not suffered.

mod common;

use common::shared;
use farfield::city::HeightSource;
use farfield::city::build::draft::{Draft, Feature, Shape};
use farfield::city::build::report::{Repair, Skip};
use farfield::city::build::{Fault, Identity, ImportError, Imported, finish, geojson, geoparquet};
use farfield::geodesy::{Area, LonLat};
use farfield::material::Material;
use geo::{Area as _, Contains, MultiPolygon, Point};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int32Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs::File;
use std::sync::Arc;

fn read(text: &str) -> Result<Draft, ImportError> {
    geojson::read(text.as_bytes(), "x.geojson", text.len() as u64, None, &mut |_| ())
}

fn import(value: &Value) -> Imported {
    finish(read(&value.to_string()).expect("a draft"), Identity::default(), None).expect("a city")
}

/// A square of about `metres`, so many metres east of the origin.
fn square(east: f64, metres: f64) -> Value {
    let (x, s) = (11.5 + east / 74_600.0, metres / 74_600.0);
    let (y, n) = (48.0, metres / 111_200.0);
    json!([[[x, y], [x + s, y], [x + s, y + n], [x, y + n], [x, y]]])
}

fn feature(properties: &Value, kind: &str, coordinates: &Value) -> Value {
    json!({ "type": "Feature", "properties": properties, "geometry": { "type": kind, "coordinates": coordinates } })
}

fn collection(features: &[Value]) -> Value {
    json!({ "type": "FeatureCollection", "features": features })
}

#[test]
fn coastlines_in_pieces_make_the_sea_on_their_right() {
    let house = feature(&json!({ "building": "yes" }), "Polygon", &square(0.0, 20.0));
    let far = feature(&json!({ "building": "yes" }), "Polygon", &square(400.0, 20.0));
    // From north to south, 200 m east of the first house: the land lies to the east, the water to the west. The southern
    // piece comes first.
    let x = 11.5 + 200.0 / 74_600.0;
    let coast =
        |from: f64, to: f64| feature(&json!({ "natural": "coastline" }), "LineString", &json!([[x, from], [x, to]]));
    let sea = |features: &[Value]| {
        let area = Area::around(LonLat::new(x, 48.0), 300.0);
        let draft = read(&collection(features).to_string()).expect("a draft");
        let imported = finish(draft, Identity::default(), area).expect("a city");
        let area = |f: &Feature| if let Shape::Area(area) = &f.shape { Some(area.clone()) } else { None };
        let water: Vec<MultiPolygon> = imported.map.iter().filter_map(area).collect();
        (water, imported.report.log.repairs.of(Repair::BrokenCoast))
    };
    let (water, broken) = sea(&[far.clone(), coast(48.0, 47.99), coast(48.01, 48.0)]);
    assert_eq!((water.len(), broken), (1, 0));
    let holds = |east: f64| water[0].contains(&Point::new(11.5 + east / 74_600.0, 48.0001));
    assert!(holds(100.0) && !holds(300.0), "{water:?}");
    // Without its northern half the shore ends in the middle of the area; and no town is drowned.
    assert_eq!(sea(&[far, coast(48.0, 47.99)]), (vec![], 1));
    assert!(sea(&[house, coast(48.0, 47.99), coast(48.01, 48.0)]).0.is_empty());
}

#[test]
fn the_footprints_of_duke_come_out_with_their_heights() {
    let Some(path) = shared("the_footprints_of_duke_come_out_with_their_heights", "data/duke/duke_buildings.geojson")
    else {
        return;
    };
    let text = std::fs::read_to_string(path).expect("footprints");
    let source: Value = serde_json::from_str(&text).expect("JSON");
    let Imported { city, report, .. } = import(&source);
    let features = source["features"].as_array().expect("features");
    assert_eq!(report.found as usize, features.len());
    assert_eq!(report.buildings, report.found, "every footprint stands: {report}");
    let mut unknown = 0;
    for feature in features {
        let id = feature["properties"]["id"].as_u64().expect("an id");
        let height = feature["properties"]["height"].as_f64();
        let building = city.buildings.iter().find(|b| b.id == id).expect("a building of that id");
        if let Some(height) = height.filter(|h| *h > 0.0) {
            assert!((f64::from(building.top) - height).abs() < 1e-3, "{id}");
            assert_eq!(building.height_source, HeightSource::Tag);
        } else {
            // The file writes −1 or null where it knows nothing; −1 is a number that no height has.
            assert_eq!(building.height_source, HeightSource::Neighbours, "{id}");
            unknown += u64::from(height.is_some());
        }
    }
    assert_eq!(report.log.repairs.of(Repair::UnreadableHeight), unknown, "{report}");
}

#[test]
fn a_collection_and_lines_of_features_say_the_same() {
    let features = vec![
        feature(&json!({ "height": 12.5 }), "Polygon", &square(0.0, 10.0)),
        feature(&json!({ "num_floors": 3, "facade_material": "brick" }), "MultiPolygon", &json!([square(50.0, 10.0)])),
        feature(&json!({ "landuse": "forest" }), "Polygon", &square(20.0, 20.0)),
        feature(&json!({ "highway": "primary", "name": "A" }), "LineString", &json!([[11.5, 48.0], [11.501, 48.0]])),
        feature(&json!({ "place": "town", "name": "B" }), "Point", &json!([11.5, 48.0, 520.0])),
        feature(&json!({ "is_underground": true }), "Polygon", &square(150.0, 10.0)),
        feature(&json!({ "natural": "tree", "height": "7 m" }), "Point", &json!([11.5, 48.0])),
        feature(&json!({ "natural": "tree_row" }), "LineString", &json!([[11.5, 48.0], [11.501, 48.0]])),
    ];
    let lines: Vec<String> = features.iter().map(Value::to_string).collect();
    let lines = lines.join("\n");
    let whole = import(&collection(&features));
    let by_line = finish(read(&lines).expect("a draft"), Identity::default(), None).expect("a city");
    for imported in [&whole, &by_line] {
        let tops: Vec<f32> = imported.city.buildings.iter().map(|b| b.top).collect();
        assert_eq!(tops, [12.5, 3.0 * 3.2 + 1.0]);
        assert_eq!(imported.city.buildings[1].wall, Material::Brick);
        let counts = |layer| imported.report.map[layer];
        assert_eq!((counts("green"), counts("roads"), counts("places")), (3, 1, 1));
        let heights = |class| imported.map.iter().find(|f| f.kind.class == class).map(|f| f.kind.height);
        assert_eq!((heights("tree"), heights("tree_row"), heights("wood")), (Some(Some(7.0)), Some(None), Some(None)));
        assert_eq!(imported.report.log.skipped.of(Skip::Underground), 1);
    }
    assert_eq!(whole.city.buildings, by_line.city.buildings);
}

#[test]
fn the_order_of_members_makes_no_difference() {
    let coordinates = square(0.0, 10.0);
    let text = format!(
        r#"{{"features":[{{"geometry":{{"coordinates":{coordinates},"type":"Polygon"}},"properties":{{"height":9}},
        "bbox":[1,2,3,4],"type":"Feature"}}],"crs":{{"x":[1,{{}}]}},"type":"FeatureCollection"}}"#
    );
    let Imported { city, .. } = finish(read(&text).expect("a draft"), Identity::default(), None).expect("a city");
    assert_eq!((city.buildings.len(), city.buildings[0].top), (1, 9.0));
    assert!((city.buildings[0].footprint.unsigned_area() - 100.0).abs() < 1.0);
}

#[test]
fn rings_are_closed_and_what_can_not_be_used_is_counted() {
    let mut open = square(0.0, 10.0);
    open[0].as_array_mut().expect("a ring").pop();
    let mut unreadable = square(60.0, 10.0);
    unreadable[0][2] = json!([11.5, null]);
    let features = vec![
        feature(&json!({ "height": 5 }), "Polygon", &open),
        feature(&json!({ "building": "yes" }), "Point", &json!([11.5, 48.0])),
        feature(&json!({ "building": "yes" }), "Polygon", &json!([])),
        json!({ "type": "Feature", "properties": { "building": "yes" }, "geometry": null }),
        feature(&json!({ "building": "yes" }), "Polygon", &unreadable),
        feature(&json!({ "building": "yes" }), "Polygon", &json!([11.5, 48.0])),
    ];
    let Imported { report, .. } = import(&collection(&features));
    let log = &report.log;
    assert_eq!(log.repairs.of(Repair::RingClosed), 1);
    assert_eq!(log.repairs.of(Repair::BadCoordinate), 1);
    let skips = [Skip::NoOutline, Skip::NoArea, Skip::BadGeometry].map(|why| log.skipped.of(why));
    assert_eq!((report.found, report.buildings, skips), (6, 2, [1, 1, 2]), "{report}");
}

#[test]
fn an_outline_of_a_million_corners_is_left_out_and_named() {
    let ring: Vec<Value> = (0..1_000_000).map(|i| json!([11.5 + f64::from(i) * 1e-9, 48.0])).collect();
    let big = feature(&json!({ "building": "yes", "id": "big" }), "Polygon", &json!([ring]));
    let small = feature(&json!({ "building": "yes" }), "Polygon", &square(0.0, 10.0));
    let Imported { report, .. } = import(&collection(&[big, small]));
    let skipped: Vec<_> = report.log.skipped.iter().collect();
    assert_eq!(skipped.len(), 1);
    assert_eq!((skipped[0].0, skipped[0].1.examples.clone()), (Skip::TooManyCorners, vec!["big".to_owned()]));
}

#[test]
fn what_is_no_geojson_is_said_with_its_place() {
    for (text, expected) in [
        ("[1, 2]", "x.geojson can't be imported: at byte 1, invalid type"),
        ("{\"type\": \"Topology\"}", "this is no GeoJSON FeatureCollection or Feature"),
        ("{\"type\": \"FeatureCollection\", \"features\": [{\"type\"", "EOF"),
        ("{\"type\": \"FeatureCollection\", \"features\": {}}", "an array of features"),
        ("<html>", "expected value"),
    ] {
        let sentence = read(text).expect_err(text).to_string();
        assert!(sentence.contains(expected), "{sentence}");
        assert!(sentence.starts_with("x.geojson can't be imported: at byte "), "{sentence}");
    }
    let deep = format!("{{\"type\":\"Feature\",\"geometry\":{{\"coordinates\":{}", "[".repeat(100_000));
    assert!(read(&deep).expect_err("too deep").to_string().contains("recursion"));
}

/// A square of ten metres as WKB.
fn wkb(east: f64) -> ByteArray {
    let ring = square(east, 10.0);
    let mut bytes = vec![1, 3, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0];
    for number in ring[0].as_array().expect("a ring").iter().flat_map(|p| p.as_array().expect("a position")) {
        bytes.extend(number.as_f64().expect("a number").to_le_bytes());
    }
    bytes.into()
}

const OVERTURE: &str = "message schema {
    REQUIRED BYTE_ARRAY id (UTF8);
    REQUIRED BYTE_ARRAY geometry;
    OPTIONAL DOUBLE height;
    OPTIONAL INT32 num_floors;
    OPTIONAL BOOLEAN is_underground;
    OPTIONAL BYTE_ARRAY roof_material (UTF8);
}";

/// A table of four squares by Overture's schema, with these metadata.
fn overture(geo: Option<&str>) -> File {
    let file = tempfile::tempfile().expect("a file");
    let schema = Arc::new(parse_message_type(OVERTURE).expect("a schema"));
    let pairs = geo.map(|geo| vec![KeyValue::new("geo".into(), geo.to_owned())]);
    let properties = WriterProperties::builder().set_key_value_metadata(pairs).build();
    let mut writer =
        SerializedFileWriter::new(file.try_clone().expect("a file"), schema, Arc::new(properties)).expect("a writer");
    let mut group = writer.next_row_group().expect("a group");
    let ids: Vec<ByteArray> = ["08b2a", "08b2b", "08b2c", "08b2d"].map(ByteArray::from).to_vec();
    let shapes: Vec<ByteArray> = [0.0, 30.0, 60.0, 90.0].map(wkb).to_vec();
    let mut column = 0;
    while let Some(mut next) = group.next_column().expect("a column") {
        let written = match column {
            0 => next.typed::<ByteArrayType>().write_batch(&ids, None, None),
            1 => next.typed::<ByteArrayType>().write_batch(&shapes, None, None),
            2 => next.typed::<DoubleType>().write_batch(&[21.5], Some(&[1, 0, 0, 0]), None),
            3 => next.typed::<Int32Type>().write_batch(&[7, 5], Some(&[1, 1, 0, 0]), None),
            4 => next.typed::<BoolType>().write_batch(&[false, true], Some(&[1, 0, 0, 1]), None),
            _ => next.typed::<ByteArrayType>().write_batch(&["copper".into()], Some(&[0, 1, 0, 0]), None),
        };
        assert!(written.expect("values") > 0);
        next.close().expect("a column");
        column += 1;
    }
    group.close().expect("a group");
    writer.close().expect("a table");
    file
}

fn table(file: File, area: Option<Area>) -> Result<Imported, ImportError> {
    let draft = geoparquet::read(file, "x.parquet", area.as_ref(), &mut |_| ())?;
    finish(draft, Identity::default(), area).map_err(|fault| ImportError { file: "x.parquet".into(), fault })
}

const GEO: &str = r#"{"version":"1.1.0","primary_column":"geometry","columns":{"geometry":{"encoding":"WKB"}}}"#;

#[test]
fn a_table_by_overtures_schema_has_its_heights_by_the_policy() {
    for geo in [Some(GEO), None] {
        let Imported { city, report, .. } = table(overture(geo), None).expect("a city");
        let told: Vec<_> = city.buildings.iter().map(|b| (b.top, b.height_source)).collect();
        let expected = [(21.5, HeightSource::Tag), (17.0, HeightSource::Levels), (8.0, HeightSource::Default)];
        assert_eq!(told, expected);
        assert_eq!(city.buildings[1].roof, Material::Metal);
        assert_eq!((report.found, report.log.skipped.of(Skip::Underground)), (4, 1));
        let mut ids: Vec<u64> = city.buildings.iter().map(|b| b.id).collect();
        ids.dedup();
        assert_eq!(ids.len(), 3);
        assert!(ids.iter().all(|id| *id < 1 << 53));
    }
}

#[test]
fn only_what_touches_the_area_is_kept() {
    let area = Area::around(LonLat::new(11.5, 48.0), 20.0).expect("an area");
    let Imported { city, report, .. } = table(overture(Some(GEO)), Some(area)).expect("a city");
    assert_eq!((city.buildings.len(), report.log.skipped.of(Skip::Outside)), (1, 2), "{report}");
}

#[test]
fn tables_of_another_kind_are_refused_in_a_sentence() {
    let metric = GEO.replace("\"WKB\"", "\"WKB\",\"crs\":{\"id\":{\"authority\":\"EPSG\",\"code\":25832}}");
    let arrow = GEO.replace("WKB", "polygon");
    let elsewhere = GEO.replace("\"geometry\"", "\"shape\"");
    for (geo, expected) in [
        (metric.as_str(), "the reference system EPSG 25832"),
        (&arrow, "geometry encoded as polygon"),
        (&elsewhere, "no column shape of geometry"),
        ("{", "metadata are no JSON"),
    ] {
        let sentence = table(overture(Some(geo)), None).err().expect(expected).to_string();
        assert!(sentence.starts_with("x.parquet can't be imported: ") && sentence.contains(expected), "{sentence}");
    }
    let ImportError { fault, .. } = table(tempfile::tempfile().expect("a file"), None).err().expect("empty");
    assert!(matches!(fault, Fault::Foreign { wanted: "a Parquet table" }), "{fault}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_change_of_geojson_panics_or_hangs(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let features = vec![
            feature(&json!({ "height": "12,5", "id": 7 }), "Polygon", &square(0.0, 10.0)),
            feature(&json!({ "highway": "primary" }), "MultiLineString", &json!([[[11.5, 48.0], [11.501, 48.0]]])),
            feature(&json!({ "building:part": "yes" }), "MultiPolygon", &json!([square(0.0, 10.0)])),
        ];
        let mut bytes = collection(&features).to_string().into_bytes();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(draft) = geojson::read(bytes.as_slice(), "x", bytes.len() as u64, None, &mut |_| ()) {
            let _ = finish(draft, Identity::default(), None);
        }
    }

    #[test]
    fn no_change_of_a_table_panics_or_hangs(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        use std::io::{Read, Seek, SeekFrom, Write};
        let mut file = overture(Some(GEO));
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0)).expect("the start");
        file.read_to_end(&mut bytes).expect("the table");
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        file.seek(SeekFrom::Start(0)).expect("the start");
        file.write_all(&bytes).expect("the table");
        let _ = table(file, None);
    }
}
