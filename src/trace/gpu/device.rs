//! The adapter and its device: opening, losing, buffers in, numbers out. No panics: whatever goes wrong on the GPU
//! becomes an [`EngineError`] at the next answer.

use crate::engine::EngineError;
use bytemuck::Pod;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

/// The interface to GPUs that is compiled in, by its name for the user.
const API: &str = if cfg!(target_arch = "wasm32") { "WebGPU" } else { "Vulkan" };
/// Invocations in a workgroup, as in the shaders.
const WORKGROUP: u32 = 64;
/// What the shaders need of storage buffers in a stage.
const STORAGE_BUFFERS: u32 = 8;
/// Least bytes of a buffer: bindings may not be empty, and structs not be cut short.
const LEAST_BYTES: usize = 128;

/// The scene's three buffers as bytes.
pub type Inputs<'a> = [&'a [u8]; 3];

/// An open device.
pub struct Device {
    /// The adapter's name for humans.
    pub name: String,
    inner: wgpu::Device,
    queue: wgpu::Queue,
    trouble: Trouble,
}

/// The first thing that went wrong, shared with the device's callbacks.
#[derive(Clone, Default)]
struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    fn report(&self, what: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what);
    }

    fn check(&self) -> Result<(), EngineError> {
        let trouble = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        trouble.map_or(Ok(()), |t| Err(EngineError::DeviceLost(t)))
    }
}

