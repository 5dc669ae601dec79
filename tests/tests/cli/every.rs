//! What holds for every command, whatever it does: it has a help, an example, a place in the documentation, and an output
//! that a test has seen. The commands are those that the helps list, so that none can be left out here.

use std::path::PathBuf;

use regex::Regex;

use super::support::Stage;

#[test]
fn every_command_has_help_with_an_example_as_in_the_documentation() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md")).unwrap();
    let commands = Stage::new().commands();
    for name in ["deploy", "release show", "unquarantine"] {
        assert!(commands.iter().any(|command| command.name == name), "the commands are not read from the helps");
    }
    for command in commands {
        let (name, help) = (&command.name, command.help.lines().map(str::trim_end).collect::<Vec<_>>().join("\n"));
        assert!(page.contains(help.trim_end()), "docs/cli.md shows another help of `{name}`");
        // A group says nothing by itself; the binary's own help is where people begin.
        let is_explained = help.contains("Examples:") || (command.is_group && !name.is_empty());
        assert!(is_explained, "`{name}` has no example");
    }
}

/// The sources of these tests are read, because each test is a process of its own and none knows what the others ran. What
/// counts is a command line that is written out, inside the assertion, with a snapshot of a command that succeeded.
#[test]
fn every_command_has_an_ordinary_output_that_is_a_snapshot() {
    let told: Vec<String> = sources().iter().flat_map(|source| told(source)).collect();
    let commands = Stage::new().commands();
    let is_told = |name: &str| told.iter().any(|line| line.strip_prefix(name).is_some_and(is_end));
    let missing: Vec<&str> = commands
        .iter()
        .filter(|command| !command.is_group && !is_told(&command.name))
        .map(|it| it.name.as_str())
        .collect();
    assert!(missing.is_empty(), "no snapshot shows what these print when all is well: {missing:?}");
}

/// Whether a command's name ends before this.
fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(' ')
}

/// The files of these tests.
fn sources() -> Vec<String> {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests");
    let below = std::fs::read_dir(tests.join("cli")).unwrap().map(|entry| entry.unwrap().path());
    below.chain([tests.join("cli.rs")]).map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// The command lines of a source whose snapshot says that they succeeded.
fn told(source: &str) -> Vec<String> {
    let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let line = Regex::new(r#"\.tell(?:_with)?\(\s*(?:&format!\(\s*)?"([^"]+)""#).unwrap();
    let snapshot = Regex::new(r#",\s*@r?#*""#).unwrap();
    let assertions = code.join("\n");
    let assertions = assertions.split("assert_snapshot!(").skip(1);
    assertions
        .filter_map(|assertion| {
            let begins = snapshot.find(assertion)?;
            let (call, printed) = (&assertion[..begins.start()], &assertion[begins.end()..]);
            let succeeded = printed.trim_start().lines().next()? == "exit 0";
            succeeded.then(|| line.captures(call).map(|found| found[1].to_owned())).flatten()
        })
        .collect()
}
