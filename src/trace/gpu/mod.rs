//! The tracer on the GPU: two compute shaders that do what [`super::cpu`] does, with the same numbers.
//!
//! | file | what lives there |
//! |---|---|
//! | `device` | the adapter, its loss, buffers in and numbers out |
//! | `layout` | what the shaders' uniforms look like |
//! | `pace` | how much to submit at once, so that the screen stays alive and a cancellation is heard |
//! | `probe` | the known answer that a device must give before it is trusted |
//! | `scene.wgsl` | the walk through the hierarchy |
//! | `ground.wgsl` | the ground under receivers and along profiles |
//! | `discover.wgsl` | rays that look for signatures |
//! | `gather.wgsl`, `field.wgsl`, `roofs.wgsl`, `leaves.wgsl` | receivers that collect paths, their field, rooftops, leaves |
//! | `evaluate`, `evaluate.wgsl` | stored paths: their power and its derivatives |

mod device;
mod evaluate;
mod layout;
mod pace;
mod probe;

pub use evaluate::{Evaluator, Loaded, Rows};

use super::bvh::NO_PLANE;
use super::cpu;
use super::discover::{Candidates, Search, Share};
use super::field::Layer;
use super::level::CROSSINGS;
use super::path::MAX_ORDER;
use super::scene::Scene;
use super::spread::Sum;
use super::task::Task;
use crate::city::Terrain;
use crate::engine::{EngineError, Job};
use device::{Device, Inputs};
use layout::{BEAMS, DiscoverParams, GatherParams};
use pace::Pace;
use std::ops::Range;
use std::sync::OnceLock;

const DISCOVER: &str = concat!(include_str!("scene.wgsl"), include_str!("ground.wgsl"), include_str!("discover.wgsl"));
const GATHER: &str = concat!(
    include_str!("scene.wgsl"),
    include_str!("ground.wgsl"),
    include_str!("field.wgsl"),
    include_str!("roofs.wgsl"),
    include_str!("leaves.wgsl"),
    include_str!("gather.wgsl")
);
/// What stands for the height of a receiver under a roof.
const INDOORS: f32 = -1e30;
/// Most rays or receivers in one submission; the outputs are made for this many.
const MOST_AT_ONCE: u32 = 1 << 16;

/// A GPU that has answered the probe rightly.
pub struct Gpu {
    allow_software: bool,
    device: Device,
    discover: wgpu::ComputePipeline,
    gather: wgpu::ComputePipeline,
    /// The same with how paths arrive, once that was asked for.
    arrival: OnceLock<wgpu::ComputePipeline>,
}

impl Gpu {
    /// Opens the best adapter. A software adapter is only taken if allowed.
    pub async fn open(allow_software: bool) -> Result<Self, EngineError> {
        let device = Device::open(allow_software).await?;
        let discover = device.pipeline("discover", DISCOVER, &[]).await?;
        let gather = device.pipeline("gather", GATHER, &[]).await?;
        let gpu = Self { allow_software, device, discover, gather, arrival: OnceLock::new() };
        probe::check_gains(&gpu).await?;
        Ok(gpu)
    }

    /// What collects paths: what they bring alone, or also how they arrive. That is compiled when it is asked for first, and
    /// then has to answer the probe too.
    async fn collector(&self, arrival: bool) -> Result<&wgpu::ComputePipeline, EngineError> {
        if !arrival {
            return Ok(&self.gather);
        }
        if let Some(known) = self.arrival.get() {
            return Ok(known);
        }
        let pipeline = self.device.pipeline("gather", GATHER, &[("ARRIVAL", 1.0)]).await?;
        probe::check_arrival(self, &pipeline).await?;
        Ok(self.arrival.get_or_init(|| pipeline))
    }

    /// The adapter's name for humans.
    pub fn name(&self) -> &str {
        &self.device.name
    }

    /// Whether the device was lost since it was opened.
    pub fn is_lost(&self) -> bool {
        self.device.is_lost()
    }

    /// Opens the device again.
    pub async fn reopen(&mut self) -> Result<(), EngineError> {
        *self = Self::open(self.allow_software).await?;
        Ok(())
    }

