//! A `build` section becomes arguments, or is refused by name.

use std::path::{Path, PathBuf};

use windlass_compose::{Options, load};
use windlass_foundation::explain::Explain as _;

use super::*;

const FILE: &str = "application = \"kudos\"\n[strategy]\nplugin = \"strategy-compose\"\n\
                    [artifacts.web]\nimage = \"kudos-web\"\ntag = \"{commit}\"\nlocal = true\n\
                    [artifacts.job]\nimage = \"registry.example/kudos/job\"\ntag = \"1\"\n";
const COMMIT: &str = "1ef921a71ef921a71ef921a71ef921a71ef921a7";

/// A release's directory, with another beside it.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        for file in
            ["app/Dockerfile", "app/web/Dockerfile", "app/web/prod.Dockerfile", "app/token", "beside/Dockerfile"]
        {
            let path = place.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "FROM scratch\n").unwrap();
        }
        std::os::unix::fs::symlink("../beside", place.path().join("app/out")).unwrap();
        Self(place)
    }

    fn root(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap().join("app")
    }

    fn builds(&self, text: &str) -> Result<Vec<Build>, BuildError> {
        let variables = [("TOKEN", "[secret shop-token]"), ("LEVEL", "info")];
        let options = Options {
            variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..Options::default()
        };
        let files = BTreeMap::from([("compose.yaml".to_owned(), text.as_bytes().to_vec())]);
        let application = load(&files, &options).unwrap().application;
        builds(&Inputs {
            application: &application,
            file: &ReleaseFile::parse(FILE.as_bytes(), "release.toml").unwrap(),
            project: "kudos",
            root: &self.root(),
            secrets: &[("[secret shop-token]".to_owned(), "shop-token".to_owned())],
            given: &|artifact| artifact == "given",
            version: COMMIT,
        })
    }

    fn arguments(&self, text: &str) -> String {
        let builds = self.builds(text).unwrap();
        let shown = builds.iter().map(|build| {
            let call = &build.call;
            let more = call.inline.iter().map(|inline| format!("inline {inline:?}"));
            let options = call.options.iter().cloned().chain(more).collect::<Vec<_>>().join(" ");
            format!("{} of {}: {options} {}", build.artifact, build.services.join(" "), call.context.display())
        });
        shown.collect::<Vec<_>>().join("\n").replace(&self.root().display().to_string(), "ROOT")
    }
}

