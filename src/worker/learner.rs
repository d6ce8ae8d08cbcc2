//! The learner worker: the city and the network.

use super::host::{Desk, Shelf, seconds};
use super::protocol::{Backend, CityFacts, Fault, Open, Rows, Trouble};
use crate::city::Opened;
use crate::coverage::CoverageMap;
use crate::engine::{EngineError, Job};
use crate::learn::Learned;
use crate::scenario::{EngineKind, Scenario};
use crate::trace::calibrate::{CalibrationError, Heard};
use crate::verdict::{self, Attempt, Trial};
use gloo::net::http::Request;
use std::cell::RefCell;

/// What the learner works with.
pub struct LearnerDesk {
    opened: Opened,
    network: Shelf<Learned>,
    /// What predictions are corrected by.
    heard: RefCell<Vec<Heard>>,
}

impl Desk for LearnerDesk {
    async fn open(open: Open) -> Result<Self, Trouble> {
        let opened = super::read_city(&open).await?;
        let network = Learned::from_onnx(&fetch_model(&open.model_url).await?)?;
        Ok(Self { opened, network: Shelf::holding(network), heard: RefCell::default() })
    }

    fn facts(&self) -> (CityFacts, Option<Backend>) {
        (CityFacts::of(&self.opened), None)
    }

    async fn predict(
        &self,
        _: EngineKind,
        scenario: &Scenario,
        _: Option<Rows>,
        job: &mut Job,
    ) -> Result<Vec<CoverageMap>, EngineError> {
        let mut network = self.network.take(job).await?;
        let heard = self.heard.borrow().clone();
        let city = self.opened.city.with_assumed_heights(scenario.assumed_heights);
        let result = network.predict_adapted(&city, scenario, &heard, job).await;
        self.network.put_back(network);
        Ok(result?.into())
    }

    async fn attempt(&self, scenario: &Scenario, trial: &Trial, job: &mut Job) -> Result<Attempt, CalibrationError> {
        let mut network = self.network.take(job).await?;
        let city = self.opened.city.with_assumed_heights(scenario.assumed_heights);
        let runs = verdict::learned::runs(&mut network, &city, scenario, trial, seconds, job).await;
        self.network.put_back(network);
        Ok(runs?)
    }

    fn adapt(&self, heard: Vec<Heard>) {
        self.heard.replace(heard);
    }
}

async fn fetch_model(url: &str) -> Result<Vec<u8>, Trouble> {
    let trouble =
        |why: String| Trouble { fault: Fault::Model, message: format!("the model {url} can't be read: {why}") };
    let response = Request::get(url).send().await.map_err(|e| trouble(e.to_string()))?;
    if !response.ok() {
        return Err(trouble(format!("the server answered with HTTP status {}", response.status())));
    }
    response.binary().await.map_err(|e| trouble(e.to_string()))
}
