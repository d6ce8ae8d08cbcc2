//! What an answer means: the bytes that were asked for, the whole archive, a reason to try again, or trouble.

use super::transport::{Answer, Head};
use crate::city::archive::{Fault, Section};

/// A server that can't serve parts sends the whole archive, which must fit in memory: 256 MiB.
pub const MAX_WHOLE: u64 = 256 << 20;

/// How a server fails to serve a part of a file (RFC 9110, section 14).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeFault {
    /// 416 for bytes that should be there.
    #[error("it calls bytes {0} unsatisfiable (HTTP status 416)")]
    Unsatisfiable(String),
    /// `multipart/byteranges`.
    #[error("it wraps them in several parts (multipart/byteranges)")]
    Multipart,
    /// Compressed on the way.
    #[error("it compresses them on the way (Content-Encoding: {0}), which must be switched off for .pmtiles files")]
    Encoded(String),
    /// Another range than was asked for.
    #[error("asked for bytes {asked}, it answered with Content-Range: {told}")]
    Elsewhere {
        /// First and last byte that were asked for.
        asked: String,
        /// What it said instead.
        told: String,
    },
    /// More or fewer bytes than the answer itself says.
    #[error("it announced {told} bytes and sent {found}")]
    Length {
        /// What it said.
        told: u64,
        /// What there was, or one more than was looked at.
        found: u64,
    },
}

/// What a good answer holds.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// The part that was asked for, as far as the archive reaches.
    Part(Vec<u8>),
    /// The whole archive.
    Whole(Vec<u8>),
}

/// What a bad answer means.
#[derive(Debug, PartialEq)]
pub enum Problem {
    /// It may be better soon; after so many seconds, where the server says so.
    Again(Fault, Option<u64>),
    /// It serves no parts; the whole may be had.
    Ranges(RangeFault),
    /// There is nothing to be done.
    Final(Fault),
}

/// How many bytes of an answer's body are wanted.
pub fn most(range: Option<Section>, head: &Head) -> u64 {
    match (head.status, range) {
        // One more shows that there is too much.
        (206, Some(range)) => range.length.saturating_add(1),
        (200, _) if head.content_length.is_some_and(|n| n > MAX_WHOLE) => 0,
        (200, _) => MAX_WHOLE,
        _ => 0,
    }
}

/// Reads an answer to a request for `range`, or for everything.
pub fn outcome(range: Option<Section>, answer: Answer) -> Result<Outcome, Problem> {
    let head = &answer.head;
    match (head.status, range) {
        (206, Some(range)) => part(range, answer),
        (200, _) => whole(answer),
        (416, Some(range)) => match total_of(head) {
            // Honest: the archive ends before. What needs these bytes says that they are missing.
            Some(total) if total <= range.offset && range.offset > 0 => Ok(Outcome::Part(Vec::new())),
            None if range.offset > 0 => Ok(Outcome::Part(Vec::new())),
            _ => Err(Problem::Ranges(RangeFault::Unsatisfiable(span(range)))),
        },
        (404 | 410, _) => Err(Problem::Final(Fault::Missing)),
        (status @ (408 | 429 | 500..=599), _) => {
            let seconds = head.retry_after.as_deref().and_then(|s| s.trim().parse().ok());
            Err(Problem::Again(Fault::Status(status), seconds))
        }
        (status, _) => Err(Problem::Final(Fault::Status(status))),
    }
}

fn part(range: Section, answer: Answer) -> Result<Outcome, Problem> {
    let Answer { head, body, more } = answer;
    if head.content_type.as_deref().is_some_and(|t| t.trim_start().to_ascii_lowercase().starts_with("multipart/")) {
        return Err(Problem::Ranges(RangeFault::Multipart));
    }
    if let Some(encoding) = encoding(&head) {
        return Err(Problem::Ranges(RangeFault::Encoded(encoding.into())));
    }
    let found = body.len() as u64 + u64::from(more);
    let mut told = head.content_length;
    if let Some(text) = &head.content_range {
        let elsewhere =
            || Problem::Ranges(RangeFault::Elsewhere { asked: span(range), told: text.chars().take(60).collect() });
        let (first, last, total) = content_range(text).ok_or_else(elsewhere)?;
        let end = range.offset.saturating_add(range.length);
        // Less than was asked for is right only where the archive ends.
        let complete = last + 1 == end || total.is_none_or(|total| last + 1 == total);
        if first != range.offset || last >= end || !complete {
            return Err(elsewhere());
        }
        told = Some(last + 1 - first);
    }
    match told {
        // The connection was lost on the way.
        Some(told) if found < told => Err(Problem::Again(Fault::Ranges(RangeFault::Length { told, found }), None)),
        Some(told) if found > told => Err(Problem::Ranges(RangeFault::Length { told, found })),
        _ if found > range.length => Err(Problem::Ranges(RangeFault::Length { told: range.length, found })),
        _ => Ok(Outcome::Part(body)),
    }
}

fn whole(answer: Answer) -> Result<Outcome, Problem> {
    let Answer { head, body, more } = answer;
    let told = head.content_length.filter(|_| encoding(&head).is_none());
    let found = body.len() as u64;
    if more {
        let found = told.unwrap_or(found);
        return Err(Problem::Final(Fault::TooLarge {
            what: "bytes from a server that ignores ranges",
            found,
            limit: MAX_WHOLE,
        }));
    }
    match told {
        Some(told) if found < told => Err(Problem::Again(Fault::Ranges(RangeFault::Length { told, found }), None)),
        _ => Ok(Outcome::Whole(body)),
    }
}

fn encoding(head: &Head) -> Option<&str> {
    head.content_encoding.as_deref().map(str::trim).filter(|e| !e.is_empty() && !e.eq_ignore_ascii_case("identity"))
}

/// The size of the whole archive that an answer names.
pub fn total_of(head: &Head) -> Option<u64> {
    match &head.content_range {
        Some(text) => text.rsplit_once('/')?.1.trim().parse().ok(),
        None if head.status == 200 && encoding(head).is_none() => head.content_length,
        None => None,
    }
}

/// First and last byte, and the size of the whole: `bytes 0-99/1234`, or `bytes 0-99/*`.
fn content_range(text: &str) -> Option<(u64, u64, Option<u64>)> {
    let (span, total) = text.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
    let (first, last) = span.split_once('-')?;
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse::<u64>().ok()?);
    let total = if total.trim() == "*" { None } else { Some(total.trim().parse().ok()?) };
    (first <= last && last < u64::MAX && total.is_none_or(|total| last < total)).then_some((first, last, total))
}

fn span(range: Section) -> String {
    format!("{}-{}", range.offset, range.offset.saturating_add(range.length).saturating_sub(1))
}
