//! What is told of an application's files as one archive, and of one that came.

use std::fs;

use super::support::Stage;

#[test]
fn files_are_packed_and_what_is_left_out_is_counted_and_named() {
    let stage = Stage::new();
    stage.release("kudos", "application = \"kudos\"\n[strategy]\nplugin = \"strategy-compose\"\n");
    let place = stage.host.application("kudos");
    fs::write(place.join("compose.yaml"), "services: { web: { image: nginx } }\n").unwrap();
    fs::write(place.join(".windlassignore"), "*.log\n").unwrap();
    fs::write(place.join("a.log"), "").unwrap();
    fs::create_dir(place.join(".git")).unwrap();
    let (from, out) = (place.display().to_string(), stage.host.root().join("kudos.tar").display().to_string());
    insta::assert_snapshot!(stage.tell(&format!("bundle {from} --out {out}")), @"");
    insta::assert_snapshot!(stage.tell(&format!("bundle {from} -v --out {out}")), @"");
    insta::assert_snapshot!(stage.tell(&format!("config kudos --bundle {out}")), @"");
    insta::assert_snapshot!(stage.tell(&format!("config shop --bundle {out}")), @"");
    let inside = place.join("kudos.tar").display().to_string();
    insta::assert_snapshot!(stage.tell(&format!("bundle {from} --out {inside} -q")), @"");
}

#[test]
fn what_cannot_be_packed_is_named() {
    let stage = Stage::new();
    stage.release("kudos", "application = \"kudos\"\n[strategi]\nplugin = \"strategy-compose\"\n");
    let place = stage.host.application("kudos");
    let from = place.display().to_string();
    insta::assert_snapshot!(stage.tell(&format!("bundle {from}")), @"");
    stage.release("kudos", "application = \"kudos\"\n[strategy]\nplugin = \"strategy-compose\"\n");
    std::os::unix::fs::symlink("release.toml", place.join("other.toml")).unwrap();
    insta::assert_snapshot!(stage.tell(&format!("bundle {from}")), @"");
    insta::assert_snapshot!(stage.tell("bundle /nowhere"), @"");
    insta::assert_snapshot!(stage.tell_with("deploy kudos --bundle -", "no archive"), @"");
}
