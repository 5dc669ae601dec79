//! Prints what files come to: `config [--yaml] [--project NAME] DIRECTORY FILE… [--profile NAME]…`, files relative to the
//! directory. Variables are those of the environment.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use windlass_compose::{Files, Options, load, to_yaml};

struct Directory(PathBuf);

impl Files for Directory {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        match std::fs::read(self.0.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "it is what the example is for")]
fn main() -> ExitCode {
    let mut options = Options { variables: std::env::vars().collect::<BTreeMap<_, _>>(), ..Options::default() };
    let mut words = Vec::new();
    let mut arguments = std::env::args().skip(1);
    let mut yaml = false;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--yaml" => yaml = true,
            "--project" => options.project = arguments.next(),
            "--profile" => options.profiles.extend(arguments.next()),
            _ => words.push(argument),
        }
    }
    let [directory, files @ ..] = words.as_slice() else {
        eprintln!("usage: config [--yaml] [--project NAME] DIRECTORY FILE… [--profile NAME]…");
        return ExitCode::from(2);
    };
    options.files = files.to_vec();
    match load(&Directory(PathBuf::from(directory)), &options) {
        Ok(loaded) => {
            let project = loaded.project.as_deref().unwrap_or("default");
            let config = loaded.application.config(project, directory);
            println!("{}", if yaml { to_yaml(&config) } else { format!("{config:#}") });
            ExitCode::SUCCESS
        }
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::FAILURE
        }
    }
}
