//! Plan files of this host: sealed with its key, and accepted only when everything in them fits.

use windlass_capability::secrets::HostKey;
use windlass_config::Releases;
use windlass_deployment::seal::{Seal, content, difference, digests};
use windlass_deployment::{BackendError, PlanFile};
use windlass_foundation::explain::FailureKind;
use windlass_release::bundle::Bundles;
use windlass_release::resolve::recheck;

/// What the host's key is used for here, so that a code of another use is none of this.
const USE: &str = "windlass plan file";

/// Puts the seal on a plan.
pub(super) fn seal(key: &HostKey, file: PlanFile) -> Result<PlanFile, BackendError> {
    let fields = digests(&file).map_err(|error| BackendError::unforeseen(&error))?;
    let code = key.code(USE, &content(&fields));
    Ok(PlanFile { seal: Some(Seal { fields, code }), ..file })
}

/// Whether a plan is what this host's agent made.
pub(super) fn vouch(
    key: &HostKey,
    bundles: &Bundles,
    releases: &Releases,
    file: &PlanFile,
) -> Result<(), BackendError> {
    let stored = bundles.load(&file.release.bundle.digest).map_err(|error| BackendError::of(&error))?;
    recheck(&file.release, &stored).map_err(|mismatch| forged(&mismatch.to_string()))?;
    let Some(seal) = &file.seal else { return Err(forged("`seal` is missing")) };
    let found = digests(file).map_err(|error| BackendError::unforeseen(&error))?;
    if !key.is_code(USE, &content(&seal.fields), &seal.code) {
        let field = difference(&seal.fields, &found).unwrap_or_else(|| "seal".to_owned());
        return Err(forged(&format!("`{field}` was not made by this host's agent, or its key was made anew since")));
    }
    if let Some(field) = difference(&seal.fields, &found) {
        return Err(forged(&format!("`{field}` is not what was planned")));
    }
    // The operator may trust another key by now.
    if let Some(document) = &file.document
        && releases.require_signature
        && !document.signer.as_ref().is_some_and(|signer| releases.keys.contains(signer))
    {
        return Err(refused(format!(
            "the plan's release is from {}, which no trusted key has signed",
            document.origin
        )));
    }
    Ok(())
}

fn forged(what: &str) -> BackendError {
    refused(format!("the plan was changed after it was made: {what}"))
}

fn refused(message: String) -> BackendError {
    let hint = "make it again with `windlass plan APP --out FILE`; nothing of it was used";
    BackendError::new(FailureKind::Refused, message).with_hint(hint)
}

