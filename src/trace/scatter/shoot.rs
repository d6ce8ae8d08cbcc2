//! Rays from the transmitter, what walls scatter of them, and where that goes.

use super::draw::{Chance, scattered};
use super::lattice::Lattice;
use crate::antenna::Pointing;
use crate::material::{Coefficients, Finish};
use crate::trace::bvh::NO_PLANE;
use crate::trace::facet::Facet;
use crate::trace::field::{self, Field, Layer};
use crate::trace::path::MAX_ORDER;
use crate::trace::task::{Task, left_by_leaves};
use glam::Vec3;
use std::f32::consts::{PI, TAU};

/// 2³² divided by the golden ratio: successive multiples spread evenly over the circle.
const GOLDEN: u32 = 2_654_435_769;
/// Rays that the first wall scatters of each that meets it; the others scatter one.
const THROWN_FIRST: u32 = 4;

/// What a ray brings to a block: its number, and for each beam the power times the way through it, metres.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Brought {
    /// The blocks.
    pub blocks: Vec<u32>,
    /// All beams of the first, then of the next.
    pub powers: Vec<f32>,
}

/// A ray on its way.
#[derive(Clone, Copy)]
struct Ray {
    at: Vec3,
    along: Vec3,
    /// The plane that it leaves.
    on: u32,
    /// Metres of leaves that it came through.
    leaves: f32,
}

/// The rays of a task.
pub struct Rays<'a> {
    /// The task.
    pub task: &'a Task<'a>,
    /// The surfaces as each beam finds them.
    pub layers: &'a [Vec<Layer>],
    /// What counts them.
    pub lattice: Lattice,
    /// How many leave the transmitter.
    pub count: u32,
    /// How rough each surface is.
    finishes: Vec<Finish>,
    /// Λ/4π of each beam, times the amplitude of one ray's share of the sphere.
    scales: Vec<f32>,
}

impl<'a> Rays<'a> {
    /// `count` rays of a task.
    pub fn new(task: &'a Task<'a>, layers: &'a [Vec<Layer>], count: u32) -> Self {
        let finishes = (0..task.scene.surfaces.len() as u32).map(|s| task.finish(s)).collect();
        let share = (4.0 * PI / count.max(1) as f32).sqrt();
        let scales = task.beams.iter().map(|b| share * b.frequency.wavelength() as f32 / (4.0 * PI)).collect();
        Self { task, layers, lattice: Lattice::of(task), count, finishes, scales }
    }

    /// Unit direction of ray `i`: a golden lattice on the sphere.
    fn direction(&self, i: u32) -> Vec3 {
        let (sin, cos) = (TAU * (i.wrapping_mul(GOLDEN) >> 8) as f32 / (1u32 << 24) as f32).sin_cos();
        let z = 1.0 - 2.0 * (i as f32 + 0.5) / self.count as f32;
        let radius = (1.0 - z * z).max(0.0).sqrt();
        Vec3::new(radius * cos, radius * sin, z)
    }

    /// Follows ray `i` and all that is scattered of it.
    pub fn follow(&self, i: u32, brought: &mut Brought) {
        let depth = self.task.depth.min(MAX_ORDER);
        let along = self.direction(i);
        let mut chance = Chance::of(i);
        let start = |(beam, scale): (&field::Beam, &f32)| {
            let antenna = 10f32.powf(0.05 * beam.pointing.gain_dbi(along));
            (field::polarisation(&beam.pointing, along) * antenna * *scale, Vec3::ZERO)
        };
        let mut fields: Vec<Field> = self.task.beams.iter().zip(&self.scales).map(start).collect();
        let mut ray = Ray { at: self.task.transmitter, along, on: NO_PLANE, leaves: 0.0 };
        for interactions in 1..=depth {
            let Some((facet, met)) = self.meet(ray) else { return };
            let finish = self.finishes[facet.surface as usize];
            if finish.scattering > 0.0 {
                // The first wall has most to throw.
                let several = if interactions == 1 { THROWN_FIRST } else { 1 };
                let amplitude = finish.scattering / (several as f32).sqrt();
                for _ in 0..several {
                    let mut thrown = fields.clone();
                    if let Some(out) = self.scatter(facet, met, amplitude, &mut thrown, &mut chance) {
                        self.wander(out, thrown, depth - interactions, &mut chance, brought);
                    }
                }
            }
            if interactions == depth {
                return;
            }
            ray = self.mirror(facet, met, 1.0, &mut fields);
        }
    }

