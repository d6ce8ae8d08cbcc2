//! What the tests need of the operating system: Chromium and a software Vulkan.

use crate::shell::{already, command, read, run, step};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian puts Chromium.
const CHROMIUM: &str = "/usr/bin/chromium";

/// A Debian package, and how to see that it is there.
struct Package {
    name: &'static str,
    why: &'static str,
    present: fn() -> bool,
}

const PACKAGES: [Package; 4] = [
    Package { name: "chromium", why: "the page is tested in a real browser", present: || chromium().is_file() },
    Package { name: "libvulkan1", why: "wgpu and Chromium load Vulkan through it", present: vulkan_loader },
    Package { name: "mesa-vulkan-drivers", why: "lavapipe, a Vulkan without a GPU", present: lavapipe },
    Package { name: "fonts-dejavu-core", why: "headless Chromium has no font of its own", present: any_font },
];

/// Installs what is missing, or says exactly what to install.
pub fn for_tests() -> Result<()> {
    println!("\n▸ setting up for the tests");
    let mut missing = Vec::new();
    for package in &PACKAGES {
        if (package.present)() {
            already(package.name);
        } else {
            println!("  – {} is missing: {}", package.name, package.why);
            missing.push(package);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    let names = names.join(" ");
    let by_hand = format!(
        "install by hand, as root: `apt-get update && apt-get install --no-install-recommends {names}` \
         (another system: Chromium, named by FARFIELD_CHROMIUM, the Vulkan loader, and Mesa's lavapipe)"
    );
    let Some(become_root) = privilege() else {
        bail!(
            "{names} can't be installed from here: no apt-get, or neither root nor a `sudo` that asks no password; {by_hand}"
        );
    };
    step(&format!("installing {names}"), "the tests need them", || {
        let apt = |arguments: &[&str]| {
            let mut words = become_root.to_vec();
            words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
            words.extend(arguments);
            run(&mut command(words[0], &words[1..]))
        };
        let mut install = vec!["install", "--yes", "--no-install-recommends"];
        install.extend(names.split(' '));
        apt(&["update"]).and_then(|()| apt(&install)).map_err(|error| error.context(by_hand.clone()))
    })?;
    match missing.iter().find(|package| !(package.present)()) {
        Some(package) => bail!("{} was installed but is not where it was expected; {by_hand}", package.name),
        None => Ok(()),
    }
}

/// The Chromium that the tests drive.
pub fn chromium() -> PathBuf {
    std::env::var_os("FARFIELD_CHROMIUM").map_or_else(|| CHROMIUM.into(), PathBuf::from)
}

/// What to put before `apt-get`: nothing as root, `sudo -n` where that works, `None` where there is no way.
fn privilege() -> Option<&'static [&'static str]> {
    if !Path::new("/usr/bin/apt-get").is_file() {
        return None;
    }
    let is_root = read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if is_root {
        return Some(&[]);
    }
    let sudo = Command::new("sudo").args(["-n", "true"]).status();
    sudo.is_ok_and(|status| status.success()).then_some(&["sudo", "-n"])
}

fn vulkan_loader() -> bool {
    library_folders().any(|folder| folder.join("libvulkan.so.1").exists())
}

fn lavapipe() -> bool {
    has_file(Path::new("/usr/share/vulkan/icd.d"), "lvp_icd")
}

fn any_font() -> bool {
    let fonts = Path::new("/usr/share/fonts");
    ["truetype", "opentype"].iter().any(|kind| has_file(&fonts.join(kind), ""))
}

/// `/usr/lib` and the folders of each architecture in it.
fn library_folders() -> impl Iterator<Item = PathBuf> {
    let below = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    std::iter::once(PathBuf::from("/usr/lib")).chain(below)
}

fn has_file(folder: &Path, prefix: &str) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
}
