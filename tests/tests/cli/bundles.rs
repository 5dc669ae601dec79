//! What is told of an application's files as one archive, and of one that came.

use std::fs;

use super::support::Stage;

#[test]
fn files_are_packed_and_what_is_left_out_is_counted_and_named() {
    let stage = Stage::new();
    stage.configured();
    stage.release("kudos", "application = \"kudos\"\n[strategy]\nplugin = \"strategy-compose\"\n");
    let place = stage.host.application("kudos");
    fs::write(place.join("compose.yaml"), "services: { web: { image: nginx } }\n").unwrap();
    fs::write(place.join(".windlassignore"), "*.log\n").unwrap();
    fs::write(place.join("a.log"), "").unwrap();
    fs::create_dir(place.join(".git")).unwrap();
    let (from, out) = (place.display().to_string(), stage.host.root().join("kudos.tar").display().to_string());
    insta::assert_snapshot!(stage.tell(&format!("bundle {from} --out {out}")), @"
    exit 0
    --- stderr
    3 files, 103 bytes; left out: 2
    wrote `[HOST]/kudos.tar`
    ");
    insta::assert_snapshot!(stage.tell(&format!("bundle {from} -v --out {out}")), @"
    exit 0
    --- stderr
    3 files, 103 bytes; left out: 2
      left out `.git/`
      left out `a.log`
    wrote `[HOST]/kudos.tar`
    ");
    insta::assert_snapshot!(stage.tell(&format!("config kudos --bundle {out}")), @"
    exit 0
    --- stdout
    name: kudos
    services:
      web:
        image: nginx
        command: null
        entrypoint: null
        networks:
          default: null
    networks:
      default:
        name: kudos_default
        ipam: {}
    --- stderr
    The files that came with the command count this time, and those in `[HOST]/applications/kudos` whenever none come.
    ");
    insta::assert_snapshot!(stage.tell(&format!("config shop --bundle {out}")), @"
    exit 3
    --- stderr
    error: the bundle is of the application `kudos`, not of `shop`
    hint: `application` in its release.toml is the name to deploy it by
    ");
    let inside = place.join("kudos.tar").display().to_string();
    insta::assert_snapshot!(stage.tell(&format!("bundle {from} --out {inside} -q")), @"
    exit 0
    --- stderr
    warning: `[HOST]/applications/kudos/kudos.tar` is a file of the next release: name it in
             .windlassignore, or write it elsewhere
    ");
}

#[test]
fn what_cannot_be_packed_is_named() {
    let stage = Stage::new();
    stage.configured();
    stage.release("kudos", "application = \"kudos\"\n[strategi]\nplugin = \"strategy-compose\"\n");
    let place = stage.host.application("kudos");
    let from = place.display().to_string();
    insta::assert_snapshot!(stage.tell(&format!("bundle {from}")), @"
    exit 3
    --- stderr
    error: unknown key `strategi`; the known keys here are `application`, `version`, `version-file`,
           `watch`, `watch-every`, `on-watch-failure`, `on-drift`, `artifacts`, `variables`, `secrets`,
           `migration`, `policy`, `strategy`, `checks`, `smoke`, `recorders`
     --> [HOST]/applications/kudos/release.toml:2:2
      |
    2 | [strategi]
      |  ^^^^^^^^
    hint: did you mean `strategy`?
    ");
    stage.release("kudos", "application = \"kudos\"\n[strategy]\nplugin = \"strategy-compose\"\n");
    std::os::unix::fs::symlink("release.toml", place.join("other.toml")).unwrap();
    insta::assert_snapshot!(stage.tell(&format!("bundle {from}")), @"
    exit 3
    --- stderr
    error: `other.toml` is a symbolic link, and an archive takes none
    hint: put what it points at in its place, or name it in `.windlassignore` to leave it out
    ");
    insta::assert_snapshot!(stage.tell("bundle /nowhere"), @"
    exit 17
    --- stderr
    error: `/nowhere` does not exist
    ");
    insta::assert_snapshot!(stage.tell_with("deploy kudos --bundle -", "no archive"), @"
    exit 3
    --- stderr
    error: the archive is empty, or cut off at its beginning
    hint: nothing of it was used; send it once more
    ");
}
