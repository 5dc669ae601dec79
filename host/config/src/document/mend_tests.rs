//! Files with several mistakes: all are told, and nothing that only follows from another.

use std::fmt::Write as _;

use serde::Deserialize;
use windlass_api::ErrorFact;
use windlass_foundation::explain::Explain as _;
use windlass_foundation::explain::ExplainedError;
use windlass_report::error;

use super::super::{Document, Spot};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(dead_code, reason = "only decoded")]
struct Ship {
    name: String,
    home: Port,
    #[serde(default)]
    crew_size: Option<Spot<u32>>,
    #[serde(default)]
    rig: Option<Rig>,
    #[serde(default)]
    hold: Vec<Hold>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
#[expect(dead_code, reason = "only decoded")]
struct Port {
    country: String,
    berths: Vec<Spot<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Rig {
    Sloop,
    Ketch,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only decoded")]
struct Hold {
    cargo: String,
}

fn shown(text: &str) -> String {
    let document = Document::from_text("ship.toml", text).unwrap();
    error::page(&ErrorFact::from(&ExplainedError::from(document.decode::<Ship>().unwrap_err())), 100).render(false)
}

/// The places and texts.
fn told(text: &str) -> Vec<String> {
    let document = Document::from_text("ship.toml", text).unwrap();
    let text = document.decode::<Ship>().unwrap_err().to_string();
    text.lines().map(|line| line.trim_start_matches("ship.toml:").to_owned()).collect()
}

#[test]
fn every_kind_of_mistake_is_shown_in_the_order_of_the_file() {
    insta::assert_snapshot!(shown(
        "crew-sise = 3\nrig = 'slop'\n[home]\nberths = [1, 'two', 3, -4]\n[[hold]]\ncargo = 5\n[[hold]]\n[[hold]]\nx = 1\n"
    ), @r#"
    error: the key `name` is missing
     --> ship.toml:1:1
      |
    1 | crew-sise = 3
      | ^
    error: unknown key `crew-sise`; the known keys here are `name`, `home`, `crew-size`, `rig`, `hold`
     --> ship.toml:1:1
      |
    1 | crew-sise = 3
      | ^^^^^^^^^
    hint: did you mean `crew-size`?
    error: unknown word `slop`; the known ones are `sloop`, `ketch`
     --> ship.toml:2:7
      |
    2 | rig = 'slop'
      |       ^^^^^^
    hint: did you mean `sloop`?
    error: the key `country` is missing
     --> ship.toml:3:1
      |
    3 | [home]
      | ^^^^^^
    error: invalid type: string "two", expected u32
     --> ship.toml:4:14
      |
    4 | berths = [1, 'two', 3, -4]
      |              ^^^^^
    error: invalid value: integer `-4`, expected u32
     --> ship.toml:4:24
      |
    4 | berths = [1, 'two', 3, -4]
      |                        ^^
    error: invalid type: integer `5`, expected a string
     --> ship.toml:6:9
      |
    6 | cargo = 5
      |         ^
    error: the key `cargo` is missing
     --> ship.toml:7:1
      |
    7 | [[hold]]
      | ^^^^^^^^
    error: the key `cargo` is missing
     --> ship.toml:8:1
      |
    8 | [[hold]]
      | ^^^^^^^^
    error: unknown key `x`; the known keys here are `cargo`
     --> ship.toml:9:1
      |
    9 | x = 1
      | ^
    "#);
}

#[test]
fn nothing_is_told_that_follows_from_another_mistake() {
    // Each value is wrong, so that its key would be missing without it.
    assert_eq!(
        told("name = 1\nhome = 2"),
        ["1:8: invalid type: integer `1`, expected a string", "2:8: invalid type: integer `2`, expected a table"]
    );
    // A key that was meant to be another is not that key missing too, and what is in it is not judged.
    assert_eq!(told("nmae = 5\n[hoem]\ncountri = 'x'").len(), 2);
    // A table that is missing is told, and not what it would need.
    assert_eq!(told("name = 'x'"), ["1:1: the key `home` is missing"]);
    assert_eq!(told(""), ["1:1: the key `home` is missing", "1:1: the key `name` is missing"]);
    // Headings that share a place: only `home` lacks its keys.
    let mistakes = told("name = 'x'\n[home.country]\nx = 1");
    assert_eq!(mistakes.len(), 2, "{mistakes:?}");
}

#[test]
fn an_error_of_the_grammar_stays_alone() {
    assert_eq!(told("name = 1\nx = \n[[hold]]\n").len(), 1);
    assert_eq!(told("name = 1\nname = 2\nnmae = 3"), ["2:1: duplicate key"]);
}

#[test]
fn of_many_mistakes_the_first_are_shown_and_the_rest_counted() {
    let text = (0..30).fold("name = 1\n".to_owned(), |mut text, number| {
        writeln!(text, "[[hold]]\ncargo = {number}").unwrap();
        text
    });
    let page = shown(&text);
    assert_eq!(page.matches("error: ").count(), 20, "{page}");
    assert!(page.ends_with("and 12 more\n"), "{page}");
}

#[test]
fn hostile_files_take_no_longer_than_they_may() {
    let keys = (0..40_000).fold(String::new(), |mut text, number| {
        writeln!(text, "k{number} = {{ a = [1] }}").unwrap();
        text
    });
    let line = format!("hold = [{}]", "{cargo = 1},".repeat(60_000));
    for text in [keys, "[[hold]]\n".repeat(100_000), line] {
        let document = Document::from_text("ship.toml", text).unwrap();
        let error = document.decode::<Ship>().unwrap_err();
        assert!((20..=50).contains(&error.parts().len()), "{}", error.parts().len());
    }
}
