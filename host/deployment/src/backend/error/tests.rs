//! What survives of an error on its way into the journal and back.

use super::*;

#[derive(Debug, thiserror::Error)]
#[error("release.toml:2:7: cannot read the release of `kudos`")]
struct Outer(#[source] Inner);

#[derive(Debug, thiserror::Error)]
#[error("there is no key `polcy`")]
struct Inner;

impl Explain for Outer {
    fn exit(&self) -> ExitCode {
        ExitCode::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some("did you mean `policy`?".to_owned())
    }

    fn place(&self) -> Option<Place> {
        Some(place("release.toml", 2, 7, "polcy = \"hunter2\""))
    }
}

fn place(file: &str, line: usize, column: usize, text: &str) -> Place {
    Place { file: file.to_owned(), line, column, length: 5, text: text.to_owned() }
}

fn stored(failure: &Failure) -> Value {
    serde_json::to_value(failure).unwrap()
}

#[test]
fn an_error_keeps_its_causes_and_its_line_and_the_journal_gets_one_sentence_and_the_place() {
    let error = BackendError::of(&Outer(Inner));
    assert_eq!(error.to_string(), "release.toml:2:7: cannot read the release of `kudos`");
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!((cause.to_string().as_str(), cause.source().is_none()), ("there is no key `polcy`", true));
    assert_eq!(error.place(), Outer(Inner).place());
    assert_eq!((error.exit(), error.hint()), (ExitCode::Configuration, Outer(Inner).hint()));
    assert!(error.parts().is_empty(), "one is the error itself");
    let failure = Failure::from(&error);
    insta::assert_snapshot!(serde_json::to_string_pretty(&failure).unwrap(), @r#"
    {
      "code": "invalid-config",
      "message": "release.toml:2:7: cannot read the release of `kudos`: there is no key `polcy`",
      "retryable": false,
      "details": {
        "problems": [
          {
            "message": "cannot read the release of `kudos`: there is no key `polcy`",
            "hint": "did you mean `policy`?",
            "file": "release.toml",
            "line": 2,
            "column": 7
          }
        ],
        "hint": "did you mean `policy`?"
      }
    }
    "#);
    // What comes back has all but the line, and the causes are part of the sentence.
    let back = BackendError::from(failure.clone());
    assert_eq!(back.place(), Some(Place { length: 1, ..place("release.toml", 2, 7, "") }));
    assert_eq!((back.hint(), back.message()), (error.hint(), error.message()));
    assert_eq!(Failure::from(&back), failure);
    let shown = back.with_lines(|place| Some(format!("line {}", place.line)));
    assert_eq!(shown.place().unwrap().text, "line 2");
    assert!(!serde_json::to_string(&Failure::from(shown)).unwrap().contains("line 2"));
}

#[test]
fn a_failure_of_a_plugin_comes_back_as_it_was() {
    let problem = |line: u64| serde_json::json!({ "message": "m", "hint": null, "file": "compose.yaml", "line": line, "column": 1 });
    let details = [
        None,
        Some(serde_json::json!({})),
        Some(serde_json::json!("left out: its details have 9 bytes")),
        Some(serde_json::json!({ "retry-after": 60 })),
        Some(serde_json::json!({ "grant": "[[grants]]\n", "denied": ["no"] })),
        Some(serde_json::json!({ "hint": "look", "log": ["a", "b"] })),
        Some(serde_json::json!({ "hint": 5, "problems": "none" })),
        Some(serde_json::json!({ "problems": [problem(1)], "hint": "look" })),
        Some(serde_json::json!({ "problems": [problem(1), problem(2)] })),
        Some(serde_json::json!({ "problems": [{ "file": "no message" }] })),
    ];
    for (code, details) in ["timeout", "plugin:unhealthy", "of-tomorrow"]
        .into_iter()
        .flat_map(|code| details.iter().map(move |details| (code, details.clone())))
    {
        for retryable in [false, true] {
            let failure =
                Failure { code: code.to_owned(), message: "m".to_owned(), retryable, details: details.clone() };
            assert_eq!(stored(&BackendError::from(failure.clone()).into()), stored(&failure));
        }
    }
}

#[test]
fn each_place_of_several_mistakes_is_kept_and_a_step_in_front_changes_none() {
    let part = |line| Part { text: format!("mistake {line}"), place: Some(place("a", line, 1, "x")), hint: None };
    let error = BackendError::new(FailureKind::InvalidConfig, "two").with_problems(vec![part(1), part(2)]);
    let error = error.with_place(place("b", 9, 9, "")).reworded(|message| format!("start web: {message}"));
    assert_eq!((error.message().as_str(), error.place()), ("start web: two", None));
    assert_eq!(error.parts(), [part(1), part(2)]);
}

#[test]
fn the_text_of_an_error_about_what_a_file_names_begins_with_the_place() {
    let error = BackendError::of(&Outer(Inner)).at(place("other.toml", 1, 1, ""));
    assert!(error.message().starts_with("other.toml:1:1: release.toml:2:7: "), "{}", error.message());
    assert_eq!(error.place().unwrap().file, "release.toml", "it says itself where");
    let error = BackendError::internal("it is not there").at(place("release.toml", 3, 10, ""));
    assert_eq!(error.message(), "release.toml:3:10: it is not there");
    assert_eq!(Failure::from(error).details.unwrap()["problems"][0]["message"], "it is not there");
}
