//! Running other programs, and saying what is being done and why.

use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The project's root folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Announces a step, does it, and says how long it took.
pub fn step<T>(what: &str, why: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("\n▸ {what}\n  {why}");
    let start = Instant::now();
    let result = work();
    let verdict = if result.is_ok() { "done" } else { "failed" };
    println!("  {verdict} in {}", readable(start.elapsed()));
    result.with_context(|| what.to_owned())
}

/// Says that a step isn't needed.
pub fn already(what: &str) {
    println!("  ✓ {what}");
}

/// "850 ms", "12.3 s" or "4 min 05 s".
pub fn readable(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        1..=119 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// A program to run in the project's root.
pub fn command<S: AsRef<std::ffi::OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    command
}

/// `cargo` as this command was itself started.
pub fn cargo<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()), arguments)
}

/// The project's own command line, built to run fast.
pub fn farfield(does: &str) -> Command {
    cargo(["run", "--quiet", "--release", "--package", "farfield", "--bin", "farfield", "--", does])
}

/// Runs it, its output going straight to the terminal; anything but success is an error.
pub fn run(command: &mut Command) -> Result<()> {
    println!("  $ {}", shown(command));
    let status = command.status().with_context(|| format!("could not start `{}`", shown(command)))?;
    if status.success() { Ok(()) } else { bail!("`{}` ended with {status}", shown(command)) }
}

/// Runs it with all its output going to a file; anything but success is an error that quotes the end of it.
pub fn run_logged(command: &mut Command, log: &Path) -> Result<()> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = File::create(log).with_context(|| log.display().to_string())?;
    let status = command.stdout(file.try_clone()?).stderr(file).status();
    let status = status.with_context(|| format!("could not start `{}`", shown(command)))?;
    if status.success() {
        return Ok(());
    }
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let end = lines[lines.len().saturating_sub(40)..].join("\n");
    bail!("`{}` ended with {status}:\n{end}", shown(command))
}

/// Runs it quietly and gives what it printed.
pub fn read(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("could not start `{}`", shown(command)))?;
    if !output.status.success() {
        bail!("`{}` ended with {}", shown(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs it with its standard output both shown and handed line by line to `hear`.
pub fn listen(command: &mut Command, mut hear: impl FnMut(&str)) -> Result<()> {
    println!("  $ {}", shown(command));
    let mut child = command.stdout(Stdio::piped()).spawn();
    let child = child.as_mut().map_err(|error| anyhow::anyhow!("could not start `{}`: {error}", shown(command)))?;
    let output = child.stdout.take().context("its output could not be read")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        writeln!(std::io::stdout(), "{line}")?;
        hear(&line);
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { bail!("`{}` ended with {status}", shown(command)) }
}

/// Whether the program exists and answers `--version`.
pub fn have(program: &str) -> bool {
    let quiet = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}

/// `PATH` with these folders in front.
pub fn path_with(folders: &[PathBuf]) -> Result<std::ffi::OsString> {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let all = folders.iter().cloned().chain(std::env::split_paths(&inherited));
    std::env::join_paths(all).context("a folder's name can't be put on PATH")
}

/// The command as it would be typed.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let arguments = command.get_args().map(|a| a.to_string_lossy().into_owned());
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_naturally() {
        assert_eq!(readable(Duration::from_millis(850)), "850 ms");
        assert_eq!(readable(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(readable(Duration::from_secs(245)), "4 min 05 s");
    }

    #[test]
    fn a_failing_program_is_an_error_and_its_output_is_heard() {
        let mut heard = Vec::new();
        let result =
            listen(&mut command("sh", ["-c", "echo one; echo two; exit 3"]), |line| heard.push(line.to_owned()));
        assert_eq!(heard, ["one", "two"]);
        assert!(result.is_err_and(|error| error.to_string().contains('3')));
        assert!(run(&mut command("no-such-program-here", ["x"])).is_err());
    }

    #[test]
    fn a_log_holds_both_outputs_and_its_end_is_quoted() {
        let log = root().join(format!("target/xtask/log-test-{}", std::process::id()));
        let failed = run_logged(&mut command("sh", ["-c", "echo out; echo err >&2; exit 1"]), &log);
        let text = fs::read_to_string(&log).expect("a log");
        fs::remove_file(&log).expect("removed");
        assert!(text.contains("out") && text.contains("err"), "{text}");
        assert!(failed.is_err_and(|error| error.to_string().ends_with("out\nerr")));
    }
}