#[test]
fn sections_become_arguments() {
    let place = Place::new();
    let text = "services: {web: {build: ./web}, db: {image: db}}";
    let web = format!("web of web: --tag=docker.io/library/kudos-web:{COMMIT} --file=ROOT/web/Dockerfile");
    assert_eq!(place.arguments(text), format!("{web} ROOT/web"));
    // The same twice is built once; an image is tied by its repository.
    let text = "services:\n  a: {image: registry.example/kudos/job:9, build: {context: .}}\n  \
                b: {image: registry.example/kudos/job, build: .}\n";
    let job = format!("job of a b: --tag=registry.example/kudos/job:{COMMIT} --file=ROOT/Dockerfile ROOT");
    assert_eq!(place.arguments(text), job);
    let text = r#"
services:
  web:
    platform: linux/amd64
    build:
      context: web
      dockerfile: prod.Dockerfile
      target: final
      args: { A: "b c", LEVEL: }
      labels: { l: "$$v" }
      network: none
      no_cache: true
      platforms: [linux/amd64, linux/amd64]
      pull: false
      shm_size: 64m
      cache_from: [kudos-web]
      extra_hosts: ["a:10.0.0.1"]
      ulimits: { nproc: 5, nofile: { soft: 1, hard: 2 } }
      ssh: { default: }
      additional_contexts: { base: docker-image://base, more: . }
      secrets: [file, { source: level, target: as }]
secrets:
  file: { file: ./token }
  level: { environment: LEVEL }
"#;
    let shown = place.arguments(text).replace(COMMIT, "COMMIT").replace(" --", "\n--");
    insta::assert_snapshot!(shown, @"
    web of web:
    --tag=docker.io/library/kudos-web:COMMIT
    --file=ROOT/web/prod.Dockerfile
    --target=final
    --network=none
    --shm-size=67108864
    --no-cache
    --cache-from=kudos-web
    --build-arg=A=b c
    --build-arg=LEVEL=info
    --label=l=$v
    --platform=linux/amd64
    --add-host=a:10.0.0.1
    --ulimit=nofile=1:2
    --ulimit=nproc=5
    --ssh=default
    --build-context=base=docker-image://base
    --build-context=more=ROOT
    --secret=id=file,src=ROOT/token
    --secret=id=as,env=WINDLASS_BUILD_SECRET_1 ROOT/web
    ");
    let build = &place.builds(text).unwrap()[0];
    assert_eq!(build.call.environment, [("WINDLASS_BUILD_SECRET_1".to_owned(), "info".to_owned())]);
    let text = "services: {web: {build: {context: ., dockerfile_inline: \"FROM scratch\\n\"}}}";
    assert!(place.arguments(text).ends_with("inline \"FROM scratch\\n\" ROOT"), "{}", place.arguments(text));
}

#[test]
fn what_cannot_be_built_is_refused_by_name() {
    let place = Place::new();
    for (build, words) in [
        ("../beside", "`services.web.build.context` is `../beside`, which is outside of the release's directory"),
        ("/srv", "`services.web.build.context` is `/srv`, which is outside"),
        ("./out", "which is outside of the release's directory"),
        ("./none", "`services.web.build.context` is `"),
        ("https://git.example.org/kudos.git", "which is outside of the release's directory"),
        ("{context: ., dockerfile: ../beside/Dockerfile}", "`services.web.build.dockerfile` is `"),
        ("{context: ., dockerfile: none}", "`services.web.build.dockerfile` is `"),
        ("{context: ., platforms: [linux/amd64, linux/arm64]}", "`services.web.build.platforms` names several"),
        ("{context: ., privileged: true}", "`services.web.build.privileged` is not passed on"),
        ("{context: ., entitlements: [network.host]}", "`services.web.build.entitlements` is not passed on"),
        ("{context: ., additional_contexts: {a: ../beside}}", "`services.web.build.additional_contexts.a`"),
        ("{context: ., args: {A: \"x${TOKEN}\"}}", "`services.web.build.args.A` holds the secret `shop-token`"),
        ("{context: ., labels: [\"a=${TOKEN}\"]}", "`services.web.build.labels.a` holds the secret"),
        ("{context: ., secrets: [gone]}", "names `gone`, which is neither a file"),
        ("{context: ., secrets: [token]}", "names `token`, which is a secret of the operator's"),
        ("{context: ., secrets: [passwd]}", "names `passwd`, which is neither a file"),
    ] {
        let text = format!(
            "services: {{web: {{build: {build}}}}}\n\
             secrets: {{token: {{environment: TOKEN}}, passwd: {{file: /etc/passwd}}, gone: {{external: true}}}}\n"
        );
        let error = place.builds(&text).unwrap_err();
        assert!(error.to_string().contains(words), "{build}: {error}");
        assert_eq!(error.exit(), windlass_foundation::explain::ExitCode::Configuration);
    }
    let error = place.builds("services: {other: {build: .}}").unwrap_err();
    assert!(error.hint().unwrap().contains("[artifacts.other]\nimage = \"kudos-other\""), "{:?}", error.hint());
    let text = "services: {a: {image: kudos-web, build: .}, b: {image: kudos-web, build: ./web}}";
    assert!(place.builds(text).unwrap_err().to_string().contains("`a` and `b` build the artifact `web` in different"));
    let error = place.builds("services: {web: {image: kudos-web}}").unwrap_err();
    assert!(error.to_string().contains("nothing to build"), "{error}");
}

#[test]
fn the_commit_is_what_git_says() {
    let place = Place::new();
    let git = |arguments: &[&str]| {
        let all = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
        let mut command = std::process::Command::new("git");
        assert!(command.arg("-C").arg(place.root()).args(all).args(arguments).output().unwrap().status.success());
    };
    assert!(commit(Path::new("/")).unwrap_err().to_string().contains("nothing says which commit"));
    git(&["init", "-q"]);
    assert!(commit(&place.root()).is_err());
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    let first = commit(&place.root()).unwrap();
    assert!(first.id.len() == 40 && !first.is_changed, "{first:?}");
    // A directory of the repository is of its commit as well.
    std::fs::write(place.root().join("web/Dockerfile"), "FROM scratch\n# changed\n").unwrap();
    assert_eq!(commit(&place.root().join("web")).unwrap(), Commit { is_changed: true, ..first });
}
