//! The importer worker: makes a city archive of a file that the user dropped on the page. It lives for one file.

use super::Absent;
use super::host::report_panics;
use gloo::net::http::Request;
use gloo::worker::{HandlerId, Registrable, Worker, WorkerScope};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;
use wasm_bindgen_futures::spawn_local;

/// A file to be imported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dropped {
    /// Its name, whose ending tells its form.
    pub name: String,
    /// Where its bytes are read.
    pub url: String,
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
    /// The archive, and in a sentence what became of the file.
    Done {
        /// `PMTiles` version 3.
        archive: Vec<u8>,
        /// For the user.
        summary: String,
    },
    /// No archive, and why.
    Failed(String),
}

/// What makes an archive of a file's bytes: the importers, or nobody on the page, which compiles none.
pub trait Forge: 'static {
    /// The archive and the summary, or why there is none.
    fn forge(name: &str, bytes: Vec<u8>, tell: &mut dyn FnMut(&'static str, f32)) -> Result<(Vec<u8>, String), String>;
}

impl Forge for Absent {
    fn forge(_: &str, _: Vec<u8>, _: &mut dyn FnMut(&'static str, f32)) -> Result<(Vec<u8>, String), String> {
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
                    F::forge(&file.name, bytes, &mut tell)
                        .map_or_else(News::Failed, |(archive, summary)| News::Done { archive, summary })
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
    use super::Forge;
    use crate::city::build::{Identity, Progress, finish, geojson, osm, to_pmtiles};
    use std::io::Cursor;

    /// Whom the map credits for a file of `OpenStreetMap`.
    const OPENSTREETMAP: &str = "© OpenStreetMap contributors";

    /// The importers.
    pub struct Importers;

    impl Forge for Importers {
        fn forge(
            name: &str,
            bytes: Vec<u8>,
            tell: &mut dyn FnMut(&'static str, f32),
        ) -> Result<(Vec<u8>, String), String> {
            let total = bytes.len() as u64;
            let mut show = |p: Progress| tell(p.stage, p.done as f32 / p.total.max(1) as f32);
            let (draft, attribution) = if name.to_ascii_lowercase().ends_with(".pbf") {
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
            Ok((archive, imported.report.summary()))
        }
    }
}

#[cfg(feature = "import")]
pub use forge::Importers;
