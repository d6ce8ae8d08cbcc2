//! What the tracer computes on: a GPU for as long as it lasts, else this machine's cores.
//!
//! A GPU can be lost at any moment: a driver starts anew, a laptop changes its card, a browser ends its GPU process. All
//! that it had answered by then is in memory here, so a job goes on where it was broken off: on the GPU, opened again once
//! in a job, and where that fails on its twin, the CPU, from then on.

use super::calibrate::On;
use super::cpu;
use super::discover::{Candidates, Search, Share};
#[cfg(feature = "gpu")]
use super::gpu::Gpu;
use super::spread::Sum;
use super::task::Task;
use super::tracer::Backend;
#[cfg(feature = "gpu")]
use crate::antenna::ReceiverPattern;
use crate::engine::{EngineError, Job};
use std::ops::Range;

/// How often a lost GPU is opened again in one job: one that is lost again and again would be lost in the next job too.
#[cfg(feature = "gpu")]
const REVIVALS: u32 = 1;

/// What of a task the shaders can't do, in words for the user: then the CPU does all of it.
#[cfg(feature = "gpu")]
fn beyond_shaders(task: &Task<'_>) -> Option<&'static str> {
    if task.diffraction.over_edges() {
        return Some("corners are not traced on the GPU yet");
    }
    if task.level().roofs.is_some() {
        return Some("receivers on roofs are not traced on the GPU yet");
    }
    if task.beams.iter().any(|beam| beam.receiver.pattern != ReceiverPattern::Isotropic) {
        return Some("receivers' antennas with a pattern are not traced on the GPU yet");
    }
    task.transmission.then_some("ways through walls are not traced on the GPU yet")
}

/// What made a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeOn {
    /// What collected the paths to its cells.
    pub backend: Backend,
    /// The same for the user, and why it was not the GPU where there is one.
    pub told: String,
}

impl Default for MadeOn {
    fn default() -> Self {
        Self { backend: Backend::Cpu, told: String::new() }
    }
}

/// What computes.
#[derive(Default)]
pub struct Machine {
    #[cfg(feature = "gpu")]
    gpu: Option<Gpu>,
    /// How often the GPU may still be opened again in this job.
    #[cfg(feature = "gpu")]
    revivals: u32,
    /// Why the GPU that it had was given up.
    lost: Option<String>,
}

#[cfg_attr(not(feature = "gpu"), expect(clippy::unused_self, clippy::unused_async, reason = "only a GPU has a state"))]
impl Machine {
    /// This GPU, for as long as it lasts.
    #[cfg(feature = "gpu")]
    pub fn on(gpu: Gpu) -> Self {
        Self { gpu: Some(gpu), revivals: REVIVALS, lost: None }
    }

    /// The GPU's name for humans, where it computes on one.
    pub fn adapter(&self) -> Option<&str> {
        #[cfg(feature = "gpu")]
        let name = self.gpu.as_ref().map(Gpu::name);
        #[cfg(not(feature = "gpu"))]
        let name = None;
        name
    }

    /// Why the GPU that it had was given up, in words that go on after "tracing on the CPU: ".
    pub fn lost(&self) -> Option<&str> {
        self.lost.as_deref()
    }

    /// Makes it ready for a job: a GPU that was lost since the last one is opened again.
    pub async fn ready(&mut self) {
        #[cfg(feature = "gpu")]
        {
            self.revivals = REVIVALS;
            if self.gpu.as_ref().is_some_and(Gpu::is_lost) {
                self.revive("it went away between two maps").await;
            }
        }
    }