impl Device {
    /// Opens the best adapter. A software adapter is only taken if allowed.
    pub async fn open(allow_software: bool) -> Result<Self, EngineError> {
        let missing = |e: &dyn std::fmt::Display| EngineError::NoAdapter(e.to_string());
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        // wgpu's own words list every backend that was not compiled in.
        let none = |_| EngineError::NoAdapter(format!("no {API} here"));
        let adapter = instance.request_adapter(&options).await.map_err(none)?;
        let info = adapter.get_info();
        let software = info.device_type == wgpu::DeviceType::Cpu;
        if software && !allow_software {
            return Err(EngineError::NoAdapter(format!("{API} is software here")));
        }
        let name = match info.name {
            // Browsers may keep it to themselves.
            name if name.is_empty() => if software { "software adapter" } else { "unnamed adapter" }.into(),
            name => name,
        };
        let offered = adapter.limits();
        if offered.max_storage_buffers_per_shader_stage < STORAGE_BUFFERS {
            return Err(EngineError::NoAdapter(format!("{name} offers fewer than {STORAGE_BUFFERS} storage buffers")));
        }
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("tracer"),
            required_limits: wgpu::Limits::default().or_worse_values_from(&offered),
            ..Default::default()
        };
        let (device, queue) = adapter.request_device(&descriptor).await.map_err(|e| missing(&e))?;
        let trouble = Trouble::default();
        let heard = trouble.clone();
        device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| heard.report(e.to_string())));
        let heard = trouble.clone();
        device.set_device_lost_callback(move |reason, text| heard.report(format!("{reason:?}: {text}")));
        Ok(Self { name, inner: device, queue, trouble })
    }

    /// Whether something went wrong for good.
    pub fn is_lost(&self) -> bool {
        self.trouble.check().is_err()
    }

    /// Most bytes of one buffer that a shader reads.
    pub fn largest_binding(&self) -> u64 {
        self.inner.limits().max_storage_buffer_binding_size
    }

    /// Loses the device when it is called, as a driver would.
    #[cfg(test)]
    pub fn doom(&self) -> impl Fn() + 'static {
        let device = self.inner.clone();
        move || device.destroy()
    }

    /// Compiles a shader and makes its only entry point a pipeline, with these values of its overridable constants. A shader
    /// that the device rejects is no adapter.
    pub async fn pipeline(
        &self,
        entry: &str,
        source: &str,
        constants: &[(&str, f64)],
    ) -> Result<wgpu::ComputePipeline, EngineError> {
        let scope = self.inner.push_error_scope(wgpu::ErrorFilter::Validation);
        let module = self.inner.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(entry),
            source: wgpu::ShaderSource::Wgsl(source.into()),
        });
        let pipeline = self.inner.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry),
            layout: None,
            module: &module,
            entry_point: Some(entry),
            compilation_options: wgpu::PipelineCompilationOptions { constants, ..Default::default() },
            cache: None,
        });
        let rejected = scope.pop().await;
        self.trouble.check()?;
        match rejected {
            Some(error) => Err(EngineError::NoAdapter(format!("{} rejects the shader {entry}: {error}", self.name))),
            None => Ok(pipeline),
        }
    }

    /// A buffer of `size` bytes, no more than can be bound.
    fn empty(&self, size: usize, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer, EngineError> {
        let limit = self.largest_binding();
        let size = size.max(LEAST_BYTES) as u64;
        if size > limit {
            return Err(EngineError::Failed(format!(
                "the scene needs a GPU buffer of {} MiB, and {} binds {} MiB at most: choose larger cells or trace on the CPU",
                size >> 20,
                self.name,
                limit >> 20
            )));
        }
        let descriptor = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false };
        Ok(self.inner.create_buffer(&descriptor))
    }

    /// Buffers that hold `inputs`, for as many passes as need them.
    pub fn upload(&self, inputs: &[&[u8]]) -> Result<Vec<wgpu::Buffer>, EngineError> {
        // Not `create_buffer_init`: that one panics when the device is lost.
        let upload = |bytes: &&[u8]| {
            let buffer = self.empty(bytes.len(), wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST)?;
            self.queue.write_buffer(&buffer, 0, bytes);
            Ok(buffer)
        };
        inputs.iter().map(upload).collect()
    }

    /// Binds a uniform of `uniform` bytes at 0, `inputs` from 1 on, and after them an output of `words` 32-bit numbers.
    pub fn pass<'a, 'b>(
        &'a self,
        pipeline: &'a wgpu::ComputePipeline,
        uniform: usize,
        inputs: impl IntoIterator<Item = &'b wgpu::Buffer>,
        words: usize,
    ) -> Result<Pass<'a>, EngineError> {
        let params = self.empty(uniform, wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST)?;
        let output = self.empty(words * 4, wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC)?;
        let staging = self.empty(words * 4, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST)?;
        let inputs = inputs.into_iter().map(|buffer| buffer.as_entire_binding());
        let bound = std::iter::once(params.as_entire_binding()).chain(inputs).chain([output.as_entire_binding()]);
        let entry = |(i, resource)| wgpu::BindGroupEntry { binding: i as u32, resource };
        let entries: Vec<wgpu::BindGroupEntry<'_>> = bound.enumerate().map(entry).collect();
        let group = self.inner.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        Ok(Pass { device: self, pipeline, params, output, staging, group })
    }

    /// Waits until `buffer` can be read. The browser says when; natively the device has to be asked.
    async fn readable(&self, buffer: &wgpu::Buffer, bytes: u64) -> Result<(), EngineError> {
        type Shared = (Option<Result<(), wgpu::BufferAsyncError>>, Option<Waker>);
        let shared: Arc<Mutex<Shared>> = Arc::default();
        let teller = Arc::clone(&shared);
        buffer.map_async(wgpu::MapMode::Read, 0..bytes, move |result| {
            let mut state = teller.lock().unwrap_or_else(PoisonError::into_inner);
            state.0 = Some(result);
            if let Some(waker) = state.1.take() {
                waker.wake();
            }
        });
        #[cfg(not(target_arch = "wasm32"))]
        self.inner.poll(wgpu::PollType::wait_indefinitely()).map_err(|e| EngineError::DeviceLost(e.to_string()))?;
        let result = poll_fn(|context| {
            let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(result) = state.0.take() {
                return Poll::Ready(result);
            }
            state.1 = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
        self.trouble.check()?;
        result.map_err(|e| EngineError::DeviceLost(e.to_string()))
    }
}

/// A pipeline with its buffers, to be run several times.
pub struct Pass<'a> {
    device: &'a Device,
    pipeline: &'a wgpu::ComputePipeline,
    params: wgpu::Buffer,
    output: wgpu::Buffer,
    staging: wgpu::Buffer,
    group: wgpu::BindGroup,
}

impl Pass<'_> {
    /// Runs `invocations` with the uniform `params` and reads the first `words` of the output.
    pub async fn run<T: Pod>(&self, params: &[u8], invocations: u32, words: usize) -> Result<Vec<T>, EngineError> {
        let Device { inner, queue, trouble, .. } = self.device;
        queue.write_buffer(&self.params, 0, params);
        let mut encoder = inner.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(self.pipeline);
            pass.set_bind_group(0, &self.group, &[]);
            pass.dispatch_workgroups(invocations.div_ceil(WORKGROUP), 1, 1);
        }
        let bytes = words as u64 * 4;
        encoder.copy_buffer_to_buffer(&self.output, 0, &self.staging, 0, bytes);
        queue.submit([encoder.finish()]);
        trouble.check()?;
        self.device.readable(&self.staging, bytes).await?;
        let view = self.staging.get_mapped_range(0..bytes).map_err(|e| EngineError::DeviceLost(e.to_string()))?;
        let answer = bytemuck::pod_collect_to_vec::<u8, T>(&view);
        drop(view);
        self.staging.unmap();
        Ok(answer)
    }
}
