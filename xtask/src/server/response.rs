//! What is answered: a file, a part of it, or a short sentence.

use super::request::Request;
use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

/// An answer, ready to be written.
pub struct Response {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

enum Body {
    Text(&'static str),
    /// The file stands at the first byte to send.
    Part(File, u64),
    /// Only the length is told (HEAD), or there is none (304).
    Absent(u64),
}

impl Response {
    /// The answer to a request for a file below `folder`, which is canonical.
    pub fn to(request: &Request, folder: &Path) -> Self {
        if request.method != "GET" && request.method != "HEAD" {
            return Self::text("405 Method Not Allowed", "only GET and HEAD are served here\n")
                .with("Allow", "GET, HEAD");
        }
        let opened = locate(&request.path, folder).and_then(|path| Some((File::open(&path).ok()?, path)));
        match opened.and_then(|(file, path)| Self::file(request, file, &path).ok()) {
            Some(response) => response,
            None => Self::text("404 Not Found", "there is no such file\n"),
        }
    }

    /// The answer to what is no request.
    pub fn bad_request() -> Self {
        Self::text("400 Bad Request", "this is not an HTTP request\n")
    }

    fn text(status: &'static str, body: &'static str) -> Self {
        let headers = vec![("Content-Type", "text/plain; charset=utf-8".to_owned())];
        Self { status, headers, body: Body::Text(body) }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn file(request: &Request, mut file: File, path: &Path) -> Result<Self> {
        let about = file.metadata()?;
        let length = about.len();
        let changed = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let tag = format!("\"{length:x}-{changed:x}\"");
        let base = Self { status: "200 OK", headers: Vec::new(), body: Body::Absent(length) }
            .with("Content-Type", media_type(path))
            .with("Accept-Ranges", "bytes")
            .with("Cache-Control", "no-cache")
            .with("ETag", tag.clone());
        if request.if_none_match.as_ref().is_some_and(|known| known.split(',').any(|known| known.trim() == tag)) {
            return Ok(Self { status: "304 Not Modified", body: Body::Absent(0), ..base });
        }
        let (status, start, end, base) = match request.range.as_deref().map(|range| part(range, length)) {
            None | Some(Part::Whole) => ("200 OK", 0, length, base),
            Some(Part::Bytes(start, end)) => {
                let said = format!("bytes {start}-{}/{length}", end - 1);
                ("206 Partial Content", start, end, base.with("Content-Range", said))
            }
            Some(Part::Outside) => {
                let refusal = Self::text("416 Range Not Satisfiable", "the file has no such bytes\n");
                return Ok(refusal.with("Content-Range", format!("bytes */{length}")));
            }
        };
        let body = if request.method == "HEAD" {
            Body::Absent(end - start)
        } else {
            file.seek(SeekFrom::Start(start))?;
            Body::Part(file, end - start)
        };
        Ok(Self { status, body, ..base })
    }

    /// Writes the whole answer.
    pub fn write(self, out: &mut impl Write, keep_alive: bool) -> Result<()> {
        let length = match &self.body {
            Body::Text(text) => text.len() as u64,
            Body::Part(_, length) | Body::Absent(length) => *length,
        };
        let mut head = format!("HTTP/1.1 {}\r\nContent-Length: {length}\r\n", self.status);
        for (name, value) in &self.headers {
            head.extend([*name, ": ", value, "\r\n"]);
        }
        head.push_str("X-Content-Type-Options: nosniff\r\n");
        head.push_str(if keep_alive { "Connection: keep-alive\r\n\r\n" } else { "Connection: close\r\n\r\n" });
        out.write_all(head.as_bytes())?;
        match self.body {
            Body::Text(text) => out.write_all(text.as_bytes()),
            Body::Part(file, length) => std::io::copy(&mut file.take(length), out).map(drop),
            Body::Absent(_) => Ok(()),
        }
    }
}

/// The file that a path names; `None` when there is none, or when the path or a link leads out of `folder`.
fn locate(path: &str, folder: &Path) -> Option<PathBuf> {
    let mut file = folder.to_owned();
    for component in Path::new(path.trim_start_matches('/')).components() {
        match component {
            Component::Normal(name) if !path.contains(['\\', '\0']) => file.push(name),
            _ => return None,
        }
    }
    if file.is_dir() {
        file.push("index.html");
    }
    let file = file.canonicalize().ok()?;
    (file.starts_with(folder) && file.is_file()).then_some(file)
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// From the first byte to before the second.
    Bytes(u64, u64),
    /// The header is not understood, or asks for several parts; RFC 9110 (14.2) lets the server ignore it.
    Whole,
    /// No byte of the file is in the range.
    Outside,
}

fn part(range: &str, length: u64) -> Part {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Part::Whole;
    };
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(start), _) if start >= length && (last.is_empty() || last.parse::<u64>().is_ok()) => Part::Outside,
        (Ok(start), Ok(last)) if start <= last => Part::Bytes(start, length.min(last.saturating_add(1))),
        (Ok(start), Err(_)) if last.is_empty() => Part::Bytes(start, length),
        (Err(_), Ok(0)) if first.is_empty() => Part::Outside,
        (Err(_), Ok(tail)) if first.is_empty() && length > 0 => Part::Bytes(length.saturating_sub(tail), length),
        (Err(_), Ok(_)) if first.is_empty() => Part::Outside,
        _ => Part::Whole,
    }
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "md" => "text/plain; charset=utf-8",
        "pmtiles" => "application/vnd.pmtiles",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_rfc_9110() {
        assert_eq!(part("bytes=0-3", 10), Part::Bytes(0, 4));
        assert_eq!(part("bytes=4-", 10), Part::Bytes(4, 10));
        assert_eq!(part("bytes=-3", 10), Part::Bytes(7, 10));
        assert_eq!(part("bytes=-30", 10), Part::Bytes(0, 10));
        assert_eq!(part("bytes=5-99", 10), Part::Bytes(5, 10));
        assert_eq!(part("bytes=9-18446744073709551615", 10), Part::Bytes(9, 10));
        for outside in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(part(outside, 10), Part::Outside, "{outside}");
        }
        for ignored in ["bytes=4-2", "bytes=0-1,3-4", "items=0-1", "bytes=a-b", "bytes=-", "bytes="] {
            assert_eq!(part(ignored, 10), Part::Whole, "{ignored}");
        }
        assert_eq!(part("bytes=0-", 0), Part::Outside);
    }
}