    /// What works out levels of stored paths and their slopes.
    pub async fn evaluator(&self) -> On<'_> {
        #[cfg(feature = "gpu")]
        if let Some(gpu) = self.gpu.as_ref().filter(|gpu| !gpu.is_lost())
            && let Ok(evaluator) = gpu.evaluator().await
        {
            return On::gpu(evaluator);
        }
        On::cores()
    }

    /// As [`cpu::discover`].
    pub async fn discover(&mut self, task: &Task<'_>, job: &mut Job) -> Result<Candidates, EngineError> {
        #[cfg_attr(not(feature = "gpu"), expect(unused_mut, reason = "only a GPU begins one"))]
        let mut search = Search::default();
        #[cfg(feature = "gpu")]
        while let Some(gpu) = self.gpu_for(task) {
            match gpu.cast(task, &mut search, job).await {
                Ok(()) => break,
                Err(error) => self.outlive(error).await?,
            }
        }
        let told = cpu::scout(task, Share::ALL, search, job).await?;
        cpu::conclude(task, &told, job).await
    }

    /// As [`cpu::gather`].
    pub async fn gather(
        &mut self,
        task: &Task<'_>,
        candidates: &Candidates,
        rows: Range<u32>,
        job: &mut Job,
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        let mut gains = self.collect(task, candidates, rows.clone(), job).await?;
        cpu::add_scattered(task, &rows, &mut gains, job).await?;
        Ok(gains)
    }

    /// As [`cpu::collect`], of all `rows`.
    pub async fn collect<S: Sum>(
        &mut self,
        task: &Task<'_>,
        candidates: &Candidates,
        rows: Range<u32>,
        job: &mut Job,
    ) -> Result<Vec<Vec<S>>, EngineError> {
        let mut gains = vec![Vec::new(); task.beams.len()];
        #[cfg(feature = "gpu")]
        while let Some(gpu) = self.gpu_for(task).filter(|gpu| gpu.holds_leaves(task)) {
            match gpu.collect(task, candidates, &rows, &mut gains, job).await {
                Ok(()) => break,
                Err(error) => self.outlive(error).await?,
            }
        }
        cpu::collect(task, candidates, &rows, &mut gains, job).await?;
        Ok(gains)
    }

    /// What a map of the task is made on.
    #[cfg_attr(
        not(feature = "gpu"),
        expect(unused_variables, reason = "without a GPU it is the CPU's, whatever it is")
    )]
    pub fn made_on(&self, task: &Task<'_>) -> MadeOn {
        #[cfg(feature = "gpu")]
        if let Some(gpu) = &self.gpu {
            let room = || (!gpu.holds_leaves(task)).then_some("the GPU has no room for the woods");
            if let Some(why) = beyond_shaders(task).or_else(room) {
                return MadeOn { backend: Backend::Cpu, told: format!("On the CPU: {why}") };
            }
            let aside = if task.scatters() { ", what walls scatter on the CPU" } else { "" };
            return MadeOn { backend: Backend::Gpu, told: format!("On the GPU ({}){aside}", gpu.name()) };
        }
        MadeOn { backend: Backend::Cpu, told: "On the CPU".into() }
    }

    /// The GPU, for what its shaders can.
    #[cfg(feature = "gpu")]
    fn gpu_for(&self, task: &Task<'_>) -> Option<&Gpu> {
        self.gpu.as_ref().filter(|_| beyond_shaders(task).is_none())
    }

    /// Goes on after an error on the GPU, if that is its loss, or that it can't be trusted after all.
    #[cfg(feature = "gpu")]
    async fn outlive(&mut self, error: EngineError) -> Result<(), EngineError> {
        match error {
            EngineError::DeviceLost(why) => self.revive(why.lines().next().unwrap_or_default()).await,
            EngineError::NoAdapter(why) => {
                self.gpu = None;
                self.lost = why.lines().next().map(str::to_owned);
            }
            error => return Err(error),
        }
        Ok(())
    }

    /// Opens the GPU again, which was lost for the reason `why`; gives it up where that fails or was done in this job.
    #[cfg(feature = "gpu")]
    async fn revive(&mut self, why: &str) {
        let Some(gpu) = &mut self.gpu else { return };
        let failed = if self.revivals == 0 {
            Some("and lost again after it was opened anew".into())
        } else {
            self.revivals -= 1;
            gpu.reopen().await.err().map(|error| format!("and can't be opened again: {error}"))
        };
        if let Some(failed) = failed {
            self.gpu = None;
            self.lost = Some(format!("the GPU was lost ({why}) {failed}"));
        }
    }
}

