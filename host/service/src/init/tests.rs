//! Proposals are files that their own readers accept.

use std::collections::BTreeMap;
use std::path::Path;

use windlass_config::Config;
use windlass_config::document::Document;
use windlass_release::file::ReleaseFile;

use super::*;

#[path = "tests/found.rs"]
mod found;

fn files(compose: &str) -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([("compose.yaml".to_owned(), compose.as_bytes().to_vec())])
}

fn from(compose: &str) -> Result<Proposal, InitError> {
    propose(&Inputs {
        files: &files(compose),
        compose: &[],
        variables: BTreeMap::new(),
        application: None,
        directory: "My App",
        place: Path::new("/srv/app"),
        is_there: &|path| path == "html",
        agent_file: "/home/me/app/agent.toml".as_ref(),
    })
}

/// Both files are what their own readers accept.
fn check(proposal: &Proposal) {
    let file = ReleaseFile::parse(proposal.release_file.as_bytes(), "release.toml").unwrap();
    assert_eq!(file.application, proposal.application);
    let agent = Document::from_text("/etc/windlass/agent.toml", &*proposal.agent_file).unwrap();
    let config = Config::resolve(&agent).unwrap();
    assert!(config.grants.iter().all(|grant| grant.applications == [proposal.application.clone()]));
    // What is proposed in comments is valid as well.
    let uncommented = |text: &str| {
        let code = |line: &&str| !line.starts_with("# ") || line.starts_with("# [") || line.contains(" = ");
        let prose = |line: &&str| line.contains("`--commit SHA`");
        let lines = text.lines().filter(|line| code(line) && !prose(line)).map(|line| line.trim_start_matches("# "));
        lines.collect::<Vec<_>>().join("\n")
    };
    let more = uncommented(&proposal.release_file);
    ReleaseFile::parse(more.as_bytes(), "release.toml").unwrap();
    let agent = Document::from_text("/etc/windlass/agent.toml", uncommented(&proposal.agent_file)).unwrap();
    Config::resolve(&agent).unwrap();
}

