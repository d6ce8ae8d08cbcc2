//! Reading one HTTP/1.1 request: its first line and the few headers a static server heeds.

use std::io::{BufRead, Error, ErrorKind, Read, Result};

/// Longest line, and most header lines, that are read before the request is refused.
const MAX_LINE: u64 = 8 << 10;
const MAX_HEADERS: usize = 100;

/// A request.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// In capitals.
    pub method: String,
    /// Percent-decoded, without the query, beginning with `/`.
    pub path: String,
    /// The `Range` header as it came.
    pub range: Option<String>,
    /// The `If-None-Match` header as it came.
    pub if_none_match: Option<String>,
    /// Whether another request may follow.
    pub keep_alive: bool,
}

impl Request {
    /// Reads the next request; `None` when the connection was closed before one began. A request with a body closes the
    /// connection after its answer, as no method served here has one.
    pub fn read(reader: &mut impl BufRead) -> Result<Option<Self>> {
        let Some(first) = line(reader)? else { return Ok(None) };
        let mut words = first.split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(nonsense());
        };
        if !version.starts_with("HTTP/1.") {
            return Err(nonsense());
        }
        let path = target
            .split(['?', '#'])
            .next()
            .and_then(decode)
            .filter(|path| path.starts_with('/'))
            .ok_or_else(nonsense)?;
        let mut request =
            Self { method: method.to_owned(), path, keep_alive: version == "HTTP/1.1", ..Self::default() };
        for _ in 0..MAX_HEADERS {
            let header = line(reader)?.ok_or_else(nonsense)?;
            if header.is_empty() {
                return Ok(Some(request));
            }
            let (name, value) = header.split_once(':').ok_or_else(nonsense)?;
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "range" => request.range = Some(value.to_owned()),
                "if-none-match" => request.if_none_match = Some(value.to_owned()),
                "connection" if value.eq_ignore_ascii_case("close") => request.keep_alive = false,
                "content-length" | "transfer-encoding" if value != "0" => request.keep_alive = false,
                _ => {}
            }
        }
        Err(nonsense())
    }
}

fn nonsense() -> Error {
    Error::new(ErrorKind::InvalidData, "not an HTTP request")
}

/// One line without its end; `None` at the end of the stream.
fn line(reader: &mut impl BufRead) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    let read = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes)?;
    if read == 0 {
        return Ok(None);
    }
    if bytes.pop() != Some(b'\n') {
        return Err(nonsense());
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes).map(Some).map_err(|_| nonsense())
}

/// Undoes percent-encoding; `None` where it is broken or not UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            u8::from_str_radix(digits, 16).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Request>> {
        Request::read(&mut text.as_bytes())
    }

    #[test]
    fn the_path_is_decoded_and_the_query_dropped() {
        let request =
            read("GET /a%20b.png?x=%zz HTTP/1.1\r\nRange: bytes=0-1\r\n\r\n").expect("read").expect("a request");
        assert_eq!(request.path, "/a b.png");
        assert_eq!(request.range.as_deref(), Some("bytes=0-1"));
        assert!(request.keep_alive);
    }

    #[test]
    fn nonsense_is_refused_and_a_closed_connection_is_not_an_error() {
        assert_eq!(read("").expect("closed"), None);
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(1 << 16));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200));
        for text in [
            "hello\r\n\r\n",
            "GET / HTTP/2\r\n\r\n",
            "GET x HTTP/1.1\r\n\r\n",
            "GET /%g0 HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nx\r\n\r\n",
            "GET / HTTP/1.1\r\nx: y\r\n",
            &long,
            &many,
        ] {
            assert!(read(text).is_err(), "{text:.40}");
        }
    }
}