/// What a stranger made up is never believed.
///
/// # Panics
/// When a plan without this host's code is taken.
#[cfg(any(test, fuzzing))]
pub fn plan_file(input: &[u8]) {
    let Ok(file) = serde_json::from_slice::<PlanFile>(input) else { return };
    let key = HostKey::from_bytes(&[7; 32]);
    let bundles = Bundles::new(std::path::Path::new("/nowhere"));
    let said = vouch(&key, &bundles, &Releases::default(), &file).map_err(|error| error.message());
    assert!(said.as_ref().is_err_and(|message| message.len() < 4_000), "{said:?}");
    // What is refused before the seal is looked at must not be what alone holds it up.
    let found = digests(&file).map(|found| content(&found)).unwrap_or_default();
    assert!(file.seal.is_none_or(|seal| !key.is_code(USE, &found, &seal.code)));
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};
    use windlass_deployment::FromDocument;
    use windlass_release::resolve::id;

    use super::*;

    const FILE: &str = "application = \"kudos\"\n[artifacts.web]\nimage = \"registry.example/web\"\ntag = \"1\"\n\
                        [variables]\nPORT = \"80\"\n[strategy]\nplugin = \"strategy-compose\"\n";

    struct Ground {
        bundles: Bundles,
        key: HostKey,
        file: PlanFile,
        _state: tempfile::TempDir,
    }

    impl Ground {
        fn new() -> Self {
            let state = tempfile::tempdir().unwrap();
            let team = tempfile::tempdir().unwrap();
            fs::write(team.path().join("release.toml"), FILE).unwrap();
            let bundles = Bundles::new(state.path());
            let kept = bundles.keep(team.path()).unwrap();
            let digest = format!("sha256:{}", "ab".repeat(32));
            let mut release = json!({
                "format": 1, "id": "", "application": "kudos", "version": "1", "inputs": { "PORT": "80" },
                "artifacts": { "web": { "repository": "registry.example/web", "tag": "1", "digest": digest } },
                "bundle": kept.bundle,
            });
            release["id"] = id(&serde_json::from_value(release.clone()).unwrap()).into();
            let step = json!({ "id": "web", "title": "make web", "phase": "apply", "changes": true, "details": { "share": 0.1 } });
            let file = json!({
                "format": 2, "application": "kudos", "environment": "uat", "release": release,
                "observation": { "format": 1, "fingerprint": "f", "parts": [] },
                "plan": { "format": 1, "fingerprint": "f", "steps": [step], "changes": [], "way-back": [] },
            });
            let key = HostKey::from_bytes(&[7; 32]);
            let file = seal(&key, serde_json::from_value(file).unwrap()).unwrap();
            Self { bundles, key, file, _state: state }
        }

        fn said(&self, file: &PlanFile) -> String {
            match vouch(&self.key, &self.bundles, &Releases::default(), file) {
                Ok(()) => "vouched".to_owned(),
                Err(error) => {
                    assert!(matches!(error.kind(), FailureKind::Refused | FailureKind::NotFound), "{error:?}");
                    error.message()
                }
            }
        }

        /// The plan with one value exchanged. With `again`, the release's id is made anew from the changed release.
        fn forged(&self, pointer: &str, value: &Value, again: bool) -> String {
            let mut text = serde_json::to_value(&self.file).unwrap();
            let (above, last) = pointer.rsplit_once('/').unwrap();
            match text.pointer_mut(above).unwrap() {
                Value::Array(items) => items[last.parse::<usize>().unwrap()] = value.clone(),
                above => above[last] = value.clone(),
            }
            let mut file: PlanFile = serde_json::from_value(text).unwrap();
            if again {
                file.release.id = id(&file.release);
            }
            self.said(&file)
        }
    }

    #[test]
    fn a_plan_is_believed_as_it_was_made_and_in_no_other_form() {
        let ground = Ground::new();
        let text = serde_json::to_string_pretty(&ground.file).unwrap();
        assert_eq!(ground.said(&serde_json::from_str(&text).unwrap()), "vouched");
        let other = json!(format!("sha256:{}", "cd".repeat(32)));
        for (pointer, value, again, field) in [
            ("/release/id", other.clone(), false, "`release.id`"),
            ("/release/version", json!("2"), false, "`release.id`"),
            ("/release/version", json!("2"), true, "`release.version`"),
            ("/release/version", json!("a b"), true, "`release.version`"),
            ("/release/commit", json!("1ef921a"), true, "`release.version`"),
            ("/release/application", json!("shop"), true, "`release.application`"),
            ("/release/inputs/PORT", json!("81"), true, "`release.inputs`"),
            ("/release/artifacts/web/digest", other.clone(), false, "`release.id`"),
            ("/release/artifacts/web/digest", other, true, "`release`"),
            ("/release/artifacts/web/repository", json!("registry.example/evil"), true, "`release.artifacts.web`"),
            ("/release/bundle/files", json!({}), true, "`release.bundle.files`"),
            ("/release/bundle/programs", json!(["release.toml"]), false, "`release.bundle.programs`"),
            ("/release/migration", json!({ "irreversible": false }), true, "`release.migration`"),
            ("/plan/steps/0/title", json!("make nothing"), false, "`plan`"),
            ("/plan/steps", json!([]), false, "`plan`"),
            ("/observation/fingerprint", json!("g"), false, "`observation`"),
            ("/environment", json!("production"), false, "`environment`"),
            ("/application", json!("shop"), false, "`application`"),
            ("/unbound", json!("x"), false, "`unbound`"),
            ("/document", json!({ "origin": "x" }), false, "`document`"),
            ("/seal/fields/plan", json!("sha256:0"), false, "`plan`"),
            ("/seal/code", json!("00"), false, "`seal`"),
            ("/seal", Value::Null, false, "`seal`"),
        ] {
            let said = ground.forged(pointer, &value, again);
            assert!(said.contains("changed after it was made") && said.contains(field), "{pointer}: {said}");
        }
        let mut file = ground.file.clone();
        file.release.bundle.digest = format!("sha256:{}", "0".repeat(64));
        assert!(ground.said(&file).contains("is not on this host"));
        // Another host's key, and a whole seal of another plan.
        let elsewhere = seal(&HostKey::from_bytes(&[8; 32]), PlanFile { seal: None, ..ground.file.clone() }).unwrap();
        assert!(ground.said(&elsewhere).contains("`seal` was not made by this host's agent"));
    }

    #[test]
    fn a_plan_of_a_document_needs_the_signature_that_is_required_now() {
        let ground = Ground::new();
        let of = |signer: Option<&str>| {
            let document = FromDocument { origin: "kudos.json".to_owned(), signer: signer.map(str::to_owned) };
            seal(&ground.key, PlanFile { document: Some(document), seal: None, ..ground.file.clone() }).unwrap()
        };
        let required = Releases { keys: vec!["RWnew".to_owned()], require_signature: true, ..Releases::default() };
        let judge = |file: &PlanFile, releases: &Releases| vouch(&ground.key, &ground.bundles, releases, file);
        assert!(judge(&of(None), &Releases::default()).is_ok());
        assert!(judge(&of(Some("RWnew")), &required).is_ok());
        for signer in [None, Some("RWold")] {
            let message = judge(&of(signer), &required).unwrap_err().message();
            assert!(message.contains("no trusted key has signed"), "{message}");
        }
    }
}
