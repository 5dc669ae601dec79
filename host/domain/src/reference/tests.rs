//! Names of images, as Docker reads them.

use super::*;

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn normalises_as_docker_does() {
    for (text, normal) in [
        ("redis", "docker.io/library/redis"),
        ("redis:7.2-alpine", "docker.io/library/redis:7.2-alpine"),
        ("bitnami/redis", "docker.io/bitnami/redis"),
        ("index.docker.io/redis", "docker.io/library/redis"),
        ("docker.io/redis", "docker.io/library/redis"),
        ("localhost/app", "localhost/app"),
        ("localhost:5000/app:v1", "localhost:5000/app:v1"),
        ("127.0.0.1:5000/kudos/backend", "127.0.0.1:5000/kudos/backend"),
        ("registry.example/a/b/c_d__e-f---g.h:Tag_1", "registry.example/a/b/c_d__e-f---g.h:Tag_1"),
        ("Registry.Example/app", "Registry.Example/app"),
        ("[::1]:5000/app", "[::1]:5000/app"),
        ("myregistry/app", "docker.io/myregistry/app"),
    ] {
        let reference = Reference::parse(text).unwrap();
        assert_eq!(reference.to_string(), normal, "{text}");
        assert_eq!(Reference::parse(normal).unwrap(), reference, "normal names stay as they are");
    }
    let full = Reference::parse(&format!("host:1/a/b:t@{DIGEST}")).unwrap();
    assert_eq!(
        (full.registry(), full.path(), full.tag(), full.digest(), full.repository().as_str()),
        ("host:1", "a/b", Some("t"), Some(DIGEST), "host:1/a/b")
    );
}

#[test]
fn takes_another_version() {
    let base = Reference::parse("redis:1").unwrap();
    assert_eq!(base.with_version("2").unwrap().to_string(), "docker.io/library/redis:2");
    assert_eq!(base.with_version(DIGEST).unwrap().to_string(), format!("docker.io/library/redis@{DIGEST}"));
    let both = base.with_version(&format!("3@{DIGEST}")).unwrap();
    assert_eq!((both.tag(), both.digest()), (Some("3"), Some(DIGEST)));
    insta::assert_snapshot!(base.with_version("a b").unwrap_err(), @"`docker.io/library/redis:a b` is not the name of an image: `a b` is not a tag; those are letters, digits, `_`, `.` and `-`, and begin with neither of the last two");
}

#[test]
fn says_what_is_wrong() {
    let long = format!("a/{}", "b".repeat(300));
    let tag = format!("a:{}", "b".repeat(129));
    let texts = [
        "",
        "https://registry.example/app",
        "Team App",
        "docker.io/Team/App",
        "app:",
        "app:-x",
        "app@",
        "app@sha256:abc",
        "app@md5:0123",
        "host:port/app",
        "host:99999/app",
        "-host.example/app",
        "[::1/app",
        "a//b",
        "a/b/",
        "a..b/c",
        "a/_b",
        "a/b\u{1b}[31m",
        DIGEST.trim_start_matches("sha256:"),
        &tag,
        &long,
    ];
    let errors: Vec<String> = texts
        .iter()
        .map(|text| Reference::parse(text).map(|good| good.to_string()).unwrap_err())
        .map(|error| format!("{} | {}", error.text.chars().take(40).collect::<String>(), error.reason))
        .collect();
    insta::assert_snapshot!(errors.join("\n"), @r"
     | it is empty
    https://registry.example/app | leave out `https://`
    Team App | the repository `library/Team App` has upper-case letters
    docker.io/Team/App | the repository `Team/App` has upper-case letters
    app: | the tag is empty
    app:-x | `-x` is not a tag; those are letters, digits, `_`, `.` and `-`, and begin with neither of the last two
    app@ | after `@` comes a digest, as in `@sha256:…`
    app@sha256:abc | a sha256 digest has 64 lower-case hexadecimal digits
    app@md5:0123 | digests of `md5` are not supported, only `sha256`
    host:port/app | `port` is not a port
    host:99999/app | `99999` is not a port
    -host.example/app | `-host.example` is not a host name
    [::1/app | the address in `[::1` has no `]`
    a//b | a part of the repository between two `/` is empty
    a/b/ | a part of the repository between two `/` is empty
    a..b/c | `a..b` is not a host name
    a/_b | `_b` is not a part of a repository's name; those are lower-case letters and digits, with single `.`, one or two `_`, or `-` between them
    a/b\u{1b}[31m | `b\u{1b}[31m` is not a part of a repository's name; those are lower-case letters and digits, with single `.`, one or two `_`, or `-` between them
    0123456789abcdef0123456789abcdef01234567 | 64 hexadecimal digits are the id of an image, not a name
    a:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb | the tag is longer than 128 characters
    a/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb | the repository is longer than 255 characters
    ");
}

proptest::proptest! {
    #[test]
    fn never_breaks_and_is_stable(text in "\\PC{0,80}|([a-zA-Z0-9.:/@_\\[\\]-]{0,60})") {
        if let Ok(reference) = Reference::parse(&text) {
            proptest::prop_assert_eq!(Reference::parse(&reference.to_string()).unwrap(), reference);
        }
    }
}
