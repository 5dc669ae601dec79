//! From requests to releases, with an engine of the test's own; registries have their own tests.

use std::collections::BTreeMap;

use futures::FutureExt as _;
use proptest::prelude::*;
use serde_json::json;
use windlass_foundation::explain::Explain as _;

use super::*;

/// An engine that has the images of a list.
struct Engine(BTreeMap<String, String>);

impl LocalImages for Engine {
    fn image_id<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Option<String>, Failure>> {
        let known = self.0.get(reference).cloned();
        async move {
            if reference.contains("broken") {
                let details = Some(json!({"hint": "start the engine"}));
                let message = "the engine does not run".into();
                return Err(Failure { code: "unavailable".into(), message, retryable: true, details });
            }
            Ok(known)
        }
        .boxed()
    }
}

fn digest(seed: u8) -> String {
    format!("sha256:{}", format!("{seed:02x}").repeat(32))
}

fn engine() -> Engine {
    let known = [
        ("app.local/backend:v1", 1),
        ("app.local/backend:v2", 2),
        ("app.local/web:v1", 3),
        ("app.local/web:1ef921a", 4),
    ];
    let mut known: BTreeMap<String, String> = known.map(|(name, seed)| (name.to_owned(), digest(seed))).into();
    known.insert(digest(1), digest(1));
    Engine(known)
}

fn file(artifacts: &str) -> ReleaseFile {
    let text = format!(
        "application = \"kudos\"\n[strategy]\nplugin = \"strategy-compose\"\n[variables]\nLOG_LEVEL = \"info\"\n{artifacts}"
    );
    ReleaseFile::parse(text.as_bytes(), "release.toml").unwrap()
}

const TWO: &str = r#"
[artifacts.backend]
image = "app.local/backend"
tag = "v1"
local = true
[artifacts.web]
image = "app.local/web"
tag = "v1"
local = true
"#;

fn bundle() -> Bundle {
    Bundle { digest: digest(9), files: BTreeMap::from([("release.toml".to_owned(), digest(8))]), programs: None }
}

fn request(versions: &[(&str, &str)], commit: Option<&str>) -> VersionRequest {
    let versions = versions.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect();
    VersionRequest { versions, commit: commit.map(str::to_owned), ..VersionRequest::default() }
}

async fn make(file: &ReleaseFile, request: &VersionRequest) -> Result<Release, ResolveError> {
    resolve(file, bundle(), request, &Registries::default(), &engine()).await
}

async fn refusal(artifacts: &str, request: &VersionRequest) -> String {
    let error = make(&file(artifacts), request).await.unwrap_err();
    let source = std::error::Error::source(&error).map(|source| format!("\ncaused by: {source}")).unwrap_or_default();
    let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    format!("error: {error}{source}{hint}\n{:?}", error.exit())
}

#[tokio::test]
async fn makes_a_release() {
    let release = make(&file(TWO), &request(&[("backend", "v2")], None)).await.unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&release).unwrap(), @r#"
    {
      "format": 1,
      "id": "sha256:0d2c93a9ccc2fc2afa1d73e7c7626f18201b2c838dba29147233918e82fb43f4",
      "application": "kudos",
      "version": "backend=v2,web=v1",
      "artifacts": {
        "backend": {
          "repository": "app.local/backend",
          "tag": "v2",
          "digest": "sha256:0202020202020202020202020202020202020202020202020202020202020202",
          "local": true
        },
        "web": {
          "repository": "app.local/web",
          "tag": "v1",
          "digest": "sha256:0303030303030303030303030303030303030303030303030303030303030303",
          "local": true
        }
      },
      "inputs": {
        "LOG_LEVEL": "info"
      },
      "bundle": {
        "digest": "sha256:0909090909090909090909090909090909090909090909090909090909090909",
        "files": {
          "release.toml": "sha256:0808080808080808080808080808080808080808080808080808080808080808"
        }
      }
    }
    "#);
}

#[tokio::test]
async fn a_version_of_a_file_is_the_tag_unless_another_is_given() {
    let artifacts = TWO.replace("tag = \"v1\"", "version-file = \"package.json\"\ntag = \"v{version}\"");
    let of = async |versions: &[(&str, &str)], version: &str| {
        let of_files = [("backend", version), ("web", version)].map(|(name, text)| (name.to_owned(), text.to_owned()));
        let request = VersionRequest { of_files: of_files.into(), ..request(versions, None) };
        make(&file(&artifacts), &request).await.map(|release| release.version).map_err(|error| error.to_string())
    };
    assert_eq!(of(&[], "1").await.unwrap(), "v1");
    assert_eq!(of(&[("backend", "v2")], "1").await.unwrap(), "backend=v2,web=v1");
    assert!(of(&[], "no tag").await.unwrap_err().contains("gives no version"));
}

