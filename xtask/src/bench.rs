//! One table of times and sizes, measured on this machine.

use anyhow::Result;

/// Measures and prints.
pub fn run() -> Result<()> {
    anyhow::bail!("nothing is measured yet")
}
