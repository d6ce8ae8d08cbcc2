//! # Farfield
//!
//! Radio coverage of a real city, predicted side by side by a deep-learning model and a differentiable ray tracer, in a
//! browser tab. This file is the index of the rooms; each imports only from those above it.
//!
//! | room | what lives there |
//! |---|---|
//! | [`units`], [`geodesy`] | decibels, watts, hertz as what they are; WGS-84 ⇄ local east-north-up metres, map tiles |
//! | [`antenna`] | patterns, azimuth, downtilt |
//! | [`material`] | ITU-R P.2040 materials, Fresnel and slab coefficients |
//! | [`city`] | `PMTiles` archives, vector tiles, buildings with the source of their heights, woods → [`city::City`] |
//! | [`scenario`] | what the user asked, and its link |
//! | [`coverage`] | [`coverage::Grid`], [`coverage::CoverageMap`]: the one currency; comparison, colour, export |
//! | [`engine`] | the trait every predictor implements, and the job it reports to |
//! | [`empirical`] | free space, COST-231 Hata, TR 38.901; knife-edge diffraction; building entry; foliage |
//! | [`trace`] | the ray tracer: CPU twin and GPU |
//! | [`learn`] | features and the network |
//! | [`readings`] | tables of levels that a user brings |
//! | [`verdict`] | which engine is right on them: trials by folds of land, and what they say |
//! | `measured` | measured networks, and how well the engines predict them; natively |
//! | `worker` | messages and loops of the web workers |
//! | `app` | the page |
//! | `cli` | the native command line |

pub mod units;

pub mod geodesy;

pub mod antenna;

pub mod material;

pub mod city;

pub mod scenario;

pub mod coverage;

pub mod engine;

pub mod empirical;

pub mod trace;

pub mod learn;

pub mod readings;

pub mod verdict;

#[cfg(feature = "cli")]
pub mod measured;

#[cfg(feature = "web")]
pub mod worker;

#[cfg(feature = "page")]
pub mod app;

#[cfg(feature = "cli")]
pub mod cli;
