//! How a table of text is written: its encoding, its separator, and its numbers.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use std::borrow::Cow;

/// Lines that tell the separator.
const LOOKED_AT: usize = 50;
/// The separators that are known, the likeliest first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The bytes of a table in an encoding whose separators are single bytes: those of UTF-16 become UTF-8, and marks of the byte
/// order are left out.
pub fn decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    let utf_16 = |read: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
        let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        Cow::Owned(text.into_bytes())
    };
    match bytes {
        [0xff, 0xfe, ..] => utf_16(u16::from_le_bytes),
        [0xfe, 0xff, ..] => utf_16(u16::from_be_bytes),
        _ => Cow::Borrowed(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)),
    }
}

/// A field as text: UTF-8, or where it isn't, Latin-1.
pub fn text(field: &[u8]) -> Cow<'_, str> {
    let field = std::str::from_utf8(field).map_or_else(|_| field.iter().map(|b| *b as char).collect(), Cow::Borrowed);
    match field {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// The separator of a table, and the bytes of a first line that says nothing else (`sep=;`).
pub fn separator(table: &[u8]) -> (u8, usize) {
    let end = table.iter().position(|b| *b == b'\n').map_or(table.len(), |at| at + 1);
    if let Some([separator]) = table[..end].trim_ascii().strip_prefix(b"sep=") {
        return (*separator, end);
    }
    // The one that cuts the most lines into the same number of fields; of equals, the one that makes more fields.
    let told = |separator: u8| {
        let mut reader = reader(table, separator, true);
        let widths: Vec<usize> = reader.byte_records().take(LOOKED_AT).map_while(|r| Some(r.ok()?.len())).collect();
        let alike = |width: &usize| widths.iter().filter(|w| *w == width).count();
        widths.iter().filter(|width| **width > 1).map(|width| (alike(width), *width)).max()
    };
    let best = SEPARATORS.iter().rev().max_by_key(|separator| told(**separator));
    (best.copied().unwrap_or(b','), 0)
}

/// A reader of the lines of a table, of whatever width; quotation marks are letters like any other unless `quoting`.
pub fn reader(table: &[u8], separator: u8, quoting: bool) -> csv::Reader<&[u8]> {
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(separator).flexible(true).has_headers(false).quoting(quoting).from_reader(table)
}

/// A number as people write it: with a decimal comma, a sign of any kind, and a unit behind it; degrees also with a letter for
/// the hemisphere.
pub fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    // Most numbers are written as Rust writes them.
    if let Some(value) = text.parse().ok().filter(|value: &f64| value.is_finite()) {
        return Some(value);
    }
    let body = text.trim_end_matches(|c: char| c.is_alphabetic() || c.is_whitespace() || c == '°');
    let unit = text[body.len()..].trim_matches(|c: char| c.is_whitespace() || c == '°');
    let plain = body.replace('\u{2212}', "-");
    let plain = if plain.contains('.') { plain } else { plain.replacen(',', ".", 1) };
    let value: f64 = plain.parse().ok().filter(|value: &f64| value.is_finite())?;
    Some(if matches!(unit, "S" | "W") { -value } else { value })
}

/// How a date is written where it isn't as ISO 8601 has it. Of the second of two numbers below 13 nobody knows which is the month:
/// with points it is, with strokes the first is, as most who write so mean it.
const DATES: [&str; 4] = ["%d.%m.%Y %H:%M:%S%.f", "%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M:%S%.f", "%m/%d/%Y %H:%M"];

/// Seconds since 1970 began of a time, as ISO 8601 and its relatives write it, as a date with points or strokes, or as a number of
/// seconds, milliseconds, microseconds or nanoseconds. Where no zone is named, that of UTC is taken.
pub fn moment(text: &str) -> Option<f64> {
    if let Some(value) = number(text) {
        // From 1973 to 2286.
        return [1.0, 1e3, 1e6, 1e9].into_iter().map(|per| value / per).find(|s| (1e8..1e10).contains(s));
    }
    let text = text.trim();
    let utc = |civil: DateTime| Offset::UTC.to_timestamp(civil).ok();
    let iso = || text.parse::<Timestamp>().ok().or_else(|| utc(text.parse().ok()?));
    let other = || DATES.into_iter().find_map(|form| utc(DateTime::strptime(form, text).ok()?));
    Some(iso().or_else(other)?.as_duration().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, value) in [
            ("-97", -97.0),
            (" −97,5 dBm", -97.5),
            ("48.137", 48.137),
            ("+1e-3", 0.001),
            ("11,57 °E", 11.57),
            ("33.9 S", -33.9),
            ("2630 MHz", 2630.0),
        ] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in ["", "n/a", "NaN", "inf", "1.234,5", "1,234,5", "12:30", "--5", "°"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_read_as_devices_write_them() {
        for text in [
            "2024-05-03T10:12:30Z",
            "2024-05-03 10:12:30",
            "2024-05-03T12:12:30.000+02:00",
            "03.05.2024 10:12:30",
            "05/03/2024 10:12:30",
            "1714731150",
            "1714731150000",
            " 1714731150.0 ",
        ] {
            assert_eq!(moment(text), Some(1714731150.0), "{text}");
        }
        for text in ["", "10:12:30", "yesterday", "12", "2024-13-03 10:12:30", "-1", "1e300"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn the_separator_is_the_one_that_cuts_all_lines_alike() {
        for (table, expected) in [
            ("lat,lon,rsrp\n1.5,2.5,-90\n", b','),
            ("lat;lon;rsrp\n1,5;2,5;-90\n1,6;2,6;-91\n", b';'),
            ("lat\tlon\trsrp\n1.5\t2.5\t-90\n", b'\t'),
            ("lat|lon|name\n1|2|\"a, b, c\"\n", b'|'),
            ("name,lat,lon\n\"a;b;c;d\",1,2\n", b','),
            ("", b','),
        ] {
            assert_eq!(separator(table.as_bytes()).0, expected, "{table}");
        }
        assert_eq!(separator(b"sep=;\r\na;b\r\n"), (b';', 7));
    }

    #[test]
    fn text_of_any_encoding_is_text() {
        let wide: Vec<u8> = [0xfeff_u16].into_iter().chain("lät".encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert_eq!(&*decoded(&wide), "lät".as_bytes());
        assert_eq!(&*decoded(b"\xef\xbb\xbflat"), b"lat");
        assert_eq!(text(b" L\xe4nge "), "Länge");
        assert_eq!(text("Länge".as_bytes()), "Länge");
    }
}