#[test]
#[expect(clippy::too_many_lines, reason = "two files in full")]
fn proposes_both_files() {
    let proposal = from(
        r#"
name: kudos
services:
  backend:
    image: 127.0.0.1:5000/kudos/backend:v1
    volumes: ["data:/data", "/srv/kudos/uploads:/uploads", "./conf:/conf:ro"]
  worker:
    image: 127.0.0.1:5000/kudos/backend:v1
  web:
    image: kudos/web
    ports: ["8080:80", "9000", "53:53/udp"]
  cache:
    image: redis@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
volumes: {data: {}}
"#,
    )
    .unwrap();
    check(&proposal);
    assert_eq!(proposal.remarks, Vec::<String>::new());
    insta::assert_snapshot!(proposal.release_file, @r#"
    # How kudos is released. This file belongs to the application's team and lives beside compose.yaml;
    # all files of this directory travel with a release, except for what `.windlassignore` names.
    # `windlass plan .` shows what a deployment would change. `windlass schema release.toml` knows every key.

    application = "kudos"

    # The images. Each deployment turns the tag into the digest that it means then, and runs that.
    # `--set NAME=VERSION` deploys another version; with tag = "{commit}" the version is that of `--commit SHA`.
    [artifacts.backend]
    image = "127.0.0.1:5000/kudos/backend"   # backend, worker
    tag = "v1"
    [artifacts.redis]
    image = "docker.io/library/redis"   # cache
    digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    [artifacts.web]
    image = "docker.io/kudos/web"   # web
    tag = "latest"   # better a version that stays the same

    # Values for ${…} in the Compose file, and variables whose value is one of the operator's secrets.
    # [variables]
    # LOG_LEVEL = "info"
    # [secrets]
    # DB_PASSWORD = "db-password"

    # How it is deployed: the 4 services of compose.yaml.
    [strategy]
    plugin = "strategy-compose"
    with = { files = ["compose.yaml"] }

    # What must be true before anything is touched.
    [checks.readiness]
    plugin = "check-readiness"
    [checks.images]
    plugin = "check-image"

    # What proves the new version. When it fails, everything is as before.
    [smoke.containers]
    plugin = "smoke-containers"
    # [smoke.web-8080]
    # plugin = "smoke-http"
    # with = { requests = [{ url = "http://127.0.0.1:8080/health" }] }

    # What differs in an environment is merged over the rest.
    # [environments.production]
    # variables = { LOG_LEVEL = "warn" }
    "#);
    insta::assert_snapshot!(proposal.agent_file, @r#"
    # What the operator of this host decides: /etc/windlass/agent.toml, unless `--config` names another.
    # Only what is granted here can be reached. `windlass schema agent.toml` knows every key.

    # The environment that this host is: the release file's [environments.NAME].
    environment = "local"

    # Where kudos comes from. Only from there it gets what is granted to it below, and nothing else may act
    # for it. What is in the operator's own applications directory needs no such lines.
    [[applications]]
    name = "kudos"
    directory = "/srv/app"

    # On this machine, and without TLS as Docker allows it there.
    [registries."127.0.0.1:5000"]
    plain-http = true

    # Sees and changes the containers, networks and volumes of kudos, and of nothing else.
    # Besides, because the Compose file asks for it:
    #   /srv/kudos/uploads, for backend: is mounted from this host
    [[grants]]
    plugin = "strategy-compose"
    applications = ["kudos"]
    docker-read = true
    docker-write = { bind-roots = ["/srv/kudos/uploads"] }

    [[grants]]
    plugin = "check-readiness"
    applications = ["kudos"]
    docker-read = true

    [[grants]]
    plugin = "smoke-containers"
    applications = ["kudos"]
    docker-read = true

    # Asks what the tags mean.
    [[grants]]
    plugin = "check-image"
    applications = ["kudos"]
    docker-read = true
    registry = ["127.0.0.1:5000", "docker.io"]

    # For the smoke tests over HTTP that release.toml proposes.
    # [[grants]]
    # plugin = "smoke-http"
    # applications = ["kudos"]
    # http = [{ to = "http://127.0.0.1:8080", addresses = ["127.0.0.0/8"] }]

    # Where secrets come from. Their values reach no plugin, log or record.
    # [secrets.db-password]
    # file = "/etc/windlass/secrets/db-password"
    "#);
}

#[test]
fn names_artifacts_after_repositories_and_services() {
    let proposal = from(
        r#"
services:
  one: {image: "team/one/app:1"}
  two: {image: "team/two/app:1"}
  Three.x: {image: "team/three/app:1"}
  old: {image: "team/one/app:0"}
  sock: {image: "ops/watch__er.v2:1", volumes: ["/var/run/docker.sock:/var/run/docker.sock"]}
"#,
    )
    .unwrap();
    check(&proposal);
    assert_eq!(proposal.application, "my-app");
    let file = ReleaseFile::parse(proposal.release_file.as_bytes(), "release.toml").unwrap();
    let names: Vec<_> = file.artifacts.keys().map(String::as_str).collect();
    assert_eq!(names, ["app", "three-x", "two", "watch__er-v2"]);
    assert!(proposal.agent_file.contains("docker-write = { allow = [\"docker-socket\"] }"));
    insta::assert_snapshot!(proposal.remarks.join("\n"), @"
    `docker-socket` is granted because the Compose file asks for it (sock): it commands the Docker Engine, and with it can do everything on this host; take it out of agent.toml if that is not meant
    the service `one` runs `docker.io/team/one/app:1` and others `docker.io/team/one/app:0`; an artifact has one version, which all of them will run
    ");
}

#[test]
fn says_why_there_is_no_proposal() {
    let error = from("services:\n  web:\n    image: web\n    privilegd: true\n").unwrap_err();
    insta::assert_snapshot!(format!("{error}\n{:?}\n{:?}", error.hint(), error.place()), @r#"
    compose.yaml:4:5: `services.web.privilegd`: Compose knows no key `privilegd` here
    Some("did you mean `privileged`?")
    Some(Place { file: "compose.yaml", line: 4, column: 5, length: 1, text: "    privilegd: true" })
    "#);
    let named = |application: Option<&str>, directory: &str| {
        let files = files("services: {web: {image: web}}");
        propose(&Inputs {
            files: &files,
            compose: &["compose.yaml".to_owned()],
            variables: BTreeMap::new(),
            application,
            directory,
            place: Path::new("/srv/app"),
            is_there: &|_| false,
            agent_file: "/home/me/app/agent.toml".as_ref(),
        })
        .map(|proposal| proposal.application)
    };
    assert_eq!(named(None, "/").unwrap_err().to_string(), named(Some(""), "x").unwrap_err().to_string());
    insta::assert_snapshot!(named(Some("Kudos!\u{1b}"), "x").unwrap_err(), @r"`Kudos!\u{1b}` is not an application's name: at most 63 lower-case letters, digits, `-` and `_`, beginning with a letter or a digit");
    assert_eq!(named(Some("kudos"), "x").unwrap(), "kudos");
}

#[test]
fn what_is_never_mounted_is_not_proposed() {
    let compose = "services:\n  web:\n    image: web:1\n    volumes:\n      - /etc:/a\n      - /etc/windlass/secrets:/b\n      - /:/c:ro\n      \
                   - /home/me/app:/d\n      - /var/run:/e\n      - /srv/data:/f\n      - /var/lib/windlass/journal.sqlite3:/g\n";
    let proposal = from(compose).unwrap();
    assert!(proposal.agent_file.contains("docker-write = { bind-roots = [\"/srv/data\"] }"), "{}", proposal.agent_file);
    for left_out in [
        "`/etc`",
        "`/etc/windlass/secrets`",
        "`/`",
        "`/home/me/app`",
        "`/var/run`",
        "`/var/lib/windlass/journal.sqlite3`",
    ] {
        assert!(proposal.remarks.iter().any(|remark| remark.contains(left_out)), "{left_out}: {:?}", proposal.remarks);
    }
}

#[test]
fn what_is_built_has_artifacts_and_what_is_written_has_a_directory() {
    let proposal = from(
        r#"
name: kudos
services:
  web:
    build: ./web
    volumes: ["./data/../up loads:/up", "./html:/html", "./conf:/conf:ro"]
  worker:
    build: { context: ./web, target: worker, args: { A: b } }
    image: registry.example/kudos/worker:1
  again:
    build: ./web
  Odd.Name:
    image: registry.example/kudos/worker:1
  cache:
    image: redis:7
"#,
    )
    .unwrap();
    check(&proposal);
    assert_eq!(proposal.ignore_file.lines().last(), Some("/agent.toml"));
    let artifacts = proposal.release_file.split("\n\n").find(|part| part.contains("[artifacts.")).unwrap();
    insta::assert_snapshot!(artifacts, @r#"
    # The images. Each deployment turns the tag into the digest that it means then, and runs that.
    # `--set NAME=VERSION` deploys another version; with tag = "{commit}" the version is that of `--commit SHA`.
    # What the Compose file builds is built before it is deployed, with the Docker Engine of this host:
    # `windlass release create . --build --commit SHA --out kudos.json`, and `windlass deploy . --release kudos.json`.
    # An image that is built and pushed elsewhere has its registry in `image`, and is not `local`.
    [artifacts.again]
    image = "kudos-again"   # again, built
    tag = "{commit}"
    local = true
    [artifacts.redis]
    image = "docker.io/library/redis"   # cache
    tag = "7"
    [artifacts.web]
    image = "kudos-web"   # web, built
    tag = "{commit}"
    local = true
    [artifacts.worker]
    image = "registry.example/kudos/worker"   # Odd.Name, worker, built
    tag = "{commit}"
    local = true
    "#);
    for line in ["docker-write = { data-root = \"/srv/data/kudos\" }\n", "registry = [\"docker.io\"]\n"] {
        assert!(proposal.agent_file.contains(line), "{line}: {}", proposal.agent_file);
    }
    for words in [
        "the service `web` writes to `up loads`, which will be `/srv/data/kudos/up loads` on this host",
        "`services.web.volumes`: `html` comes with the release, which no container may change: write `:ro`",
        "name it in .windlassignore, so that it is no part of the release, and move it to `/srv/data/kudos/html`",
    ] {
        assert!(proposal.remarks.iter().any(|remark| remark.contains(words)), "{words}: {:?}", proposal.remarks);
    }
    assert_eq!(proposal.remarks.len(), 2);
    let nothing = from("services: {web: {image: a, volumes: ['./conf:/conf:ro']}}").unwrap();
    assert!(!nothing.builds && !nothing.agent_file.contains("data-root"), "{}", nothing.agent_file);
}

#[test]
fn a_built_image_without_a_name_of_its_own_is_pointed_out() {
    let proposal = from("name: kudos\nservices: {Web: {build: .}, db: {image: db}}").unwrap();
    check(&proposal);
    assert!(proposal.remarks[0].contains("`kudos-Web`, which is not the name of one"), "{:?}", proposal.remarks);
}