#[cfg(all(test, feature = "gpu"))]
mod tests {
    use super::*;
    use crate::antenna::{Pattern, Pointing, ReceiverAntenna};
    use crate::city::{Canopy, HeightRaster};
    use crate::coverage::Grid;
    use crate::material::Material;
    use crate::scenario::Footing;
    use crate::trace::field::Beam;
    use crate::trace::scene::{Scene, SceneBuilder, Surface};
    use crate::trace::task::{Diffraction, Sampling};
    use crate::units::Hertz;
    use glam::{DVec2, Vec3};
    use pollster::block_on;
    use std::cell::RefCell;
    use std::rc::Rc;

    /// A yard between two walls, which every submission sees little of: rays and cells take several.
    fn yard() -> Scene {
        let mut builder = SceneBuilder::new();
        let solid = |material| Surface { material, thickness: None };
        let square = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
        builder.quad(square.map(|(x, y)| Vec3::new(x * 200.0, y * 200.0, 0.0)), solid(Material::MediumDryGround));
        for y in [-40.0, 45.0] {
            builder.quad(square.map(|(x, z)| Vec3::new(x * 50.0, y, z * 10.0 + 10.0)), solid(Material::Concrete));
        }
        builder.build()
    }

    /// More beams than one submission takes.
    fn beams() -> Vec<Beam> {
        let beam = |i: u32| Beam {
            pointing: Pointing { pattern: Pattern::Tr38901, azimuth_deg: 60.0 * i as f32, ..Pointing::ISOTROPIC },
            frequency: Hertz(3.5e9),
            receiver: ReceiverAntenna::ISOTROPIC,
        };
        (0..6).map(beam).collect()
    }

    fn task<'a>(scene: &'a Scene, beams: &'a [Beam]) -> Task<'a> {
        Task {
            scene,
            roofs: None,
            diffraction: Diffraction::None,
            transmitter: Vec3::new(3.0, 2.0, 12.0),
            beams,
            grid: Grid { origin: DVec2::new(-39.5, -39.5), cell: 1.0, nx: 79, ny: 79 },
            height: 1.5,
            footing: Footing::Ground,
            depth: 2,
            transmission: false,
            finishes: None,
            woods: None,
            sampling: Sampling { rays: 1 << 14, samples: 1 },
        }
    }

    fn machine() -> Machine {
        Machine::on(block_on(Gpu::open(true)).expect("a Vulkan adapter that answers the probe"))
    }

    /// A job in which the machine's present GPU is lost once `stage` is done to a share of `at`; the shares of it that are
    /// told are kept.
    fn fateful(machine: &Machine, stage: &'static str, at: f32) -> (Job, Rc<RefCell<Vec<f32>>>) {
        let lose = machine.gpu.as_ref().expect("a GPU").doom();
        let told = Rc::<RefCell<Vec<f32>>>::default();
        let keep = Rc::clone(&told);
        let mut lost = false;
        let mut job = Job::silent();
        job.on_progress = Some(Box::new(move |progress| {
            if progress.stage == stage {
                keep.borrow_mut().push(progress.fraction);
                if !lost && progress.fraction >= at {
                    lost = true;
                    lose();
                }
            }
        }));
        (job, told)
    }

    fn bits(gains: &[Vec<f32>]) -> Vec<u32> {
        gains.iter().flatten().map(|gain| gain.to_bits()).collect()
    }

    #[test]
    fn a_gpu_lost_in_the_middle_is_opened_again_and_goes_on_where_it_was() {
        let (scene, beams) = (yard(), beams());
        let task = task(&scene, &beams);
        let mut machine = machine();
        let silent = &mut Job::silent();
        let known = block_on(machine.discover(&task, silent)).expect("candidates");
        let whole = block_on(machine.gather(&task, &known, 2..77, silent)).expect("gains");

        let (mut job, told) = fateful(&machine, "casting rays", 0.2);
        let found = block_on(machine.discover(&task, &mut job)).expect("candidates");
        assert_eq!(found, known);
        assert!(told.borrow().is_sorted(), "rays were cast twice: {told:?}");

        block_on(machine.ready());
        let (mut job, told) = fateful(&machine, "collecting paths", 0.2);
        let gains = block_on(machine.gather(&task, &known, 2..77, &mut job)).expect("gains");
        assert_eq!(bits(&gains), bits(&whole));
        assert!(told.borrow().is_sorted(), "paths were collected twice: {told:?}");
        assert_eq!(machine.lost(), None);
        assert!(machine.adapter().is_some());
    }

