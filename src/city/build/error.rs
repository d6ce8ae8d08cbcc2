//! Why a city can't be made of a file, in sentences for the user.

/// A file that no city can be made of: which, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{file} can't be imported: {fault}")]
pub struct ImportError {
    /// The name that the user knows it by.
    pub file: String,
    /// What is wrong.
    #[source]
    pub fault: Fault,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The system can't read it.
    #[error("it can't be read ({0})")]
    Read(#[from] std::io::Error),
    /// It is something else.
    #[error("it is not {wanted}")]
    Foreign {
        /// What it should be.
        wanted: &'static str,
    },
    /// A part of it makes no sense.
    #[error("it is damaged at byte {offset}: {why}")]
    Damaged {
        /// Where.
        offset: u64,
        /// What about it.
        why: &'static str,
    },
    /// It is no well-formed JSON, or not of the right kind.
    #[error("at byte {offset}, {why}")]
    Json {
        /// Where.
        offset: u64,
        /// What the parser says.
        why: String,
    },
    /// It is no well-formed Parquet table, or has not the right columns.
    #[error("its table can't be used: {0}")]
    Table(String),
    /// It needs something that is not understood here.
    #[error("it needs {0}, which is not understood here")]
    Unsupported(String),
    /// More than can be held.
    #[error("it is too large: {found} {what}, and the most is {limit}; cut out a smaller area")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much of it.
        found: u64,
        /// The most that is read.
        limit: u64,
    },
    /// There is no building in it, or none in the area asked for.
    #[error("there are no buildings {0}")]
    Empty(&'static str),
}

impl Fault {
    /// `Err` when there is more than `limit` of `what`.
    pub fn unless(what: &'static str, found: usize, limit: usize) -> Result<(), Self> {
        let (found, most) = (found as u64, limit as u64);
        if found > most { Err(Self::TooLarge { what, found, limit: most }) } else { Ok(()) }
    }
}

/// How far an import is: what it does, and how much of how much is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: &'static str,
    /// How much of it is done.
    pub done: u64,
    /// How much there is to do.
    pub total: u64,
}

/// Who is told of the progress.
pub type Tell<'a> = dyn FnMut(Progress) + 'a;
