//! `windlass init`: what it writes, for which directories, and what it says to do next.

use std::path::Path;

use super::support::Stage;

fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn what_it_writes_is_right_from_where_it_is_written() {
    let stage = Stage::new();
    stage.configured();
    let root = stage.host.root().display().to_string();
    for (number, (given, output, place, files)) in [
        ("deploy/compose.yaml", None, "deploy", "compose.yaml"),
        ("deploy", None, "deploy", "compose.yaml"),
        ("deploy/compose.yaml", Some("deploy"), "deploy", "compose.yaml"),
        ("deploy/compose.yaml", Some("."), ".", "deploy/compose.yaml"),
        ("deploy", Some("."), ".", "deploy/compose.yaml"),
        ("./deploy/../deploy/compose.yaml", Some("."), ".", "deploy/compose.yaml"),
        ("deploy/live/app.yml", Some("deploy"), "deploy", "live/app.yml"),
        ("link/compose.yaml", Some("."), ".", "deploy/compose.yaml"),
    ]
    .into_iter()
    .enumerate()
    {
        let shop = stage.host.root().join(format!("shop{number}"));
        for name in ["deploy/compose.yaml", "deploy/live/app.yml"] {
            write(&shop, name, "services:\n  web:\n    image: shop-web:1\n");
        }
        std::os::unix::fs::symlink("deploy", shop.join("link")).unwrap();
        let at = |path: &str| format!("{root}/shop{number}/{path}");
        let output = output.map(|output| format!("--output {}", at(output))).unwrap_or_default();
        let line = format!("init {} --yes --application shop {output}", at(given));
        let run = stage.host.run(line.split_whitespace()).unwrap();
        assert_eq!(run.code, 0, "{line}: {}", run.stderr);
        let written = std::fs::read_to_string(shop.join(place).join("release.toml")).unwrap();
        assert!(written.contains(&format!("with = {{ files = [\"{files}\"] }}")), "{line}: {written}");
        // What needs no engine: the release file is found, and the Compose files that it names are.
        let config = stage.tell(&format!("config {}", at(place)));
        assert!(config.contains("image: shop-web:1"), "{line}: {config}");
    }
}

#[test]
fn a_compose_file_that_the_release_would_not_have_is_refused() {
    let stage = Stage::new();
    let shop = stage.host.root().join("shop");
    write(&shop, "deploy/compose.yaml", "services:\n  web:\n    image: shop-web:1\n");
    for place in ["other", "deploy/below", "deploy-too"] {
        std::fs::create_dir_all(shop.join(place)).unwrap();
        let compose = shop.join("deploy/compose.yaml");
        let output = shop.join(place);
        let refused = stage.tell(&format!("init {} --output {} --yes", compose.display(), output.display()));
        let said = refused.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("exit 2") && said.contains("where release.toml would be written"), "{refused}");
        assert!(said.contains("or leave out `--output`"), "{refused}");
        assert_eq!(std::fs::read_dir(&output).unwrap().count(), 0, "{place}");
    }
}

#[test]
fn init_shows_before_it_writes_and_writes_over_nothing() {
    let stage = Stage::new();
    let directory = stage.host.root().join("shop");
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.display().to_string();
    insta::assert_snapshot!(stage.tell(&format!("init {path}")), @r"
    exit 3
    --- stderr
    error: the release has no Compose file; looked for compose.yaml, compose.yml, docker-compose.yaml,
           docker-compose.yml
    hint: put compose.yaml beside release.toml, or name the files in the strategy's `files`
    ");
    std::fs::write(directory.join("compose.yaml"), "services:\n  web:\n    image: shop-web:1\n").unwrap();
    let shown = stage.host.run(["init", &path]).unwrap();
    assert!(shown.stdout.contains("application = \"shop\""), "{}", shown.stdout);
    assert!(shown.stderr.contains("--yes"), "{}", shown.stderr);
    assert!(!directory.join("release.toml").exists());
    insta::assert_snapshot!(stage.tell(&format!("init {path} --yes")), @r#"
    exit 0
    --- stdout
    # [HOST]/shop/release.toml
      # How shop is released. This file belongs to the application's team and lives beside compose.yaml;
      # all files of this directory travel with a release, except for what `.windlassignore` names.
      # `windlass plan .` shows what a deployment would change. `windlass schema release.toml` knows every key.

      application = "shop"

      # The images. Each deployment turns the tag into the digest that it means then, and runs that.
      # `--set NAME=VERSION` deploys another version; with tag = "{commit}" the version is that of `--commit SHA`.
      [artifacts.shop-web]
      image = "docker.io/library/shop-web"   # web
      tag = "1"

      # Values for ${…} in the Compose file, and variables whose value is one of the operator's secrets.
      # [variables]
      # LOG_LEVEL = "info"
      # [secrets]
      # DB_PASSWORD = "db-password"

      # How it is deployed: the one service of compose.yaml.
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

      # What differs in an environment is merged over the rest.
      # [environments.production]
      # variables = { LOG_LEVEL = "warn" }

    # [HOST]/shop/agent.toml
      # What the operator of this host decides: /etc/windlass/agent.toml, unless `--config` names another.
      # Only what is granted here can be reached. `windlass schema agent.toml` knows every key.

      # The environment that this host is: the release file's [environments.NAME].
      environment = "local"

      # Where shop comes from. Only from there it gets what is granted to it below, and nothing else may act
      # for it. What is in the operator's own applications directory needs no such lines.
      [[applications]]
      name = "shop"
      directory = "[HOST]/shop"

      # Sees and changes the containers, networks and volumes of shop, and of nothing else.
      [[grants]]
      plugin = "strategy-compose"
      applications = ["shop"]
      docker-read = true
      docker-write = {}

      [[grants]]
      plugin = "check-readiness"
      applications = ["shop"]
      docker-read = true

      [[grants]]
      plugin = "smoke-containers"
      applications = ["shop"]
      docker-read = true

      # Asks what the tags mean.
      [[grants]]
      plugin = "check-image"
      applications = ["shop"]
      docker-read = true
      registry = ["docker.io"]

      # Where secrets come from. Their values reach no plugin, log or record.
      # [secrets.db-password]
      # file = "/etc/windlass/secrets/db-password"

    # [HOST]/shop/.windlassignore
      # What lies here and is no part of a release.
      /agent.toml

    --- stderr
    wrote [HOST]/shop/release.toml
    wrote [HOST]/shop/agent.toml
    wrote [HOST]/shop/.windlassignore
    next: look at both; give agent.toml to the operator as /etc/windlass/agent.toml; then `windlass plan [HOST]/shop`
    "#);
    assert!(directory.join("release.toml").exists() && directory.join("agent.toml").exists());
    insta::assert_snapshot!(stage.tell(&format!("init {path} --yes")), @r"
    exit 2
    --- stderr
    error: `[HOST]/shop/release.toml` is there already
    hint: remove it first, or choose another place with `--output DIRECTORY`
    ");
}