    #[test]
    fn what_a_gpu_that_is_given_up_has_done_stands_and_the_cpu_does_the_rest() {
        let (scene, beams) = (yard(), beams());
        let task = Task { beams: &beams[..3], ..task(&scene, &beams) };
        let width = task.grid.nx as usize;
        let mut machine = machine();
        let silent = &mut Job::silent();
        let known = block_on(machine.discover(&task, silent)).expect("candidates");
        let on_gpu = block_on(machine.gather(&task, &known, 0..79, silent)).expect("gains");
        let on_cpu = block_on(cpu::gather(&task, &known, 0..79, silent)).expect("gains");

        machine.revivals = 0;
        let (mut job, _) = fateful(&machine, "collecting paths", 0.3);
        let mixed = block_on(machine.gather(&task, &known, 0..79, &mut job)).expect("gains");
        assert_eq!(machine.adapter(), None);
        let said = machine.lost().expect("a reason");
        assert!(said.starts_with("the GPU was lost") && !said.contains('\n'), "{said}");
        for ((mixed, on_gpu), on_cpu) in mixed.iter().zip(&on_gpu).zip(&on_cpu) {
            let same = |row: usize, other: &[f32]| {
                let cells = row * width..(row + 1) * width;
                mixed[cells.clone()].iter().zip(&other[cells]).all(|(a, b)| a.to_bits() == b.to_bits())
            };
            let first = (0..79).find(|row| !same(*row, on_gpu)).unwrap_or(79);
            assert!(first > 79 * 3 / 10 - 1, "only {first} rows of the GPU's were kept");
            assert!((first..79).all(|row| same(row, on_cpu)), "row {first} is neither's");
        }
        // Without its GPU it goes on as what it has become.
        block_on(machine.ready());
        let again = block_on(machine.gather(&task, &known, 0..79, silent)).expect("gains");
        assert_eq!(bits(&again), bits(&on_cpu));
    }

    #[test]
    fn leaves_that_a_gpu_does_not_hold_are_the_cpus() {
        let (scene, beams) = (yard(), beams());
        let raster = |cell: f32, top: f32| {
            let side = (200.0 / cell) as u32;
            HeightRaster::of_tops(DVec2::splat(-100.0), cell, [side; 2], vec![top; (side * side) as usize])
        };
        let (roofs, silent) = (raster(2.0, 0.0), &mut Job::silent());
        let task = Task { beams: &beams[..1], roofs: Some(&roofs), ..task(&scene, &beams) };
        let mut machine = machine();
        let known = block_on(machine.discover(&task, silent)).expect("candidates");
        let bare = block_on(cpu::gather(&task, &known, 30..34, silent)).expect("gains");
        for (cell, held) in [(2.0, true), (4.0, false)] {
            let woods = Canopy::under(raster(cell, 9.0), &raster(cell, 0.0));
            let task = Task { woods: woods.as_ref(), ..task };
            assert_eq!(machine.gpu_for(&task).is_some_and(|gpu| gpu.holds_leaves(&task)), held);
            let on_cpu = block_on(cpu::gather(&task, &known, 30..34, silent)).expect("gains");
            let made = block_on(machine.gather(&task, &known, 30..34, silent)).expect("gains");
            assert_eq!(bits(&made) == bits(&on_cpu), !held);
            assert!(made[0].iter().zip(&bare[0]).all(|(made, bare)| made < bare));
        }
    }

    #[test]
    fn a_gpu_lost_between_two_jobs_is_opened_again() {
        let (scene, beams) = (yard(), beams());
        let task = Task { beams: &beams[..1], ..task(&scene, &beams) };
        let mut machine = machine();
        let silent = &mut Job::silent();
        let known = block_on(machine.discover(&task, silent)).expect("candidates");
        let before = block_on(machine.gather(&task, &known, 30..40, silent)).expect("gains");
        machine.gpu.as_ref().expect("a GPU").doom()();
        block_on(machine.ready());
        assert!(machine.adapter().is_some() && machine.lost().is_none());
        let after = block_on(machine.gather(&task, &known, 30..40, silent)).expect("gains");
        assert_eq!(bits(&before), bits(&after));
    }
}
