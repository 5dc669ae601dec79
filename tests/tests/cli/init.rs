//! `windlass init`: which directories it writes for, and what it says to do next.

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
