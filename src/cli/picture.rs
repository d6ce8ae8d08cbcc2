//! `farfield picture`: a city seen from the south at a slant, lit from the west: what the page shows to choose from.

use super::inputs;
use crate::city::City;
use crate::trace::bvh::NO_PLANE;
use crate::trace::scene::Scene;
use crate::trace::wide::Hint;
use anyhow::{Context, Result};
use clap::Args;
use glam::{Vec2, Vec3};
use rayon::prelude::*;
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

/// Samples along each side of a pixel.
const SAMPLES: u32 = 3;
/// Where the camera looks, degrees clockwise from north, and how far down.
const BEARING: f32 = -18.0;
const ELEVATION: f32 = 40.0;
/// Towards the sun.
const SUN: Vec3 = Vec3::new(-0.62, -0.36, 0.7);
/// Metres of the city across the picture, at most.
const SPAN: f32 = 900.0;
/// A low roof and a high one, linear RGB, and the height that counts as high, metres.
const LOW: Vec3 = Vec3::new(0.12, 0.17, 0.28);
const HIGH: Vec3 = Vec3::new(1.0, 0.42, 0.2);
const HIGH_METRES: f32 = 70.0;
/// How much of a shadow on the ground is seen, 0–1: the ground itself is left out, whatever the page's colour.
const SHADE: f32 = 0.38;
/// Surfaces no higher than this are ground, metres.
const GROUND: f32 = 0.05;

/// Options of `farfield picture`.
#[derive(Debug, Args)]
pub struct Picture {
    /// A city that ships with the page, by name, or a `PMTiles` file.
    #[arg(value_name = "NAME|FILE.pmtiles")]
    city: String,
    /// Width, pixels.
    #[arg(long, default_value_t = 360, value_parser = clap::value_parser!(u32).range(16..=4096))]
    width: u32,
    /// Height, pixels.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(16..=4096))]
    height: u32,
    /// The picture to write.
    #[arg(short, long, value_name = "PICTURE.png")]
    output: PathBuf,
}

impl Picture {
    /// Draws and writes.
    pub fn run(&self) -> Result<()> {
        let city = inputs::city(&self.city)?;
        let rgba = draw(&city, self.width, self.height);
        let cannot = || format!("{} can't be written", self.output.display());
        let file = BufWriter::new(File::create(&self.output).with_context(cannot)?);
        let mut encoder = png::Encoder::new(file, self.width, self.height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        encoder.write_header().and_then(|mut writer| writer.write_image_data(&rgba)).with_context(cannot)
    }
}

/// RGBA rows from the top.
fn draw(city: &City, width: u32, height: u32) -> Vec<u8> {
    let camera = Camera::over(city, width, height);
    let scene = Scene::of(city);
    let pixel = |i: u32| {
        let corner = Vec2::new((i % width) as f32, (i / width) as f32);
        let step = 1.0 / SAMPLES as f32;
        let (mut colour, mut cover) = (Vec3::ZERO, 0.0);
        for s in 0..SAMPLES * SAMPLES {
            let at = corner + (Vec2::new((s % SAMPLES) as f32, (s / SAMPLES) as f32) + 0.5) * step;
            let (lit, alpha) = camera.see(&scene, at);
            colour += lit * alpha;
            cover += alpha;
        }
        let srgb = (colour / f32::max(cover, 1e-6)).clamp(Vec3::ZERO, Vec3::ONE).powf(1.0 / 2.2) * 255.0;
        let alpha = cover / (SAMPLES * SAMPLES) as f32 * 255.0;
        [srgb.x.round() as u8, srgb.y.round() as u8, srgb.z.round() as u8, alpha.round() as u8]
    };
    (0..width * height).into_par_iter().flat_map_iter(pixel).collect()
}

/// A parallel projection.
struct Camera {
    middle: Vec3,
    right: Vec3,
    up: Vec3,
    along: Vec3,
    /// Metres a pixel.
    scale: f32,
    half: Vec2,
}

impl Camera {
    fn over(city: &City, width: u32, height: u32) -> Self {
        let (sin, cos) = BEARING.to_radians().sin_cos();
        let (down, level) = ELEVATION.to_radians().sin_cos();
        let right = Vec3::new(cos, -sin, 0.0);
        let along = Vec3::new(sin * level, cos * level, -down);
        let centre = city.bounds.center();
        let span = SPAN.min(city.bounds.width() as f32);
        Self {
            middle: Vec3::new(centre.x as f32, centre.y as f32, 0.0),
            right,
            up: right.cross(along),
            along,
            scale: span / width as f32,
            half: Vec2::new(width as f32, height as f32) / 2.0,
        }
    }

    /// Linear RGB and opacity of what lies under a point of the picture.
    fn see(&self, scene: &Scene, at: Vec2) -> (Vec3, f32) {
        const FAR: f32 = 5000.0;
        let offset = (at - self.half) * self.scale;
        let eye = self.middle + self.right * offset.x - self.up * offset.y - self.along * FAR;
        let Some(hit) = scene.first_hit(eye, self.along, 2.0 * FAR, NO_PLANE) else { return (Vec3::ZERO, 0.0) };
        let point = eye + self.along * hit.t;
        let plane = scene.facets[hit.facet as usize].plane;
        let normal = Vec3::from(scene.mirrors[plane as usize].normal);
        let normal = if normal.dot(self.along) > 0.0 { -normal } else { normal };
        let sun = SUN.normalize();
        let facing = normal.dot(sun).max(0.0);
        let lit = facing > 0.0 && scene.blocked(point, point + sun * FAR, [plane; 2], &mut Hint::default()).is_none();
        if point.z < GROUND {
            return (Vec3::ZERO, if lit { 0.0 } else { SHADE });
        }
        let colour = LOW.lerp(HIGH, (point.z / HIGH_METRES).min(1.0).powi(2));
        // The sky lights roofs more than walls.
        let sky = 0.4 + 0.25 * normal.z;
        (colour * (sky + if lit { 1.5 * facing } else { 0.0 }), 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_city_has_lit_buildings_and_shadows_on_clear_ground() {
        let city = inputs::city("munich").expect("the shipped city");
        let rgba = draw(&city, 90, 50);
        let count = |wanted: fn(&[u8]) -> bool| rgba.chunks_exact(4).filter(|p| wanted(p)).count();
        assert!(count(|p| p[3] == 255) > 1000, "buildings");
        assert!(count(|p| p[3] == 0) > 200, "clear ground");
        assert!(count(|p| p[3] > 20 && p[3] < 200) > 100, "shadows");
        let brightness: Vec<u8> = rgba.chunks_exact(4).filter(|p| p[3] == 255).map(|p| p[0]).collect();
        let (dark, light) = (brightness.iter().min(), brightness.iter().max());
        assert!(light > dark.map(|d| d + 60).as_ref(), "sides differ: {dark:?} {light:?}");
    }
}
