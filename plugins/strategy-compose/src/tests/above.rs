//! Host paths below others: what a service could lead elsewhere is refused while it is planned, with the line.

use super::world::desired;

const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A Compose file of two services with these mounts.
fn file(one: &str, two: &str, more: &str) -> String {
    format!(
        "services:\n  one: {{image: 'front:v1', volumes: [{one}]}}\n  two: {{image: 'front:v1', volumes: [{two}]}}\n{more}"
    )
}

#[test]
fn a_path_below_one_that_can_be_written_is_refused_with_its_line() {
    let bind = "volumes: {data: {driver: local, driver_opts: {type: none, o: bind, device: /srv/a}}}\n";
    let closed = "volumes: {data: {driver: local, driver_opts: {type: none, o: 'bind,ro', device: /srv/a}}}\n";
    let within = "volumes: {data: {driver: local, driver_opts: {type: none, o: bind, device: /srv/a/x}}}\n";
    for (one, two, more, refused) in [
        ("'/srv/a:/d'", "'/srv/a/x:/host'", "", true),
        ("'/srv/a/x:/host'", "'/srv/a:/d'", "", true),
        ("'/srv/a:/d'", "'/srv/a/x:/host:ro'", "", true),
        ("'/srv/a:/d:rw'", "'/srv/a/x/y:/host'", "", true),
        ("'/srv/a:/d', '/srv/a/x:/e'", "", "", true),
        ("'/srv/a:/d'", "'/srv//a/./x/:/host'", "", true),
        ("{type: bind, source: /srv/a, target: /d}", "{type: bind, source: /srv/a/x, target: /h}", "", true),
        ("'data:/d'", "'/srv/a/x:/host'", bind, true),
        ("'/srv/a:/d'", "'data:/host'", within, true),
        ("'/srv/a:/d:ro'", "'/srv/a/x:/host'", "", false),
        ("'/srv/a:/d'", "'/srv/a:/host'", "", false),
        ("'/srv/a:/d'", "'/srv/ab:/host'", "", false),
        ("'/srv/a:/d'", "'/srv/b/x:/host'", "", false),
        ("'/srv/a/y:/d'", "'/srv/a/x:/host'", "", false),
        ("'data:/d'", "'/srv/a/x:/host'", closed, false),
        ("'data:/d:ro'", "'/srv/a/x:/host'", bind, false),
        ("'./a:/d:ro'", "'./a/x:/host:ro'", "", false),
    ] {
        let files = [("compose.yaml", file(one, two, more)), ("a/x/y", String::new())];
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let found = super::world::desired_with("app", &[("front", A)], &files);
        assert_eq!(found.is_err(), refused, "{one} {two} {more}: {found:?}");
    }
    let error = desired("app", &[("front", A)], &file("'/srv/a:/d'", "'/srv/a/x:/host'", "")).unwrap_err();
    for part in
        ["compose.yaml:3", "`services.two.volumes`", "`/srv/a/x` is inside `/srv/a`", "service `one`", "read-only"]
    {
        assert!(error.contains(part), "{part}: {error}");
    }
}
