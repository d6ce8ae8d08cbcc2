//! How much to submit at once: enough to keep the GPU busy, little enough that the screen it also draws does not stutter
//! and a cancellation is heard at once.

/// What a submission should take at most, milliseconds.
const LONGEST_MS: f64 = 30.0;
/// Fewest invocations in a submission: less would leave a GPU idle.
const FEWEST: u32 = 256;

/// Adapts the size of submissions to the time that the last took.
#[derive(Debug)]
pub struct Pace {
    size: u32,
    most: u32,
}

impl Pace {
    /// Starts with `size` invocations and never passes `most`.
    pub fn new(size: u32, most: u32) -> Self {
        Self { size, most }
    }

    /// Invocations for the next submission.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Runs a submission and learns from the time it took.
    pub async fn time<T>(&mut self, submission: impl Future<Output = T>) -> T {
        let start = now_ms();
        let result = submission.await;
        self.learn(now_ms() - start);
        result
    }

    fn learn(&mut self, took: f64) {
        if took > LONGEST_MS {
            self.size = (self.size / 2).max(FEWEST);
        } else if took < 0.4 * LONGEST_MS {
            self.size = (self.size * 2).min(self.most);
        }
    }
}

/// Milliseconds on some clock.
#[cfg(not(target_arch = "wasm32"))]
fn now_ms() -> f64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1e3
}

/// Milliseconds on some clock.
#[cfg(all(target_arch = "wasm32", feature = "web"))]
fn now_ms() -> f64 {
    js_sys::Date::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_submissions_shrink_and_quick_ones_grow_within_bounds() {
        let mut pace = Pace::new(1024, 4096);
        pace.learn(100.0);
        assert_eq!(pace.size(), 512);
        for _ in 0..10 {
            pace.learn(1.0);
        }
        assert_eq!(pace.size(), 4096);
        for _ in 0..10 {
            pace.learn(1e4);
        }
        assert_eq!(pace.size(), FEWEST);
    }
}