    /// Loses the device when it is called, as a driver would.
    #[cfg(test)]
    pub fn doom(&self) -> impl Fn() + 'static {
        self.device.doom()
    }

    /// As [`cpu::discover`].
    pub async fn discover(&self, task: &Task<'_>, job: &mut Job) -> Result<Candidates, EngineError> {
        let mut search = Search::default();
        self.cast(task, &mut search, job).await?;
        let told = cpu::scout(task, Share::ALL, search, job).await?;
        cpu::conclude(task, &told, job).await
    }

    /// Casts the rays that `search` has not cast yet. Where the device is lost, what it has answered by then is in `search`.
    pub async fn cast(&self, task: &Task<'_>, search: &mut Search, job: &mut Job) -> Result<(), EngineError> {
        if task.transmission {
            return Err(EngineError::Failed("paths through walls are traced on the CPU only so far".into()));
        }
        if task.diffraction.over_edges() {
            return Err(EngineError::Failed("paths over edges are traced on the CPU only so far".into()));
        }
        let (net, aim) = (task.net(), task.aim());
        if search.cast >= aim.rays {
            return Ok(());
        }
        let depth = task.depth.min(MAX_ORDER);
        let words = (1 + CROSSINGS) * depth;
        let mut params = DiscoverParams::new(task, &net, &aim, depth as u32);
        let ground = net.level.ground.map_or(&[][..], Terrain::heights);
        let inputs = self.device.upload(&[&scene_inputs(task.scene)[..], &[bytemuck::cast_slice(ground)]].concat())?;
        let most = MOST_AT_ONCE as usize * words;
        let pass = self.device.pass(&self.discover, size_of::<DiscoverParams>(), &inputs, most)?;
        let mut pace = Pace::new(4096, MOST_AT_ONCE);
        while search.cast < aim.rays {
            job.checkpoint(search.cast as f32 / aim.rays as f32, "casting rays").await?;
            params.first = search.cast;
            params.count = pace.size().min(aim.rays - search.cast);
            let count = params.count;
            let answer: Vec<u32> =
                pace.time(pass.run(bytemuck::bytes_of(&params), count, count as usize * words)).await?;
            for ray in answer.chunks_exact(words) {
                let (mirrors, tiles) = ray.split_at(depth);
                let mut signature = [NO_PLANE; MAX_ORDER];
                for (k, (mirror, tiles)) in mirrors.iter().zip(tiles.chunks_exact(CROSSINGS)).enumerate() {
                    signature[k] = *mirror;
                    let tiles = tiles.iter().filter(|tile| **tile != NO_PLANE);
                    search.told.extend(tiles.map(|tile| (*tile, signature)));
                }
            }
            search.cast += count;
        }
        Ok(())
    }

    /// Whether it can collect the paths of a task that lead through leaves, if there are any: these lie over the same cells
    /// as the roofs, and both rasters, the ground and the receivers fit one buffer.
    pub fn holds_leaves(&self, task: &Task<'_>) -> bool {
        let Some(woods) = task.woods else { return true };
        let rasters = task.roofs.filter(|roofs| woods.crowns().lies_over(roofs)).map(|roofs| 2 * roofs.tops().len());
        let ground = task.level().ground.map_or(0, |g| g.heights().len());
        let receivers = task.grid.len() * task.samples() as usize;
        rasters.is_some_and(|rasters| 4 * (rasters + ground + receivers) as u64 <= self.device.largest_binding())
    }

    /// As [`cpu::gather`].
    pub async fn gather(
        &self,
        task: &Task<'_>,
        candidates: &Candidates,
        rows: Range<u32>,
        job: &mut Job,
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        let mut gains = vec![Vec::new(); task.beams.len()];
        self.collect(task, candidates, &rows, &mut gains, job).await?;
        // What surfaces scatter is traced on the CPU.
        cpu::add_scattered(task, &rows, &mut gains, job).await?;
        Ok(gains)
    }

    /// As [`cpu::collect`], but that part of a row is taken as it is. Where the device is lost, what it has answered by then
    /// is in `gains`.
    pub async fn collect<S: Sum>(
        &self,
        task: &Task<'_>,
        candidates: &Candidates,
        rows: &Range<u32>,
        gains: &mut [Vec<S>],
        job: &mut Job,
    ) -> Result<(), EngineError> {
        let collector = self.collector(S::ARRIVAL).await?;
        self.collect_with(collector, task, candidates, rows, gains, job).await
    }

    /// [`Gpu::collect`] by the pipeline for this sum.
    async fn collect_with<S: Sum>(
        &self,
        collector: &wgpu::ComputePipeline,
        task: &Task<'_>,
        candidates: &Candidates,
        rows: &Range<u32>,
        gains: &mut [Vec<S>],
        job: &mut Job,
    ) -> Result<(), EngineError> {
        let groups = task.beams.chunks(BEAMS).count() as f32;
        for (i, (beams, gains)) in task.beams.chunks(BEAMS).zip(gains.chunks_mut(BEAMS)).enumerate() {
            let task = Task { beams, ..*task };
            let done = |share: f32| (i as f32 + share) / groups;
            let mut checkpoint = async |share| job.checkpoint(done(share), "collecting paths").await;
            self.collect_beams(collector, &task, candidates, rows, gains, &mut checkpoint).await?;
        }
        Ok(())
    }

    /// [`Gpu::collect`] for no more than [`BEAMS`] beams; `checkpoint` hears which share of them is done.
    async fn collect_beams<S: Sum>(
        &self,
        collector: &wgpu::ComputePipeline,
        task: &Task<'_>,
        candidates: &Candidates,
        rows: &Range<u32>,
        gains: &mut [Vec<S>],
        checkpoint: &mut impl AsyncFnMut(f32) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let (first, last) = (rows.start * task.grid.nx, rows.end * task.grid.nx);
        let mut start = first + gains.first().map_or(0, Vec::len) as u32;
        if start >= last {
            return Ok(());
        }
        let depth = task.depth.min(MAX_ORDER);
        let signatures: Vec<u32> = candidates.signatures.iter().flat_map(|s| s[..depth].iter().copied()).collect();
        let lists: Vec<u32> = candidates.starts.iter().chain(&candidates.entries).copied().collect();
        let layers: Vec<Layer> = task.beams.iter().flat_map(|b| task.layers(b.frequency)).collect();
        let roofs = task.roofs.map_or(&[][..], |r| r.tops());
        let ground = task.level().ground.map_or(&[][..], Terrain::heights);
        let crowns = task.woods.map_or(&[][..], |w| w.crowns().tops());
        let heights = [roofs, ground, crowns, &stands(task, rows.clone())].concat();
        let inputs = [
            bytemuck::cast_slice(&signatures),
            bytemuck::cast_slice(&lists),
            bytemuck::cast_slice(&heights),
            bytemuck::cast_slice(&layers),
        ];
        let beams = task.beams.len();
        let all = self.device.upload(&[&scene_inputs(task.scene)[..], &inputs[..]].concat())?;
        let words = beams * size_of::<S>() / size_of::<f32>();
        let pass = self.device.pass(collector, size_of::<GatherParams>(), &all, MOST_AT_ONCE as usize * words)?;
        let mut params = GatherParams::new(task, candidates.starts.len() as u32);
        let samples = params.samples;
        params.base = rows.start * task.grid.nx * samples;
        params.crowns = if crowns.is_empty() { 0 } else { (roofs.len() + ground.len()) as u32 };
        params.stands = (roofs.len() + ground.len() + crowns.len()) as u32;
        for gains in gains.iter_mut() {
            gains.reserve((last - start) as usize);
        }
        let mut pace = Pace::new(1024, MOST_AT_ONCE);
        while start < last {
            checkpoint((start - first) as f32 / (last - first) as f32).await?;
            let cells = (pace.size() / samples).clamp(1, last - start);
            params.first = start * samples;
            params.count = cells * samples;
            let count = params.count;
            let answer: Vec<S> =
                pace.time(pass.run(bytemuck::bytes_of(&params), count, count as usize * words)).await?;
            for (cell, found) in (start..).zip(answer.chunks_exact(samples as usize * beams)) {
                let indoors = task.indoors(cell % task.grid.nx, cell / task.grid.nx);
                for (b, all) in gains.iter_mut().enumerate() {
                    let receivers = || found.iter().skip(b).step_by(beams).copied();
                    all.push(if indoors { S::INDOORS } else { S::mean(receivers()) });
                }
            }
            start += cells;
        }
        Ok(())
    }
}

/// Height of every receiver of `rows`, cell by cell, metres above the local datum; [`INDOORS`] under a roof.
fn stands(task: &Task<'_>, rows: Range<u32>) -> Vec<f32> {
    let cells = rows.flat_map(|iy| (0..task.grid.nx).map(move |ix| (ix, iy)));
    let of_cell = |(ix, iy)| {
        let indoors = task.indoors(ix, iy);
        (0..task.samples()).map(move |i| if indoors { INDOORS } else { task.receiver(ix, iy, i).z })
    };
    cells.flat_map(of_cell).collect()
}

/// The scene's buffers, in the order of their bindings.
fn scene_inputs(scene: &Scene) -> Inputs<'_> {
    [bytemuck::cast_slice(&scene.nodes), bytemuck::cast_slice(&scene.facets), bytemuck::cast_slice(&scene.mirrors)]
}