#[tokio::test]
async fn calls_a_release_as_people_do() {
    let label =
        async |artifacts: &str, request: VersionRequest| make(&file(artifacts), &request).await.unwrap().version;
    assert_eq!(label(TWO, VersionRequest::default()).await, "v1", "all have it");
    assert_eq!(label(TWO, request(&[("backend", "v2")], None)).await, "backend=v2,web=v1");
    assert_eq!(label("", VersionRequest::default()).await, "090909090909", "no artifact: the files");
    assert_eq!(
        label(TWO, request(&[("backend", &digest(1)), ("web", "v1")], None)).await,
        "backend=010101010101,web=v1"
    );
    let commit = "1EF921Acccccccccccccccccccccccccccccccccc";
    assert_eq!(label(TWO, request(&[], Some(commit))).await, "1ef921a");
    assert_eq!(label(TWO, request(&[("backend", "v2")], Some(commit))).await, "1ef921a,backend=v2");

    let followed = TWO.replacen("app.local/web\"\ntag = \"v1\"", "app.local/web\"\ntag = \"{commit}\"", 1);
    let release = make(&file(&followed), &request(&[], Some("1ef921a"))).await.unwrap();
    assert_eq!(release.artifacts["web"].digest, digest(4));
    assert_eq!(release.artifacts["backend"].tag.as_deref(), Some("v1"));
}

#[tokio::test]
async fn says_why_a_request_gives_no_release() {
    let set = |name, version| request(&[(name, version)], None);
    let mut errors = vec![
        refusal(TWO, &set("backand", "v2")).await,
        refusal("", &set("backend", "v2")).await,
        refusal(TWO, &set("backend", "")).await,
        refusal(TWO, &set("backend", "v 2")).await,
        refusal(TWO, &request(&[], Some("main"))).await,
        refusal(TWO, &set("backend", "v9")).await,
        refusal(&TWO.replace("tag = \"v1\"", ""), &VersionRequest::default()).await,
        refusal(&TWO.replace("v1", "{commit}"), &set("web", "v1")).await,
        refusal(&TWO.replace("local/web", "local/broken"), &VersionRequest::default()).await,
    ];
    let port = windlass_stage::free_port().unwrap();
    let remote = format!("[artifacts.backend]\nimage = \"127.0.0.1:{port}/backend\"\ntag = \"v1\"");
    errors.push(refusal(&remote, &VersionRequest::default()).await.replace(&port.to_string(), "PORT"));
    insta::assert_snapshot!(errors.join("\n\n"), @"
    error: `--set backand=…` names no artifact of `kudos`
    hint: did you mean `backend`? known: backend, web
    Usage

    error: `--set backend=…` names no artifact of `kudos`
    hint: the release file has no `[artifacts.NAME]` at all
    Usage

    error: `--set backend=…` gives no version
    caused by: `app.local/backend:` is not the name of an image: the tag is empty
    Usage

    error: `--set backend=…` gives no version
    caused by: `app.local/backend:v 2` is not the name of an image: `v 2` is not a tag; those are letters, digits, `_`, `.` and `-`, and begin with neither of the last two
    Usage

    error: `main` is not a commit: 7 to 64 hexadecimal digits
    Usage

    error: the engine has no image `app.local/backend:v9` for the artifact `backend`
    hint: build it on this host, with `windlass release create --build` where the application's files say how, or leave out `local = true` to have it from its registry
    NotFound

    error: nothing says which version of `backend`, `web` to deploy
    hint: give `--set backend=VERSION --set web=VERSION`, or write a `tag` into the release file
    Usage

    error: the tag of `backend` is made from the commit, and none was given
    hint: give `--commit SHA`, or `--set backend=VERSION`
    Usage

    error: cannot look for the artifact `web` in the engine: the engine does not run
    hint: start the engine
    Unavailable

    error: cannot resolve the artifact `backend`
    caused by: registry `127.0.0.1:PORT` is unavailable: Connection refused (os error 111)
    Unavailable
    ");
}

proptest! {
    #[test]
    fn the_same_inputs_give_the_same_id_and_others_another(
        variables in proptest::collection::btree_map("[A-Z]{1,6}", "\\PC{0,12}", 0..4),
        backend in 0_u8..4,
        commit in proptest::option::of("[0-9a-f]{7}"),
    ) {
        let release = |variables: &BTreeMap<String, String>, backend: u8, commit: &Option<String>| {
            let artifact = Artifact { repository: "r/b".into(), tag: None, digest: digest(backend), local: false };
            let mut release = Release {
                format: RELEASE_FORMAT,
                id: String::new(),
                application: "kudos".into(),
                version: "v1".into(),
                commit: commit.clone(),
                artifacts: BTreeMap::from([("backend".to_owned(), artifact)]),
                inputs: variables.clone(),
                bundle: bundle(),
                migration: None,
            };
            release.id = identity::id(&release);
            release
        };
        let one = release(&variables, backend, &commit);
        prop_assert_eq!(&one, &release(&variables, backend, &commit));
        let read: Release = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
        prop_assert_eq!(identity::id(&read), one.id.clone(), "stored and read again");
        let mut more = variables.clone();
        more.insert("ZZZZZZZ".into(), String::new());
        let others = [release(&more, backend, &commit), release(&variables, backend + 1, &commit)];
        prop_assert!(others.iter().all(|other| other.id != one.id));
    }
}