    /// Follows what was scattered: through the blocks to the next wall, and on from there, mirrored or scattered as chance
    /// has it, as the wall shares out the power.
    fn wander(
        &self,
        mut ray: Ray,
        mut fields: Vec<Field>,
        interactions: usize,
        chance: &mut Chance,
        brought: &mut Brought,
    ) {
        for left in (0..=interactions).rev() {
            let hit = self.meet(ray);
            let limit = hit.map_or(f32::MAX, |(_, met)| met.at.distance(ray.at));
            let taken = self.task.beams.iter().zip(&fields).map(|(beam, field)| beam.received(*field, ray.along));
            let taken: Vec<f32> = taken.collect();
            let (mut leaves, mut at) = (ray.leaves, ray.at);
            self.lattice.walk(self.task, ray.at, ray.along, limit, |block, part| {
                let middle = ray.at + ray.along * f32::midpoint(part.start, part.end);
                leaves += self.task.in_leaves([std::mem::replace(&mut at, middle), middle].into_iter());
                let left = |beam: &field::Beam| left_by_leaves(leaves, beam.frequency);
                let powers = taken.iter().zip(self.task.beams);
                let site = self.task.transmitter - middle;
                let heard = |beam: &field::Beam| beam.receiver.pattern.gain(-ray.along, site) * left(beam);
                brought.blocks.push(block as u32);
                brought.powers.extend(powers.map(|(power, beam)| power * (part.end - part.start) * heard(beam)));
            });
            let Some((facet, met)) = hit.filter(|_| left > 0) else { return };
            let finish = self.finishes[facet.surface as usize];
            let scattering = finish.scattering * finish.scattering;
            ray = if chance.draw() < scattering {
                let Some(out) = self.scatter(facet, met, 1.0, &mut fields, chance) else { return };
                out
            } else {
                self.mirror(facet, met, (1.0 - scattering).sqrt(), &mut fields)
            };
        }
    }

    /// The facet that a ray meets, and the ray there.
    fn meet(&self, ray: Ray) -> Option<(&Facet, Ray)> {
        let hit = self.task.scene.first_hit(ray.at, ray.along, f32::INFINITY, ray.on)?;
        let facet = &self.task.scene.facets[hit.facet as usize];
        let at = ray.at + ray.along * hit.t;
        let leaves = ray.leaves + self.task.in_leaves([ray.at, at].into_iter());
        Some((facet, Ray { at, along: ray.along, on: facet.plane, leaves }))
    }

    fn normal(&self, facet: &Facet) -> Vec3 {
        self.task.scene.mirrors[facet.plane as usize].normal.into()
    }

    /// The ray mirrored; `chance` is the root of how likely that was.
    fn mirror(&self, facet: &Facet, met: Ray, chance: f32, fields: &mut [Field]) -> Ray {
        let normal = self.normal(facet);
        for (field, layers) in fields.iter_mut().zip(self.layers) {
            let (re, im) = field::reflect(*field, met.along, normal, &layers[facet.surface as usize]);
            *field = (re / chance, im / chance);
        }
        Ray { along: (met.along - 2.0 * met.along.dot(normal) * normal).normalize_or_zero(), ..met }
    }

    /// A ray scattered with the amplitude `coefficient` beside all that a smooth surface would mirror.
    fn scatter(
        &self,
        facet: &Facet,
        met: Ray,
        coefficient: f32,
        fields: &mut [Field],
        chance: &mut Chance,
    ) -> Option<Ray> {
        let finish = self.finishes[facet.surface as usize];
        let plane = self.normal(facet);
        let normal = if met.along.dot(plane) > 0.0 { -plane } else { plane };
        let cos = -met.along.dot(normal);
        let (out, weight) = scattered(finish.lobe, met.along, normal, chance)?;
        let [[theta, phi], [theta_out, phi_out]] = [met.along, out].map(|k| field::across(&Pointing::ISOTROPIC, k));
        let (same, cross) = ((1.0 - finish.cross_polarisation).max(0.0).sqrt(), finish.cross_polarisation.sqrt());
        for (field, layers) in fields.iter_mut().zip(self.layers) {
            let smooth = layers[facet.surface as usize].smooth_reflection(cos.min(1.0));
            let amplitude = coefficient * (weight * reflected_share(*field, met.along, normal, smooth)).sqrt();
            let turned = |v: Vec3| {
                let (a, b) = (v.dot(theta) * amplitude, v.dot(phi) * amplitude);
                (same * a - cross * b) * theta_out + (cross * a + same * b) * phi_out
            };
            *field = (turned(field.0), turned(field.1));
        }
        Some(Ray { along: out, ..met })
    }
}

/// The share of a wave's power that a surface with these coefficients mirrors.
fn reflected_share(field: Field, along: Vec3, normal: Vec3, by: Coefficients) -> f32 {
    let total = power(field);
    let across = along.cross(normal).normalize_or(normal.any_orthonormal_vector());
    let te = field.0.dot(across).powi(2) + field.1.dot(across).powi(2);
    let tm = (total - te).max(0.0);
    if total > 0.0 { (te * by.te.norm_squared() + tm * by.tm.norm_squared()) / total } else { 0.0 }
}

fn power(field: Field) -> f32 {
    field.0.length_squared() + field.1.length_squared()
}
