//! Developer commands: `cargo xtask <command>`. Each step says what it does, why, and how long it took.

mod bench;
mod bundle;
mod checks;
mod cities;
mod imports;
mod server;
mod setup;
mod shell;
mod size;
mod stamp;
mod system;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <command>

  serve [--port N] [--open] [--dev] [--no-build]
                  set up what is missing, build optimised, serve on this machine (default port 8080)
  test [--quick]  set up what is missing, run every check and test; --quick leaves out the web bundle
  setup           what `serve` needs: wasm target, trunk, wasm-bindgen, npm packages
  build [--dev]   the web bundle alone, into dist/
  size            sizes of the bundle against their budgets
  bench           one table of times and sizes, measured on this machine
  cities [--write]
                  make the shipped cities again and compare them byte by byte; --write puts the new ones in place";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((command, options)) = arguments.split_first() else { bail!("no command given\n\n{USAGE}") };
    let mut options = Options(options.to_vec());
    let run: Box<dyn FnOnce() -> Result<()>> = match command.as_str() {
        "serve" => {
            let serving = server::Serving {
                port: options.number("--port")?.unwrap_or(server::DEFAULT_PORT),
                open: options.flag("--open"),
                bundle: if options.flag("--dev") { bundle::Bundle::Dev } else { bundle::Bundle::Web },
                build: !options.flag("--no-build"),
            };
            Box::new(move || serving.run())
        }
        "test" => {
            let quick = options.flag("--quick");
            Box::new(move || checks::run_all(quick))
        }
        "setup" => Box::new(setup::for_web),
        "build" => {
            let bundle = if options.flag("--dev") { bundle::Bundle::Dev } else { bundle::Bundle::Web };
            Box::new(move || setup::for_web().and_then(|()| bundle.build()))
        }
        "size" => Box::new(size::check),
        "bench" => Box::new(bench::run_all),
        "cities" => {
            let write = options.flag("--write");
            Box::new(move || cities::run_all(write))
        }
        "help" | "--help" | "-h" => Box::new(|| {
            println!("{USAGE}");
            Ok(())
        }),
        other => bail!("there is no command `{other}`\n\n{USAGE}"),
    };
    options.finish()?;
    run()
}

/// What follows the command's name; each option is taken out as it is read, so that what is left is a mistake.
struct Options(Vec<String>);

impl Options {
    fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|option| option != name);
        self.0.len() < before
    }

    fn number(&mut self, name: &str) -> Result<Option<u16>> {
        let Some(at) = self.0.iter().position(|option| option == name) else { return Ok(None) };
        self.0.remove(at);
        if at == self.0.len() {
            bail!("{name} wants a number");
        }
        let value = self.0.remove(at);
        value.parse().map(Some).map_err(|_| anyhow::anyhow!("{name} wants a number up to 65535, not `{value}`"))
    }

    fn finish(&self) -> Result<()> {
        match self.0.first() {
            Some(unknown) => bail!("`{unknown}` is not an option here\n\n{USAGE}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &[&str]) -> Options {
        Options(words.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn options_are_read_in_any_order() {
        let mut options = options(&["--open", "--port", "81"]);
        assert_eq!(options.number("--port").expect("a number"), Some(81));
        assert!(options.flag("--open"));
        assert!(!options.flag("--dev"));
        assert!(options.finish().is_ok());
    }

    #[test]
    fn mistyped_options_are_refused() {
        assert!(options(&["--port"]).number("--port").is_err());
        assert!(options(&["--port", "99999"]).number("--port").is_err());
        assert!(options(&["--prot"]).finish().is_err());
        assert!(dispatch(&["sevre".into()]).is_err());
    }
}
