//! Release files with several mistakes: all are shown at once, each once.

use std::fmt::Write as _;

use windlass_api::ErrorFact;
use windlass_foundation::explain::ExplainedError;
use windlass_report::error;

use super::ReleaseFile;

fn fault(text: &str) -> ExplainedError {
    ReleaseFile::parse(text.as_bytes(), "release.toml").unwrap_err().into()
}

fn shown(text: &str) -> String {
    error::page(&ErrorFact::from(&fault(text)), 100).render(false)
}

/// The places and the beginnings of the texts.
fn told(text: &str) -> Vec<String> {
    let text = fault(text).error().to_string();
    text.lines().map(|line| line.trim_start_matches("release.toml:").chars().take(40).collect()).collect()
}

const EVERYTHING: &str = r#"
application = "Kudos!"
# Each line is wrong in its own way,
# and all are told.

[artifacts.backend]
image = "kudos/backend:v1"
tags = "v1"
digest = "sha256:abc"

[artifacts.web]
image = "kudos/web"
tag = "v 1"

[variables]
PORT = 8080
"1A" = "x"

[strategy]
plugin = "../ours.wasm"

[checks.ready]
deadline = "soon"

[checks."../x"]
plugin = "check-readiness"
on-error = "wam"
interval = "0s"

[environments.UAT]
checks.ready.plugn = "check-image"

[environments.production]
artifacts = {}
policy = { deadline = "48h" }
"#;

