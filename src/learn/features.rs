//! What the network sees: the one definition of its input, for training and for inference.
//!
//! A window is a rectangle of cells of [`CELL`] metres. Each cell gives [`CHANNELS`] numbers of order one and the baseline that the network corrects. Nothing depends on where the window lies: all geometry is relative to the
//! antenna, so windows can be tiled over a map of any size.
//!
//! | # | channel | value | unknown |
//! |---|---|---|---|
//! | 0 | known | 1 where the land is known | 0 |
//! | 1 | roof | building height / 30 m, at most 4 | 0 |
//! | 2 | rise | (terrain at the cell − terrain at the antenna) / 20 m, within ±2 | 0 |
//! | 3 | vegetation | 1 where the cover is vegetation | 0 |
//! | 4 | street | 1 where the cover is a street or a square | 0 |
//! | 5 | profile | share of the way from the antenna to the cell over which the land is known | – |
//! | 6 | distance | lg(d / 200 m), d in three dimensions held to 10–2,000 m | – |
//! | 7, 8 | direction | unit vector from the cell to the antenna: east, north | – |
//! | 9 | azimuth | cosine of the angle off the boresight in azimuth | 1 when isotropic |
//! | 10 | gain | antenna gain relative to its peak / 20 dB | 0 when isotropic |
//! | 11 | depression | (angle below the boresight in the vertical plane) / 15°, within ±3 | 0 when isotropic |
//! | 12 | base | (antenna above the ground − 25 m) / 15 m, within −1.5 to 2.5 | – |
//! | 13 | path gain | (TR 38.901 urban macro path gain + 110 dB) / 20 dB, within ±3 | – |
//! | 14 | sight | 1 with line of sight over the known roofs | – |
//! | 15 | rooftops | rooftop diffraction loss / 30 dB, at most 3 | – |
//! | 16 | frequency | log₃(frequency / 2 GHz), within ±2 | – |
//!
//! Transmit power is not an input: the result shifts with it decibel by decibel.

use super::land::{CELL, Cover, Land};
use crate::antenna::{Aimed, Pattern, Pointing};
use crate::empirical::{Uma, over_rooftops};
use crate::units::Hertz;
use glam::{DVec2, Vec2, Vec3};

/// Numbers a cell.
pub const CHANNELS: usize = 17;

/// The names of the channels, in their order.
pub const CHANNEL_NAMES: [&str; CHANNELS] = [
    "known",
    "roof",
    "rise",
    "vegetation",
    "street",
    "profile",
    "distance",
    "direction_east",
    "direction_north",
    "azimuth",
    "gain",
    "depression",
    "base",
    "path_gain",
    "sight",
    "rooftops",
    "frequency",
];

/// An antenna over a land, and the height of the receivers.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// The land between and around.
    pub land: &'a Land,
    /// Where the antenna stands, local metres.
    pub at: DVec2,
    /// Antenna above the ground, metres.
    pub height: f32,
    /// How it is pointed.
    pub pointing: Pointing,
    /// Carrier frequency.
    pub frequency: Hertz,
    /// Receivers above the ground, metres.
    pub receiver: f32,
}

/// What one cell gives the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellFeatures {
    /// The channels, in the order of the table above.
    pub channels: [f32; CHANNELS],
    /// Antenna gain and path gain together, dB: what an isotropic receiver gets of 0 dBm by the baseline.
    pub baseline: f32,
}

impl Link<'_> {
    /// The features of the cell whose centre is `p`, local metres.
    pub fn features(&self, p: Vec2) -> CellFeatures {
        Common::of(self).features(p)
    }
}

/// What all cells of a link have in common, worked out once.
struct Common<'a> {
    land: &'a Land,
    at: Vec2,
    /// Ground under the antenna, and the antenna itself, above the local datum.
    datum: f32,
    base: Vec3,
    receiver: f32,
    pointing: Pointing,
    aimed: Aimed,
    baseline: Uma,
    wavelength: f32,
    /// The channels that no cell changes.
    height: f32,
    frequency: f32,
}

impl<'a> Common<'a> {
    fn of(link: &Link<'a>) -> Self {
        let at = link.at.as_vec2();
        let datum = link.land.ground_at(at);
        Self {
            land: link.land,
            at,
            datum,
            base: at.extend(datum + link.height),
            receiver: link.receiver,
            pointing: link.pointing,
            aimed: link.pointing.aimed(),
            baseline: Uma::new(link.height.into(), link.receiver.into(), link.frequency),
            wavelength: link.frequency.wavelength() as f32,
            height: ((link.height - 25.0) / 15.0).clamp(-1.5, 2.5),
            frequency: (link.frequency.ghz() / 2.0).log(3.0).clamp(-2.0, 2.0) as f32,
        }
    }

