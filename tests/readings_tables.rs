//! Tables of readings as tools and people write them, and what is no reading of them.

mod common;

use farfield::readings::{Mapping, Outcome, Question, Readings, ReadingsError, Reason, Role, read};
use farfield::units::Hertz;
use parquet::data_type::{ByteArrayType, DoubleType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;
use std::sync::Arc;

/// The readings of a table that is understood by itself.
fn readings(file: &str, text: impl AsRef<[u8]>) -> Readings {
    match read(file, text.as_ref(), None, &mut |_| ()) {
        Ok(Outcome::Read(readings, _)) => *readings,
        other => panic!("{other:?}"),
    }
}

fn question(file: &str, text: &str) -> Question {
    match read(file, text.as_bytes(), None, &mut |_| ()) {
        Ok(Outcome::Ask(question)) => question,
        other => panic!("{other:?}"),
    }
}

/// Latitude, longitude and level of each.
fn values(readings: &Readings) -> Vec<[f64; 3]> {
    readings.all.iter().map(|r| [r.at.lat, r.at.lon, r.level.0]).collect()
}

#[test]
fn the_campus_is_read_with_its_cells_and_phones() {
    let Some(folder) = common::shared("the_campus_is_read_with_its_cells_and_phones", "data/duke") else { return };
    let bytes = std::fs::read(folder.join("measurements.csv")).expect("the table");
    let campus = readings("measurements.csv", bytes);
    assert_eq!(campus.all.len() as u64 + campus.rejected.count(), 21_063);
    assert_eq!(campus.rejected.count(), 0, "{:?}", campus.rejected);
    let mut cells = campus.cells.clone();
    cells.sort();
    assert_eq!(cells, ["A", "B", "C", "D"]);
    assert_eq!((campus.devices.len(), campus.quantity.as_str()), (2, "rsrp_dbm"));
    let first = campus.all[0];
    assert_eq!((first.at.lat, first.at.lon, first.level.0, first.line), (36.004_075_67, -78.939_464_36, -124.0, 2));
    assert_eq!(first.cell.map(|i| campus.cells[i as usize].as_str()), Some("C"));
    assert_eq!(first.device.map(|i| campus.devices[i as usize].as_str()), Some("Samsung"));
}

#[test]
fn every_dialect_says_the_same() {
    let wide = |text: &str| -> Vec<u8> {
        ['\u{feff}'].into_iter().chain(text.chars()).flat_map(|c| (c as u16).to_le_bytes()).collect()
    };
    let expected = [[48.137, 11.575, -97.5], [48.138, 11.576, -101.0]];
    let tables: [(&str, Vec<u8>); 8] = [
        ("commas", "lat,lon,rsrp\n48.137,11.575,-97.5\n48.138,11.576,-101\n".into()),
        (
            "a byte-order mark and CRLF",
            b"\xef\xbb\xbflat,lon,rsrp\r\n48.137,11.575,-97.5\r\n48.138,11.576,-101\r\n".into(),
        ),
        ("decimal commas", "Breite;Länge;Pegel [dBm]\n48,137;11,575;-97,5\n48,138;11,576;-101\n".into()),
        ("quoted decimal commas", "lat,lon,rsrp\n\"48,137\",\"11,575\",\"-97,5\"\n\"48,138\",\"11,576\",-101\n".into()),
        ("tabs and UTF-16", wide("lat\tlon\trsrp\r\n48.137\t11.575\t-97.5\r\n48.138\t11.576\t-101\r\n")),
        ("a preamble", "Survey of 2 May\n\nlat,lon,rsrp\n48.137,11.575,-97.5\n48.138,11.576,-101\n".into()),
        ("a told separator", "sep=;\nrsrp;lon;lat\n-97.5;11.575;48.137\n-101;11.576;48.138\n".into()),
        ("units", "lat | lon | rsrp\n48.137° N | 11.575° E | -97.5 dBm\n48.138° N | 11.576° E | −101 dBm\n".into()),
    ];
    for (name, table) in tables {
        assert_eq!(values(&readings("drive.csv", table)), expected, "{name}");
    }
}

#[test]
fn exports_of_cellmapper_need_no_names() {
    let table = "48.137,11.575,520,262,1,4711,28114690,-97,LTE,LTE-A,1300,204\n48.138,11.576,521,262,1,4711,28114690,-99,LTE,,1300,204\n";
    let read = readings("cellmapper.csv", table);
    assert_eq!(values(&read), [[48.137, 11.575, -97.0], [48.138, 11.576, -99.0]]);
    assert_eq!(read.cells, ["28114690"]);
}

#[test]
fn what_is_no_reading_is_counted_with_its_reason_and_line() {
    let table = "lat,lon,rsrp,cell\n48.1,11.5,-97,A\n48.1,11.5\n91,11.5,-97,A\n0,0,-97,A\nx,11.5,-97,A\n48.1,11.5,n/a,A\n\
                 48.1,11.5,2147483647,A\n48.1,11.5,-90,\n48.1,11.5,97,B\n";
    let read = readings("drive.csv", table);
    assert_eq!(read.all.iter().map(|r| (r.line, r.cell)).collect::<Vec<_>>(), [(2, Some(0)), (9, None)]);
    assert_eq!(read.cells, ["A"], "a cell without a reading is none");
    let rejected: Vec<(Reason, u64, &[u32])> =
        read.rejected.by_reason().into_iter().map(|(r, refusal)| (r, refusal.count, &refusal.lines[..])).collect();
    assert_eq!(rejected[0], (Reason::Level, 2, &[8, 10][..]));
    for (reason, line) in
        [(Reason::Short, 3), (Reason::NotOnEarth, 4), (Reason::NoFix, 5), (Reason::NoPlace, 6), (Reason::NoLevel, 7)]
    {
        assert!(rejected.contains(&(reason, 1, &[line][..])), "{reason:?} in {rejected:?}");
    }
}

#[test]
fn frequencies_are_in_the_unit_that_the_column_or_the_number_tells() {
    for (table, hertz) in [
        ("lat,lon,rsrp,freq_ghz\n1,2,-90,3.58\n", 3.58e9),
        ("lat,lon,rsrp,frequency\n1,2,-90,2630\n", 2.63e9),
        ("lat,lon,rsrp,frequency (Hz)\n1,2,-90,868100000\n", 868.1e6),
    ] {
        let Hertz(read) = readings("drive.csv", table).all[0].frequency.expect("a frequency");
        assert!((read / hertz - 1.0).abs() < 1e-12, "{read}");
    }
    assert_eq!(readings("drive.csv", "lat,lon,rsrp,freq\n1,2,-90,-5\n").all[0].frequency, None);
}

#[test]
fn times_are_read_and_such_as_tell_nothing_are_left_out() {
    let told = readings("drive.csv", "time,lat,lon,rsrp\n2024-05-03T10:12:30Z,48,11,-90\nsoon,48,11,-91\n");
    assert_eq!(told.all.iter().map(|r| r.time).collect::<Vec<_>>(), [Some(1_714_731_150.0), None]);
    assert_eq!(told.rejected.count(), 0);
}

#[test]
fn unknown_columns_are_asked_for_with_a_guess_and_the_answer_is_taken() {
    let table = "north,east,what\n48.137,11.575,-97\n48.138,11.576,-99\n";
    let asked = question("drive.csv", table);
    assert_eq!(asked.columns, ["north", "east", "what"]);
    assert_eq!(asked.sample[0], ["48.137", "11.575", "-97"]);
    let mut answer = asked.guess;
    for (role, column) in [(Role::Latitude, 0), (Role::Longitude, 1), (Role::Level, 2)] {
        answer.set(role, Some(column));
    }
    let Ok(Outcome::Read(read, taken)) = read("drive.csv", table.as_bytes(), Some(&answer), &mut |_| ()) else {
        panic!("the answer is refused")
    };
    assert_eq!(values(&read), [[48.137, 11.575, -97.0], [48.138, 11.576, -99.0]]);
    assert_eq!((taken.guess, read.quantity.as_str()), (answer, "what"));
    // Without any names the columns are numbers.
    let nameless = question("drive.csv", "48.137,11.575,-97\n48.138,11.576,-99\n");
    assert_eq!(nameless.columns, ["column 1", "column 2", "column 3"]);
    assert_eq!(nameless.sample.len(), 2);
}

#[test]
fn points_of_geojson_are_readings_and_other_features_are_counted() {
    let text = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","geometry":{"type":"Point","coordinates":[11.575,48.137,520]},"properties":{"RSRP":-97.5,"PCI":204}},
        {"type":"Feature","geometry":{"type":"Polygon","coordinates":[]},"properties":{}},
        {"type":"Feature","geometry":null,"properties":{"RSRP":-90}},
        {"type":"Feature","geometry":{"type":"Point","coordinates":[11.576,48.138]},"properties":{"RSRP":"-101"}},
        {"type":"Feature","geometry":{"type":"Point","coordinates":[11.576,48.138]},"properties":null}]}"#;
    let read = readings("drive.geojson", text);
    assert_eq!(values(&read), [[48.137, 11.575, -97.5], [48.138, 11.576, -101.0]]);
    assert_eq!((read.cells.as_slice(), read.all[1].line), (&["204".to_owned()][..], 4));
    let reasons: Vec<(Reason, u64)> =
        read.rejected.by_reason().iter().map(|(r, refusal)| (*r, refusal.count)).collect();
    assert_eq!(reasons, [(Reason::NoPoint, 2), (Reason::NoLevel, 1)]);
}

