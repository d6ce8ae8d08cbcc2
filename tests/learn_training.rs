//! The training code still runs, and what it exported is what it says. Needs Python with the packages of
//! `models/requirements.txt`; `FARFIELD_PYTHON` names it.

use std::path::Path;
use std::process::{Command, Output};

fn python(test: &str, modules: &str, script: &[&str]) -> Option<Output> {
    let python = std::env::var("FARFIELD_PYTHON").unwrap_or_else(|_| "python3".into());
    let there = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    if !there.is_ok_and(|o| o.status.success()) {
        eprintln!("SKIPPED {test}: {python} has not all of {modules}");
        return None;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let output = Command::new(&python).args(script).current_dir(folder).env("PYTHONDONTWRITEBYTECODE", "1").output();
    Some(output.expect("python starts"))
}

#[test]
fn training_lowers_the_loss_of_made_up_windows() {
    let Some(output) = python("training_lowers_the_loss_of_made_up_windows", "torch, numpy", &["train.py", "--smoke"])
    else {
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let losses: Vec<f64> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|report| report["loss"].as_f64())
        .collect();
    assert!(losses.len() >= 3 && losses.windows(2).all(|w| w[1] < w[0]), "{losses:?}");
}

#[test]
fn onnxruntime_computes_what_the_network_computed_in_training() {
    let test = "onnxruntime_computes_what_the_network_computed_in_training";
    let Some(output) = python(test, "onnxruntime, numpy", &["check_parity.py"]) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