    fn features(&self, p: Vec2) -> CellFeatures {
        let here = self.land.at(p);
        let user = p.extend(self.land.ground_at(p) + self.receiver);
        let ray = user - self.base;
        let distance = self.at.distance(p);
        let over = over_rooftops(self.land.obstacles(), self.base, user, self.wavelength);
        let sight = over.edge.is_none();
        let path_gain = -self.baseline.loss(distance.into(), sight) as f32;
        let to_antenna = (self.at - p).try_normalize().unwrap_or(Vec2::ZERO);
        let gain = self.aimed.gain_dbi(ray);
        let (azimuth, depression) = self.off_boresight(ray);
        let flag = |b: bool| if b { 1.0 } else { 0.0 };
        let channels = [
            flag(here.known),
            (here.roof / 30.0).min(4.0),
            ((here.ground - self.datum) / 20.0).clamp(-2.0, 2.0) * flag(here.known),
            flag(here.cover == Cover::Vegetation),
            flag(here.cover == Cover::Street),
            self.land.known_share(self.at, p),
            (ray.length().clamp(10.0, 2000.0) / 200.0).log10(),
            to_antenna.x,
            to_antenna.y,
            azimuth,
            (gain - self.pointing.peak_dbi()) / 20.0,
            (depression / 15.0).clamp(-3.0, 3.0),
            self.height,
            ((path_gain + 110.0) / 20.0).clamp(-3.0, 3.0),
            flag(sight),
            (over.bullington(distance) / 30.0).min(3.0),
            self.frequency,
        ];
        CellFeatures { channels, baseline: gain + path_gain }
    }

    /// Cosine of the azimuth off the boresight, and degrees below the boresight. An isotropic antenna looks to the network
    /// like a sector's boresight in every direction, and straight above a cell there is no azimuth to be off.
    fn off_boresight(&self, ray: Vec3) -> (f32, f32) {
        match self.pointing.pattern {
            Pattern::Isotropic => (1.0, 0.0),
            Pattern::Tr38901 => {
                let along = ray.truncate();
                let cosine = along.try_normalize().map_or(1.0, |along| self.aimed.ahead(along));
                let depression = (-ray.z).atan2(along.length()).to_degrees();
                (cosine, depression - self.pointing.downtilt_deg)
            }
        }
    }
}

/// A rectangle of cells. Row 0 is the south.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// South-west corner, local metres.
    pub origin: DVec2,
    /// Cells from west to east.
    pub nx: usize,
    /// Cells from south to north.
    pub ny: usize,
}

impl Window {
    /// A square of `n`² cells.
    pub const fn square(origin: DVec2, n: usize) -> Self {
        Self { origin, nx: n, ny: n }
    }

    /// The square of `n`² cells whose cell (n/2, n/2) has its centre at `p`.
    pub fn around(p: DVec2, n: usize) -> Self {
        Self::square(p - (n as f64 / 2.0).floor() * f64::from(CELL) - f64::from(CELL) / 2.0, n)
    }

    /// Number of cells.
    pub const fn len(&self) -> usize {
        self.nx * self.ny
    }

    /// Whether there is no cell.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Centre of the cell in column `ix` and row `iy`.
    pub fn centre(&self, ix: usize, iy: usize) -> DVec2 {
        self.origin + DVec2::new(ix as f64 + 0.5, iy as f64 + 0.5) * f64::from(CELL)
    }

    /// Position of the cell that holds `p` among the cells, row-major.
    pub fn locate(&self, p: DVec2) -> Option<usize> {
        let q = (p - self.origin) / f64::from(CELL);
        let inside = q.x >= 0.0 && q.y >= 0.0 && q.x < self.nx as f64 && q.y < self.ny as f64;
        inside.then_some(q.y as usize * self.nx + q.x as usize)
    }
}

/// The input of one run of the network, and the baseline that its output corrects.
#[derive(Clone, Debug)]
pub struct WindowFeatures {
    /// Where the cells lie.
    pub window: Window,
    /// Channel by channel, each row-major from the south-west cell.
    pub planes: Vec<f32>,
    /// Antenna gain plus path gain by the baseline, dB, row-major.
    pub baseline: Vec<f32>,
}

impl WindowFeatures {
    /// A window whose rows are yet to be filled.
    pub fn empty(window: Window) -> Self {
        Self { window, planes: vec![0.0; CHANNELS * window.len()], baseline: vec![0.0; window.len()] }
    }

    /// All rows at once.
    pub fn of(link: &Link, window: Window) -> Self {
        let mut features = Self::empty(window);
        for iy in 0..window.ny {
            features.fill_row(link, iy);
        }
        features
    }

    /// Computes row `iy`; a row beyond the window is ignored.
    pub fn fill_row(&mut self, link: &Link, iy: usize) {
        let window = self.window;
        if iy >= window.ny {
            return;
        }
        let common = Common::of(link);
        for ix in 0..window.nx {
            let cell = common.features(window.centre(ix, iy).as_vec2());
            let i = iy * window.nx + ix;
            self.baseline[i] = cell.baseline;
            for (channel, value) in cell.channels.into_iter().enumerate() {
                self.planes[channel * window.len() + i] = value;
            }
        }
    }
}