/// Three rows of Parquet; the second has no level, the third no cell.
fn parquet() -> Vec<u8> {
    const SCHEMA: &str = "message readings {
        REQUIRED INT64 when (TIMESTAMP(MILLIS,true));
        REQUIRED DOUBLE lat;
        REQUIRED DOUBLE lon;
        OPTIONAL BYTE_ARRAY note (UTF8);
        OPTIONAL BYTE_ARRAY cell (UTF8);
        OPTIONAL DOUBLE rsrp;
    }";
    let schema = Arc::new(parse_message_type(SCHEMA).expect("a schema"));
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::default()).expect("a writer");
    let mut group = writer.next_row_group().expect("a group");
    let mut column = 0;
    while let Some(mut next) = group.next_column().expect("a column") {
        let written = match column {
            0 => next.typed::<Int64Type>().write_batch(
                &[1_714_731_150_000, 1_714_731_151_000, 1_714_731_152_000],
                None,
                None,
            ),
            1 => next.typed::<DoubleType>().write_batch(&[48.137, 48.138, 48.139], None, None),
            2 => next.typed::<DoubleType>().write_batch(&[11.575, 11.576, 11.577], None, None),
            3 => next.typed::<ByteArrayType>().write_batch(&[], Some(&[0, 0, 0]), None),
            4 => next.typed::<ByteArrayType>().write_batch(&["A".into(), "B".into()], Some(&[1, 1, 0]), None),
            _ => next.typed::<DoubleType>().write_batch(&[-97.5, -101.0], Some(&[1, 0, 1]), None),
        };
        written.expect("values");
        next.close().expect("a column");
        column += 1;
    }
    group.close().expect("a group");
    writer.close().expect("a table");
    bytes
}

