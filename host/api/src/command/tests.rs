//! Commands as JSON: what is written is read again, and what is no command is refused.

use super::*;

fn read(text: &str) -> Result<Command, String> {
    let command: Command = serde_json::from_str(text).map_err(|error| error.to_string())?;
    command.validate().map(|()| command)
}

#[test]
fn a_command_is_written_and_read_again_as_it_was() {
    let command = Command::Deploy {
        subject: DeploymentSubject::Document {
            application: ApplicationRef::Path("./kudos".into()),
            document: Document {
                path: "kudos.json".into(),
                content: Content(b"{}".to_vec()),
                signature: Some(Content(vec![0, 255])),
            },
        },
        environment: Some("uat".to_owned()),
        manner: Manner { wait_ms: Some(90_000), reason: Some("the login".to_owned()), ..Manner::default() },
    };
    let text = serde_json::to_string(&command).unwrap();
    assert_eq!(
        text,
        r#"{"command":"deploy","subject":{"from":"document","application":"./kudos","document":{"path":"kudos.json","content":"e30=","signature":"AP8="}},"environment":"uat","manner":{"wait-ms":90000,"retry":false,"reason":"the login","break-glass":null}}"#
    );
    assert_eq!(serde_json::to_string(&read(&text).unwrap()).unwrap(), text);
}

#[test]
fn what_is_left_out_is_what_the_command_line_takes() {
    let text = r#"{"command":"deploy","subject":{"from":"files","application":"kudos"}}"#;
    let Command::Deploy {
        subject: DeploymentSubject::Files { application, bundle, versions, defaults },
        environment,
        manner,
    } = read(text).unwrap()
    else {
        panic!("{text}");
    };
    assert_eq!(application, ApplicationRef::Name("kudos".to_owned()));
    assert!(bundle.is_none() && versions.set.is_empty() && versions.commit.is_none() && !defaults);
    assert!(environment.is_none() && !manner.retry && manner.wait().is_none());
}

#[test]
fn a_bundle_is_of_an_application_that_is_named() {
    for text in [
        r#"{"command":"plan","subject":{"from":"files","application":"kudos","bundle":"AP8="}}"#,
        r#"{"command":"config","application":"kudos","bundle":"AP8="}"#,
        r#"{"command":"release-create","application":"kudos","bundle":"AP8="}"#,
    ] {
        let command = read(text).unwrap();
        let (application, content) = command.bundle().unwrap();
        assert_eq!((application.to_string().as_str(), &content.0[..]), ("kudos", &[0, 255][..]), "{text}");
    }
    assert!(read(r#"{"command":"config","application":"kudos"}"#).unwrap().bundle().is_none());
}

#[test]
fn what_is_no_command_and_no_name_is_refused() {
    for wrong in [
        r#"{"command":"deploy","subject":{"from":"files","application":"kudos;id"}}"#,
        r#"{"command":"deploy","subject":{"from":"files","application":"kudos","versions":{"commit":"$(id)"}}}"#,
        r#"{"command":"deploy","subject":{"from":"files","application":"kudos","versions":{"set":{"../x":"v1"}}}}"#,
        r#"{"command":"deploy","subject":{"from":"files","application":"kudos","versions":{"set":{"web":"v 1"}}}}"#,
        r#"{"command":"deploy","subject":{"from":"files","application":"kudos"},"environment":"u at"}"#,
        r#"{"command":"deploy","subject":{"from":"files","application":"kudos"},"force":true}"#,
        r#"{"command":"rollback","application":"kudos","to":"a b"}"#,
        r#"{"command":"release-show","application":"../kudos"}"#,
        r#"{"command":"trigger","trigger":"a/b","message":""}"#,
        r#"{"command":"trigger","trigger":"uat","message":"no base64"}"#,
        r#"{"command":"show","deployment":"a\nb"}"#,
        r#"{"command":"deploy","subject":{"from":"files","application":"./kudos","bundle":"AA=="}}"#,
        r#"{"command":"deploy","subject":{"from":"files","application":"kudos","bundle":"-"}}"#,
        r#"{"command":"deploy","subject":{"from":"rollback","application":"kudos","bundle":"AA=="}}"#,
        r#"{"command":"config","application":"/srv/kudos","bundle":"AA=="}"#,
        r#"{"command":"release-create","application":"kudos","bundle":"AA==","build":{"deadline-ms":1}}"#,
        r#"{"command":"erase"}"#,
        r#"{"command":"status","application":null,"environment":"uat"}"#,
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
