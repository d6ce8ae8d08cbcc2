//! The importer worker: makes a city archive, or readings, of a file that the user dropped on the page. It lives for one file.

use super::Absent;
use super::host::report_panics;
use crate::readings::{Mapping, Outcome, Reading};
use gloo::net::http::Request;
use gloo::worker::{HandlerId, Registrable, Worker, WorkerScope};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;
use wasm_bindgen_futures::spawn_local;

/// Readings that are sent together: the page takes in so many between two frames.
const PART: usize = 1 << 13;

/// A file to be imported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dropped {
    /// Its name, whose ending tells its form.
    pub name: String,
    /// Where its bytes are read.
    pub url: String,
    /// What the columns of a table of readings are, where the user has said so.
    pub columns: Option<Mapping>,
}

/// What a file was made into.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Made {
    /// A city.
    City {
        /// `PMTiles` version 3.
        archive: Vec<u8>,
        /// What became of the file, in a sentence.
        summary: String,
    },
    /// Readings, or the question which column is what.
    Readings(Outcome),
}

/// What the worker says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum News {
    /// It goes on.
    Progress {
        /// What is going on.
        stage: String,
        /// How much of it is done, 0–1.
        fraction: f32,
    },
    /// Some of the readings that came of it, which are not in [`News::Done`]: a million at once would stop the page.
    Part {
        /// How many there are in all.
        of: usize,
        /// The next of them.
        readings: Vec<Reading>,
    },
    /// What came of it.
    Done(Made),
    /// Nothing, and why.
    Failed(String),
}

/// What makes something of a file's bytes: the importers, or nobody on the page, which compiles none.
pub trait Forge: 'static {
    /// What the bytes of `file` are made into, or why nothing is.
    fn forge(file: &Dropped, bytes: Vec<u8>, tell: &mut dyn FnMut(&'static str, f32)) -> Result<Made, String>;
}

impl Forge for Absent {
    fn forge(_: &Dropped, _: Vec<u8>, _: &mut dyn FnMut(&'static str, f32)) -> Result<Made, String> {
        Err("this worker imports nothing".into())
    }
}

/// The loop of the worker.
pub struct Importer<F>(PhantomData<F>);

/// Runs the loop in the worker that this binary is.
pub fn serve_imports<F: Forge>() {
    Importer::<F>::registrar().register();
}

impl<F: Forge> Worker for Importer<F> {
    type Message = ();
    type Input = Dropped;
    type Output = News;

    fn create(_: &WorkerScope<Self>) -> Self {
        Self(PhantomData)
    }

    fn update(&mut self, _: &WorkerScope<Self>, (): ()) {}

    fn connected(&mut self, scope: &WorkerScope<Self>, page: HandlerId) {
        let scope = scope.clone();
        report_panics(move |why| {
            scope.respond(page, News::Failed(format!("The importer stopped unexpectedly: {why}")));
        });
    }

    fn received(&mut self, scope: &WorkerScope<Self>, file: Dropped, page: HandlerId) {
        let scope = scope.clone();
        spawn_local(async move {
            let news = match read(&file.url).await {
                Ok(bytes) => {
                    let mut last = ("", -1.0f32);
                    let mut tell = |stage: &'static str, fraction: f32| {
                        // A hundredth of a stage is as fine as the bar shows.
                        if stage != last.0 || fraction - last.1 >= 0.01 {
                            last = (stage, fraction);
                            scope.respond(page, News::Progress { stage: stage.into(), fraction });
                        }
                    };
                    let mut made = F::forge(&file, bytes, &mut tell);
                    if let Ok(Made::Readings(Outcome::Read(readings, _))) = &mut made {
                        let all = std::mem::take(&mut readings.all);
                        for part in all.chunks(PART) {
                            scope.respond(page, News::Part { of: all.len(), readings: part.to_vec() });
                        }
                    }
                    made.map_or_else(News::Failed, News::Done)
                }
                Err(why) => News::Failed(format!("{} can't be read: {why}", file.name)),
            };
            scope.respond(page, news);
        });
    }
}

async fn read(url: &str) -> Result<Vec<u8>, String> {
    let response = Request::get(url).send().await.map_err(|e| e.to_string())?;
    response.binary().await.map_err(|e| e.to_string())
}

#[cfg(feature = "import")]
mod forge {
    use super::{Dropped, Forge, Made};
    use crate::city::build::{Identity, Progress, finish, geojson, osm, to_pmtiles};
    use crate::readings;
    use std::io::Cursor;

    /// Whom the map credits for a file of `OpenStreetMap`.
    const OPENSTREETMAP: &str = "© OpenStreetMap contributors";
    /// The ending of an extract of it.
    const EXTRACT: &str = ".pbf";

    /// The importers.
    pub struct Importers;

    impl Forge for Importers {
        fn forge(file: &Dropped, bytes: Vec<u8>, tell: &mut dyn FnMut(&'static str, f32)) -> Result<Made, String> {
            let name = file.name.to_ascii_lowercase();
            let is_extract = name.ends_with(EXTRACT);
            let is_table = readings::TABLES.iter().any(|ending| name.ends_with(ending));
            if is_table || (!is_extract && !has_outlines(&bytes)) {
                let mut tell = |done| tell("reading the lines", done);
                let outcome = readings::read(&file.name, &bytes, file.columns.as_ref(), &mut tell);
                return outcome.map(Made::Readings).map_err(|e| e.to_string());
            }
            city(&file.name, is_extract, bytes, tell)
        }
    }

    /// Whether `GeoJSON` has areas, as buildings do, and not points alone, as readings do.
    fn has_outlines(geojson: &[u8]) -> bool {
        // The kind of an area and that of several end alike.
        geojson.windows(8).any(|word| word == b"Polygon\"")
    }

    fn city(
        name: &str,
        is_extract: bool,
        bytes: Vec<u8>,
        tell: &mut dyn FnMut(&'static str, f32),
    ) -> Result<Made, String> {
        let total = bytes.len() as u64;
        let mut show = |p: Progress| tell(p.stage, p.done as f32 / p.total.max(1) as f32);
        let (draft, attribution) = if is_extract {
            (osm::read(Cursor::new(bytes), name, None, &mut show), OPENSTREETMAP.to_owned())
        } else {
            (geojson::read(Cursor::new(bytes), name, total, None, &mut show), format!("Buildings: {name}"))
        };
        let draft = draft.map_err(|e| e.to_string())?;
        tell("repairing and completing", 0.0);
        let identity = Identity { name: name.into(), attribution, origin: None };
        let cannot = |why: &dyn std::fmt::Display| format!("{name} can't be imported: {why}");
        let imported = finish(draft, identity, None).map_err(|e| cannot(&e))?;
        tell("writing the tiles", 0.0);
        let archive = to_pmtiles(&imported.city, &imported.map).map_err(|e| cannot(&e))?;
        Ok(Made::City { archive, summary: imported.report.summary() })
    }
}

#[cfg(feature = "import")]
pub use forge::Importers;