#[test]
fn tables_of_parquet_are_read_like_those_of_text() {
    let bytes = parquet();
    let told = readings("drive.parquet", &bytes);
    assert_eq!(values(&told), [[48.137, 11.575, -97.5], [48.139, 11.577, -101.0]]);
    assert_eq!((told.cells, told.all[0].cell, told.all[1].cell), (vec!["A".to_owned()], Some(0), None));
    assert_eq!((told.rejected.count(), told.all[1].line), (1, 3));
    // A column that no name tells of is chosen.
    let mut mapping = Mapping::guess(&["when", "lat", "lon", "note", "cell", "rsrp"].map(str::to_owned));
    assert_eq!(mapping.column(Role::Time), None);
    mapping.set(Role::Time, Some(0));
    let Ok(Outcome::Read(told, question)) = read("drive.parquet", &bytes, Some(&mapping), &mut |_| ()) else {
        panic!("it was read before")
    };
    assert_eq!(told.all.iter().map(|r| r.time).collect::<Vec<_>>(), [Some(1_714_731_150.0), Some(1_714_731_152.0)]);
    assert_eq!(question.sample[0], ["1714731150000", "48.137", "11.575", "", "A", "-97.5"]);
    for cut in [0, 3, 40, bytes.len() / 2, bytes.len() - 1] {
        let error = read("drive.parquet", &bytes[..cut], None, &mut |_| ()).expect_err("cut short");
        assert!(error.to_string().starts_with("drive.parquet is no table of readings: "), "{error}");
    }
}

#[test]
fn a_mark_that_is_never_closed_costs_its_own_line_alone() {
    let line = |i| format!("48.1,11.5,-{},B{}", 60 + i, if i == 30 { "\"" } else { "" });
    let lines: Vec<String> = (0..40).map(line).collect();
    let table = format!("lat,lon,rsrp,cell\n48.1,11.5,-97,\"A\n{}\n", lines.join("\n"));
    let read = readings("drive.csv", &table);
    assert_eq!((read.all.len(), read.rejected.count()), (40, 1), "{:?}", read.rejected);
    assert_eq!(read.rejected.by_reason()[0].1.lines, [2]);
    assert_eq!((read.all[0].line, read.all[39].line), (3, 42));
}

#[test]
fn a_file_without_readings_is_refused_in_a_sentence() {
    let refusal = |file: &str, bytes: &[u8]| read(file, bytes, None, &mut |_| ()).expect_err("refused").to_string();
    assert!(refusal("a.csv", b"").contains("a.csv is no table of readings: it is empty"));
    assert!(refusal("a.csv", b"PK\x03\x04\0\0").contains("it is not text"));
    assert!(refusal("a.csv", b"lat,lon,rsrp\n").contains("no lines beside the names"));
    assert!(
        refusal("a.csv", b"lat,lon,rsrp\n1,2,97\n1,2,98\n").contains("2 of its lines have a level that is none in dBm")
    );
    assert!(refusal("a.geojson", b"{\"features\": [").contains("a.geojson is no table of readings"));
    let many: Vec<String> = (0..50_002).map(|i| format!("1,2,-90,{i}")).collect();
    let error = read("a.csv", format!("lat,lon,rsrp,cell\n{}", many.join("\n")).as_bytes(), None, &mut |_| ());
    assert!(matches!(error, Err(ReadingsError::Names { what: "cell", .. })));
}

