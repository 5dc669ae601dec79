//! `windlass plugin new | wit | build`: what the author of a plugin types, on a machine without an agent.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::support::Stage;

/// A component that was built once, with a manifest of its own.
const COMPONENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/contracts/0.2/check.wasm");

#[test]
fn a_project_is_written_into_a_directory_that_is_empty() {
    let stage = Stage::new();
    let place = stage.host.root().join("mine");
    insta::assert_snapshot!(stage.tell(&format!("plugin new check-mine --kind check --directory {}", place.display())), @"
    exit 0
    --- stderr
    wrote [HOST]/mine/Cargo.toml
    wrote [HOST]/mine/src/lib.rs
    wrote [HOST]/mine/example.toml
    wrote [HOST]/mine/README.md
    wrote [HOST]/mine/.gitignore
    next: `cd [HOST]/mine`, `cargo test`, `windlass plugin build`; README.md says the rest
    ");
    let manifest = std::fs::read_to_string(place.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("windlass-sdk = { git = \"https://github.com/windlass-dev/windlass\" }"), "{manifest}");
    let line = format!("plugin new smoke-mine --kind smoke --directory {}", place.display());
    insta::assert_snapshot!(stage.tell(&line), @"
    exit 2
    --- stderr
    error: `[HOST]/mine` is not empty
    hint: nothing was written; name another one with `--directory`
    ");
    assert_eq!(std::fs::read_to_string(place.join("Cargo.toml")).unwrap(), manifest);
    insta::assert_snapshot!(stage.tell("plugin new Mine --kind check"), @"
    exit 2
    --- stderr
    error: `Mine` cannot be its name: a plugin's name has at most 64 lower-case letters, digits and `-`
    hint: first-party plugins begin with their kind: `check-calendar`
    ");
    insta::assert_snapshot!(stage.tell("plugin new mine --kind gate"), @"
    exit 2
    --- stderr
    error: invalid value 'gate' for '--kind <KIND>'
      [possible values: check, strategy, smoke, recorder]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(stage.tell(&format!("plugin new mine --kind check --sdk {}", place.display())), @"
    exit 2
    --- stderr
    error: `[HOST]/mine` is neither a checkout of Windlass nor the SDK in one
    hint: name the directory that has `plugins/sdk` in it
    ");
    assert!(!std::path::Path::new("mine").exists());
}

#[test]
fn a_project_in_another_language_has_the_contract_in_it() {
    let stage = Stage::new();
    let place = stage.host.root().join("mine");
    let line = format!("plugin new check-mine --kind check --language python --directory {}", place.display());
    assert!(stage.tell(&format!("{line} --sdk .")).contains("a project in Python has none"));
    insta::assert_snapshot!(stage.tell(&line), @"
    exit 0
    --- stderr
    wrote [HOST]/mine/plugin.toml
    wrote [HOST]/mine/app.py
    wrote [HOST]/mine/windlass.py
    wrote [HOST]/mine/README.md
    wrote [HOST]/mine/.gitignore
    wrote [HOST]/mine/wit/guest.wit
    next: `cd [HOST]/mine`, install componentize-py, `windlass plugin build`; README.md says the rest
    ");
    assert!(stage.tell(&format!("plugin wit {}", place.join("wit").display())).contains("has contract 0.2.0 already"));
    // What is missing is named, and where it would be.
    insta::assert_snapshot!(stage.tell(&format!("plugin build {}", place.display())), @"
    exit 3
    --- stderr
    error: cannot start `[HOST]/mine/.venv/bin/componentize-py`
    caused by: No such file or directory (os error 2)
    hint: install componentize-py, or name another program in `command` of plugin.toml
    ");
}

#[test]
fn the_contract_is_written_once_and_over_nothing() {
    let stage = Stage::new();
    let place = stage.host.root().join("wit");
    let line = format!("plugin wit {}", place.display());
    insta::assert_snapshot!(stage.tell(&format!("plugin wit {}", place.display())), @"
    exit 0
    --- stderr
    wrote contract 0.2.0 to `[HOST]/wit`: 23 files
    ");
    assert!(stage.tell(&line).contains("has contract 0.2.0 already"));
    std::fs::write(place.join("guest.wit"), "package mine:own;\n").unwrap();
    std::fs::remove_file(place.join("deps/http.wit")).unwrap();
    insta::assert_snapshot!(stage.tell(&line), @"
    exit 2
    --- stderr
    error: `[HOST]/wit/guest.wit` is there already, and not as it would be written
    hint: nothing was written; choose another directory, or remove it first
    ");
    assert!(!place.join("deps/http.wit").exists());
}

/// A project in another language, whose compiler copies a component that is there already.
fn project(stage: &Stage, plugin: &str, command: &str) -> PathBuf {
    let place = stage.host.root().join("calendar");
    std::fs::create_dir_all(&place).unwrap();
    let text = format!(
        "[plugin]\n{plugin}\n[build]\ncommand = {command}\ncomponent = \"out.wasm\"\n\n\
         [[capability]]\nname = \"http\"\nreason = \"asks the calendar\"\n\n\
         [[capability]]\nname = \"files\"\nroot = \"records\"\nwrite = true\nreason = \"keeps the answer\"\n"
    );
    std::fs::write(place.join("plugin.toml"), text).unwrap();
    place
}

const CALENDAR: &str = "name = \"check-calendar\"\nversion = \"1.2.0\"\nkind = \"check\"";

fn copy() -> String {
    format!("[\"cp\", \"{COMPONENT}\", \"out.wasm\"]")
}

#[test]
fn a_component_of_any_language_gets_its_manifest() {
    let stage = Stage::new();
    let place = project(&stage, CALENDAR, &copy());
    insta::assert_snapshot!(stage.tell(&format!("plugin build {}", place.display())), @"
    exit 0
    --- stdout
    check-calendar 1.2.0, a check plugin for contract 0.2.0
      digest  sha256:[DIGEST]
      from    [HOST]/calendar/out.wasm
      size    45 KiB

    asks for
      - http: asks the calendar
      - files records (write): keeps the answer
    ");
    // As it was made, the file is for all to read.
    let mode = std::fs::metadata(place.join("out.wasm")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, std::fs::metadata(COMPONENT).unwrap().permissions().mode() & 0o777);
    stage.configured();
    let inspected = stage.tell(&format!("plugin inspect {}", place.join("out.wasm").display()));
    assert!(inspected.contains("check-calendar 1.2.0, a check plugin for contract 0.2.0"), "{inspected}");
    // Once more, by a command that leaves what it made before: there is still one manifest.
    let built = std::fs::read(place.join("out.wasm")).unwrap();
    project(&stage, CALENDAR, "[\"true\"]");
    let again = stage.tell(&format!("plugin build {} --json", place.display()));
    assert!(again.contains(r#""type":"plugin","name":"check-calendar""#), "{again}");
    assert_eq!(std::fs::read(place.join("out.wasm")).unwrap(), built);
}

#[test]
fn what_cannot_be_built_is_told_and_nothing_is_exchanged() {
    let stage = Stage::new();
    let line = |place: &Path| format!("plugin build {}", place.display());
    insta::assert_snapshot!(stage.tell(&line(stage.host.root())), @"
    exit 2
    --- stderr
    error: `[HOST]` has neither a Cargo.toml nor a plugin.toml
    hint: `windlass plugin new NAME --kind check` writes a project
    ");
    let tell = |plugin: &str, command: &str| stage.tell(&line(&project(&stage, plugin, command)));
    insta::assert_snapshot!(tell(CALENDAR, "[\"no-such-compiler\", \"x\"]"), @"
    exit 3
    --- stderr
    error: cannot start `no-such-compiler`
    caused by: No such file or directory (os error 2)
    hint: install no-such-compiler, or name another program in `command` of plugin.toml
    ");
    insta::assert_snapshot!(tell(CALENDAR, "[\"sh\", \"-c\", \"echo line 3 is wrong; exit 4\"]"), @"
    exit 3
    --- stderr
    line 3 is wrong
    error: `sh -c echo line 3 is wrong; exit 4` failed (exit status: 4); what it says is above
    ");
    insta::assert_snapshot!(tell(CALENDAR, "[\"true\"]"), @"
    exit 3
    --- stderr
    error: the command succeeded, but there is no `[HOST]/calendar/out.wasm`
    hint: `component` of plugin.toml names what the command makes
    ");
    insta::assert_snapshot!(tell("name = \"Calendar\"\nversion = \"1\"\nkind = \"gate\"\nsumary = \"x\"", "[]"), @r#"
    exit 3
    --- stderr
    error: `name` must be at most 64 lower-case letters, digits and `-`
     --> [HOST]/calendar/plugin.toml:2:8
      |
    2 | name = "Calendar"
      |        ^^^^^^^^^^
    error: `version` must be a semantic version such as 1.2.0
     --> [HOST]/calendar/plugin.toml:3:11
      |
    3 | version = "1"
      |           ^^^
    error: unknown word `gate`; the known ones are `check`, `strategy`, `smoke`, `recorder`
     --> [HOST]/calendar/plugin.toml:4:8
      |
    4 | kind = "gate"
      |        ^^^^^^
    error: unknown key `sumary`; the known keys here are `name`, `version`, `kind`, `summary`
     --> [HOST]/calendar/plugin.toml:5:1
      |
    5 | sumary = "x"
      | ^^^^^^
    hint: did you mean `summary`?
    error: it names no program
     --> [HOST]/calendar/plugin.toml:7:11
      |
    7 | command = []
      |           ^^
    hint: the program and its arguments, as in `command = ["make", "plugin"]`; there is no shell
    "#);
    insta::assert_snapshot!(tell(&CALENDAR.replace("\"check\"", "\"recorder\""), &copy()), @"
    exit 3
    --- stderr
    error: the plugin `[HOST]/calendar/out.wasm` cannot be used
    caused by: it says that it is a recorder but does not export `windlass:plugin/recorder@0.2.0`
    ");
    assert_eq!(std::fs::read(stage.host.root().join("calendar/out.wasm")).unwrap(), std::fs::read(COMPONENT).unwrap());
    let said = tell(&format!("{CALENDAR}\nsummary = \"asks\""), &copy());
    assert!(said.contains("people see what `describe` says"), "{said}");
}