#[test]
fn every_kind_of_mistake_is_shown_in_the_order_of_the_file() {
    insta::assert_snapshot!(shown(EVERYTHING), @r#"
    error: `Kudos!` is not an application's name: at most 63 lower-case letters, digits, `-` and `_`,
           beginning with a letter or a digit
     --> release.toml:2:15
      |
    2 | application = "Kudos!"
      |               ^^^^^^^^
    error: `image` is a repository without a version
     --> release.toml:7:9
      |
    7 | image = "kudos/backend:v1"
      |         ^^^^^^^^^^^^^^^^^^
    hint: write `image = "docker.io/kudos/backend"`, and the version as `tag` or `digest`
    error: unknown key `tags`; the known keys here are `image`, `tag`, `version-file`, `digest`, `local`
     --> release.toml:8:1
      |
    8 | tags = "v1"
      | ^^^^
    hint: did you mean `tag`?
    error: `sha256:abc` is not `sha256:` and 64 hexadecimal digits
     --> release.toml:9:10
      |
    9 | digest = "sha256:abc"
      |          ^^^^^^^^^^^^
    error: `v 1` is not a tag
      --> release.toml:13:7
       |
    13 | tag = "v 1"
       |       ^^^^^
    hint: tags are letters, digits, `_`, `.` and `-`; `{commit}` stands for the commit of `--commit`,
          and `{version}` for what `version-file` has
    error: invalid type: integer `8080`, expected a string
      --> release.toml:16:8
       |
    16 | PORT = 8080
       |        ^^^^
    error: `1A` is not a variable's name: letters, digits and `_`, not beginning with a digit
      --> release.toml:17:8
       |
    17 | "1A" = "x"
       |        ^^^
    error: `../ours.wasm` names no plugin; write a bundled one (`check-readiness`), a file
           (`./plugins/ours.wasm`) or `REPOSITORY@sha256:…`
      --> release.toml:20:10
       |
    20 | plugin = "../ours.wasm"
       |          ^^^^^^^^^^^^^^
    error: the key `plugin` is missing
      --> release.toml:22:1
       |
    22 | [checks.ready]
       | ^^^^^^^^^^^^^^
    error: `soon` is not a duration; write `"500ms"`, `"15s"`, `"2m"` or `"1h 30m"`
      --> release.toml:23:12
       |
    23 | deadline = "soon"
       |            ^^^^^^
    error: `../x` is not a name here: at most 63 lower-case letters, digits, `-` and `_`, beginning with
           a letter or a digit
      --> release.toml:25:1
       |
    25 | [checks."../x"]
       | ^^^^^^^^^^^^^^^
    error: unknown word `wam`; the known ones are `refuse`, `warn`
      --> release.toml:27:12
       |
    27 | on-error = "wam"
       |            ^^^^^
    error: `0s` is not between `1ms` and `24h`
      --> release.toml:28:12
       |
    28 | interval = "0s"
       |            ^^^^
    error: `UAT` is not an environment's name: at most 63 lower-case letters, digits, `-` and `_`,
           beginning with a letter or a digit
      --> release.toml:30:1
       |
    30 | [environments.UAT]
       | ^^^^^^^^^^^^^^^^^^
    error: unknown key `plugn`; the known keys here are `plugin`, `with`, `deadline`, `interval`,
           `on-error`, `on-inconclusive`, `enabled`
      --> release.toml:31:14
       |
    31 | checks.ready.plugn = "check-image"
       |              ^^^^^
    hint: did you mean `plugin`?
    error: an environment has no key `artifacts`; the known keys here are `variables`, `secrets`,
           `policy`, `strategy`, `checks`, `smoke`, `recorders`, `watch`, `watch-every`,
           `on-watch-failure`, `on-drift`
      --> release.toml:34:1
       |
    34 | artifacts = {}
       | ^^^^^^^^^
    hint: `artifacts` is the same in every environment, so that the very same release can be promoted
    error: `48h` is not between `1ms` and `24h`
      --> release.toml:35:23
       |
    35 | policy = { deadline = "48h" }
       |                       ^^^^^
    "#);
}

#[test]
fn a_script_gets_all_of_them() {
    let fact = ErrorFact::from(&fault("aplication = \"kudos\"\nstrategy.plugin = \"../x\"\n"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&fact).unwrap(), @r#"
    {
      "error": "release.toml:1:1: unknown key `aplication`; the known keys here are `application`, `version`, `version-file`, `watch`, `watch-every`, `on-watch-failure`, `on-drift`, `artifacts`, `variables`, `secrets`, `migration`, `policy`, `strategy`, `checks`, `smoke`, `recorders`\nrelease.toml:2:19: `../x` names no plugin; write a bundled one (`check-readiness`), a file (`./plugins/ours.wasm`) or `REPOSITORY@sha256:…`",
      "caused-by": [],
      "hint": "did you mean `application`?",
      "place": {
        "file": "release.toml",
        "line": 1,
        "column": 1
      },
      "problems": [
        {
          "error": "unknown key `aplication`; the known keys here are `application`, `version`, `version-file`, `watch`, `watch-every`, `on-watch-failure`, `on-drift`, `artifacts`, `variables`, `secrets`, `migration`, `policy`, `strategy`, `checks`, `smoke`, `recorders`",
          "hint": "did you mean `application`?",
          "place": {
            "file": "release.toml",
            "line": 1,
            "column": 1
          }
        },
        {
          "error": "`../x` names no plugin; write a bundled one (`check-readiness`), a file (`./plugins/ours.wasm`) or `REPOSITORY@sha256:…`",
          "place": {
            "file": "release.toml",
            "line": 2,
            "column": 19
          }
        }
      ],
      "exit": 3
    }
    "#);
    let one = ErrorFact::from(&fault("application = \"kudos\"\nstrategy.plugin = \"../x\"\n"));
    assert!(one.problems.is_empty() && !serde_json::to_string(&one).unwrap().contains("problems"));
}

#[test]
fn nothing_is_told_that_follows_from_another_mistake() {
    let with = |more: &str| format!("application = \"kudos\"\nstrategy.plugin = \"strategy-compose\"\n{more}");
    for (text, only) in [
        // Neither is a key missing that is there and wrong, nor one that is spelt wrong.
        (with("[checks.a]\nplugin = 5"), "4:10: invalid type"),
        (with("[checks.a]\nplugn = \"check-image\""), "4:1: unknown key `plugn`"),
        ("aplication = \"Kudos!\"\nstrategy.plugin = \"x\"".to_owned(), "1:1: unknown key `aplication`"),
        // The tag is judged with the version file, and the file with the tag.
        (with("[artifacts.a]\nimage = \"a/b\"\ntag = \"v{version}\"\nversion-file = 5"), "6:16: invalid type"),
        (with("[artifacts.a]\nimage = 5\ntag = \"v1\""), "4:9: invalid type"),
        (with("[artifacts.a]\nimage = 5\n[artifacts.b]\nimage = \"a/b\""), "4:9: invalid type"),
        // What is wrong in the rest is wrong in each environment, and told once.
        (
            with("[checks.a]\nplugin = \"../x\"\n[environments.one]\n[environments.two]\n"),
            "4:10: `../x` names no plugin",
        ),
        (with("[checks.a]\n[environments.one]\n[environments.two]\n"), "3:1: the key `plugin` is missing"),
        // A table that may not be there is not read.
        (with("[environments.uat.artifacts.a]\nimage = 5"), "3:19: an environment has no key"),
    ] {
        let told = told(&text);
        assert!(told.len() == 1 && told[0].starts_with(only), "{text}\n{told:?}");
    }
}

#[test]
fn a_mistake_of_an_environment_is_told_beside_those_of_the_rest() {
    let text = "application = \"kudos\"\nstrategy.plugin = \"x\"\n[checks.a]\nplugin = \"../x\"\n[environments.one]\n\
                checks.a.deadline = \"0s\"\n[environments.two]\nchecks.b = {}\nrecorders = 5\n";
    assert_eq!(
        told(text),
        [
            "4:10: `../x` names no plugin; write a bu",
            "6:21: `0s` is not between `1ms` and `24h",
            "8:12: the key `plugin` is missing",
            "9:13: invalid type: integer `5`, expecte",
        ]
    );
}

#[test]
fn many_environments_and_many_mistakes_end() {
    let checks = (0..400).fold(String::new(), |mut text, number| {
        writeln!(text, "[checks.c{number}]\nplugin = {number}\n[environments.e{number}]\nx = 1").unwrap();
        text
    });
    let fault = fault(&format!("application = \"kudos\"\nstrategy.plugin = \"x\"\n{checks}"));
    assert_eq!(fault.error().parts().len(), 50);
    assert!(error::page(&ErrorFact::from(&fault), 100).render(false).ends_with("and 30 more\n"));
}