proptest! {
    #[test]
    fn no_change_of_parquet_goes_further_than_a_sentence(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = parquet();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        // The decoder may panic, which ends the worker and is told; it doesn't hang.
        let told = std::panic::catch_unwind(|| read("drive.parquet", &bytes, None, &mut |_| ()).is_ok());
        prop_assert!(told.is_ok() || told.is_err());
    }

    #[test]
    fn nothing_that_anybody_drops_makes_it_stumble(bytes in prop::collection::vec(any::<u8>(), 0..2000), json: bool) {
        let file = if json { "x.geojson" } else { "x.csv" };
        let _ = read(file, &bytes, None, &mut |_| ());
    }

    #[test]
    fn every_line_is_a_reading_or_is_counted(
        lines in prop::collection::vec("[-0-9.,;\"a\t ]{0,30}", 1..80),
        column in 0usize..4,
    ) {
        let table = format!("lat,lon,rsrp\n{}\n", lines.join("\n"));
        let mut mapping = Mapping::guess(&["lat".into(), "lon".into(), "rsrp".into()]);
        mapping.set(Role::Cell, Some(column));
        let full = lines.iter().filter(|line| !line.is_empty()).count() as u64;
        match read("x.csv", table.as_bytes(), Some(&mapping), &mut |_| ()) {
            // Only a quoted field holds a line's end.
            Ok(Outcome::Read(read, _)) if !table.contains('"') =>
                prop_assert_eq!(read.all.len() as u64 + read.rejected.count(), full),
            Ok(_) | Err(_) => {}
        }
    }
}

fn sites(file: &str, text: &str) -> farfield::readings::Sites {
    match read(file, text.as_bytes(), None, &mut |_| ()) {
        Ok(Outcome::Sites(sites)) => sites,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_table_with_azimuths_is_one_of_sites() {
    let table = "Cell;Lat;Lon;Antenna height [m];Azimuth;E-Tilt;M-Tilt;RS power [dBm];DL freq [MHz];Pattern\n\
                 A1;48,137;11,575;32;30;4;2;15,2;1842,5;\n\
                 A2;48,137;11,575;32;150;6;;15,2;1842,5;omni\n\
                 A3;48,137;11,575;32;270;6;0;15,2;3;\n\
                 B1;48,140;11,580;25;10;2;1;12;3500;K742215\n\
                 C1;;;25;10;2;1;12;3500;\n";
    let read = sites("sites.csv", table);
    assert_eq!((read.sites.len(), read.sectors), (2, 3));
    let first = &read.sites[0];
    assert_eq!((first.height, first.sectors.len()), (32.0, 2));
    let [a1, a2] = first.sectors.as_slice() else { panic!("two sectors") };
    assert_eq!((a1.name.as_str(), a1.azimuth, a1.downtilt, a1.power.0), ("A1", 30.0, 6.0, 15.2));
    assert_eq!((a2.frequency, a2.downtilt, a2.pattern), (Hertz(1.8425e9), 6.0, farfield::antenna::Pattern::Isotropic));
    // 3 MHz is no carrier, and C1 stands nowhere.
    let rejected: Vec<(Reason, Vec<u32>)> =
        read.rejected.by_reason().into_iter().map(|(reason, refusal)| (reason, refusal.lines.clone())).collect();
    assert!(rejected.contains(&(Reason::Impossible, vec![4])) && rejected.contains(&(Reason::NoPlace, vec![6])));
    assert!(read.assumed.is_empty(), "{:?}", read.assumed);
    let campus = sites("cells.csv", "pci,lat,lon,height_m,azimuth_deg,freq_ghz\nA,35.999,-78.94,24,212,3.69\n");
    assert_eq!(campus.sites[0].sectors[0].frequency, Hertz(3.69e9));
    assert_eq!(campus.assumed.len(), 2, "no tilt and no power: {:?}", campus.assumed);
    // Levels make it readings, whatever else is told.
    assert_eq!(readings("drive.csv", "lat,lon,azimuth,rsrp\n48.1,11.5,30,-90\n").all.len(), 1);
    let refused = read_err("empty.csv", "lat,lon,azimuth\n91,0,30\n");
    assert!(matches!(refused, ReadingsError::NoSites { .. }), "{refused:?}");
}

fn read_err(file: &str, text: &str) -> ReadingsError {
    read(file, text.as_bytes(), None, &mut |_| ()).expect_err("refused")
}
