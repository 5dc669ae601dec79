//! Tests of the policy about host paths, volumes that name one, and what is never mounted.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::super::Protected;
use super::Pretended;

#[test]
fn host_paths_are_judged_after_their_links() {
    let pretended = Pretended::new();
    for (source, read_only) in [
        ("/", true),
        ("/", false),
        ("/etc", true),
        ("/srv", true),
        ("/srv/kudos-other", true),
        ("/srv/kudos/link", true),
        ("/srv/kudos/link/etc", true),
        ("/srv/kudos/../../etc", true),
        ("relative", true),
        ("/run", true),
        ("/state", true),
        ("/state/key", true),
        ("/state/bundles/sha256/other/a", true),
        ("/state/bundles/sha256/ab/a", false),
        ("/var/lib/docker/volumes/x/_data", true),
        ("/var/lib", true),
        ("{{windlass.bundle}}/../../key", true),
        ("{{windlass.bundle}}/out/passwd", true),
        ("{{windlass.bundle}}-other/a", true),
        ("{{windlass.bundle}}/a", false),
        ("{{windlass.secret:db@00}}", false),
    ] {
        let body = json!([{ "Type": "bind", "Source": source, "Target": "/t", "ReadOnly": read_only }]);
        assert!(pretended.host("Mounts", &body).is_err(), "{source} read-only {read_only}");
    }
    let bundle = json!(["/state/bundles/sha256/ab/conf:/conf:ro"]);
    pretended.host("Binds", &bundle).unwrap();
    let failure = pretended.host("Binds", &json!(["{{windlass.secret:db@00}}:/run/secrets/db:ro"])).unwrap_err();
    assert!(failure.details.unwrap()["hint"].as_str().unwrap().contains("Mounts"));
}

#[test]
fn a_part_of_a_volume_is_inside_it() {
    let of_volume = |subpath: Value| json!([{ "Type": "volume", "Source": "data", "Target": "/t", "VolumeOptions": { "Subpath": subpath } }]);
    for inside in ["a", "a/b", "a/.b", ""] {
        Pretended::new().host("Mounts", &of_volume(json!(inside))).unwrap();
    }
    for out in [json!(".."), json!("a/../../b"), json!("/a"), json!("./a"), json!(1), json!(["a"])] {
        let failure = Pretended::new().host("Mounts", &of_volume(out.clone())).unwrap_err();
        assert!(failure.message.contains("Subpath"), "{out}: {failure:?}");
    }
}

#[test]
fn a_bind_root_that_covers_everything_still_protects_engine_and_agent() {
    let mut pretended = Pretended::allowing(&["docker-socket"]);
    pretended.grant.bind_roots = vec!["/".into()];
    pretended.host("Binds", &json!(["/run:/run"])).unwrap();
    pretended.grant.allow.clear();
    pretended.host("Binds", &json!(["/etc:/etc"])).unwrap();
    for source in ["/", "/run", "/run/docker.sock", "/state", "/state/journal.sqlite3", "/var/lib/docker", "/var"] {
        assert!(pretended.host("Binds", &json!([format!("{source}:/x")])).is_err(), "{source}");
    }
}

#[test]
fn what_decides_and_what_is_secret_is_not_mounted_whatever_covers_it() {
    let mut pretended = Pretended::allowing(&["docker-socket", "privileged"]);
    pretended.grant.bind_roots = vec!["/srv".into()];
    let guarded = |path: &str, readable| Protected {
        path: path.into(),
        identity: super::super::super::walk::identity(Path::new(path)),
        readable,
        inside: true,
        what: "a file of the operator",
        allow: None,
    };
    let place = tempfile::tempdir().unwrap();
    let top = place.path().canonicalize().unwrap();
    std::fs::write(top.join("secret"), "s").unwrap();
    std::fs::hard_link(top.join("secret"), top.join("other-name")).unwrap();
    pretended.grant.bind_roots.push(top.clone());
    let secret = top.join("secret").display().to_string();
    pretended.protected.extend([
        guarded("/srv/kudos/conf/agent.toml", false),
        guarded("/srv/kudos/bin/show", true),
        guarded(&secret, false),
    ]);
    let mount = |source: &str, read_only: bool| {
        let bind = json!([format!("{source}:/x{}", if read_only { ":ro" } else { "" })]);
        let body = json!([{ "Type": "bind", "Source": source, "Target": "/t", "ReadOnly": read_only }]);
        let volume = json!({ "o": if read_only { "bind,ro" } else { "bind" }, "device": source });
        let all = [
            pretended.host("Binds", &bind).is_ok(),
            pretended.host("Mounts", &body).is_ok(),
            pretended.policy().volume(&json!({ "Name": "v", "DriverOpts": volume })).is_ok(),
        ];
        assert!(all.iter().all(|one| *one == all[0]), "{source}: {all:?}");
        all[0]
    };
    let other_name = top.join("other-name").display().to_string();
    for source in ["/srv/kudos/conf/agent.toml", "/srv/kudos/conf", "/srv/kudos", "/srv", &secret, &other_name] {
        assert!(!mount(source, true) && !mount(source, false), "{source}");
    }
    // A program is no secret, so it may be read. No container may change it, or put another file in its place.
    for source in ["/srv/kudos/bin/show", "/srv/kudos/bin"] {
        assert!(mount(source, true) && !mount(source, false), "{source}");
    }
    assert!(mount("/srv/kudos/data", false));
}

#[test]
fn what_a_container_mounts_is_told_with_where_it_leads() {
    let body = json!({ "HostConfig": {
        "Binds": ["/srv/kudos/a:/a", "/srv/kudos/b:/b:ro", "one:/1", "two:/2:ro"],
        "Mounts": [
            { "Type": "bind", "Source": "/srv/kudos/c", "Target": "/c", "ReadOnly": true },
            { "Type": "bind", "Source": "/srv/kudos/d", "Target": "/d", "ReadOnly": true, "BindOptions": { "ReadOnlyNonRecursive": true } },
            { "Type": "bind", "Source": "{{windlass.bundle}}/a", "Target": "/e", "ReadOnly": true },
            { "Type": "volume", "Target": "/f", "VolumeOptions": { "DriverConfig": { "Name": "local",
                "Options": { "type": "none", "o": "bind", "device": "/srv/kudos/f" } } } },
            { "Type": "volume", "Source": "three", "Target": "/g" },
        ],
    } });
    let references = Pretended::new().container(&body).unwrap();
    let host: Vec<_> = references.host.iter().map(|mount| (mount.source.as_str(), mount.writable)).collect();
    let expected = [("a", true), ("b", false), ("c", false), ("d", true), ("f", true)];
    assert_eq!(
        host,
        expected
            .map(|(name, writable)| (format!("/srv/kudos/{name}"), writable))
            .each_ref()
            .map(|(path, writable)| (path.as_str(), *writable))
    );
    assert_eq!(references.written, BTreeSet::from(["one".to_owned(), "three".to_owned()]));
}

#[test]
fn a_missing_bind_root_names_the_path_to_grant() {
    let failure = Pretended::new().host("Binds", &json!(["/srv/more:/x"])).unwrap_err();
    let lines = failure.details.unwrap()["grant"].as_str().unwrap().to_owned();
    assert!(lines.contains("bind-roots = [\"/srv/kudos\", \"/srv/more\"]"), "{lines}");
}

#[test]
fn a_volume_that_is_a_host_path_is_judged_as_one() {
    let volume = |options: Value| json!({ "Name": "v", "Driver": "local", "DriverOpts": options });
    for options in [
        json!({}),
        json!(null),
        json!({ "type": "tmpfs", "device": "tmpfs", "o": "size=64m,uid=1000" }),
        json!({ "type": "none", "o": "bind", "device": "/srv/kudos/data" }),
    ] {
        Pretended::new().policy().volume(&volume(options)).unwrap();
    }
    for options in [
        json!({ "type": "none", "o": "bind", "device": "/" }),
        json!({ "type": "none", "o": "rw,rbind", "device": "/etc" }),
        json!({ "o": "bind", "device": "/var/run/docker.sock" }),
        json!({ "type": "tmpfs", "o": "bind", "device": "/" }),
        json!({ "type": "ext4", "device": "/dev/sda1" }),
        json!({ "type": "overlay", "device": "overlay", "o": "lowerdir=/,upperdir=/a,workdir=/b" }),
        json!({ "type": "nfs", "device": ":/x", "o": "addr=10.0.0.1" }),
        json!({ "type": "proc", "device": "proc" }),
        json!({ "type": "none", "device": "/etc" }),
        json!({ "type": 1 }),
        json!({ "o": ["bind"], "device": "/" }),
        json!({ "unheard": "1" }),
        json!({ "type": "none", "o": "bind,ro,rw", "device": "/srv/kudos/data" }),
        json!({ "type": "none", "o": "bind,ro,remount,rw", "device": "/srv/kudos/data" }),
        json!({ "type": "none", "o": "bind,rshared", "device": "/srv/kudos/data" }),
        json!({ "type": "none", "o": "bind", "device": "/srv/kudos/link/etc" }),
        json!({ "type": "none", "o": "bind", "device": "/srv/kudos/../../etc" }),
        // The release's own files are mounted as such; a volume of them would outlive the release.
        json!({ "type": "none", "o": "bind,ro", "device": "/state/bundles/sha256/ab" }),
        json!({ "type": "none", "o": "bind,ro,rw", "device": "/state/bundles/sha256/ab" }),
        json!({ "type": "none", "o": "bind,ro", "device": "{{windlass.bundle}}" }),
        json!({ "type": "none", "o": "bind", "device": "/state" }),
        json!({ "type": "none", "o": "bind", "device": "/" }),
    ] {
        assert!(Pretended::new().policy().volume(&volume(options.clone())).is_err(), "{options}");
        let mount = json!([{ "Type": "volume", "Target": "/t",
            "VolumeOptions": { "DriverConfig": { "Name": "local", "Options": options } } }]);
        assert!(Pretended::new().host("Mounts", &mount).is_err(), "{options}");
    }
    assert!(Pretended::new().policy().volume(&json!({ "Name": "v", "Driver": "vieux/sshfs" })).is_err());
    assert!(Pretended::new().policy().volume(&json!({ "Name": "v", "ClusterVolumeSpec": { "a": 1 } })).is_err());
    Pretended::allowing(&["volume-type:nfs"])
        .policy()
        .volume(&volume(json!({ "type": "nfs", "device": ":/x", "o": "addr=10.0.0.1" })))
        .unwrap();
}

#[test]
fn data_are_mounted_below_their_directory_and_nothing_leads_out() {
    let mut pretended = Pretended::new();
    pretended.grant.bind_roots.clear();
    let bind = |source: &str| json!([format!("{source}:/d:rw")]);
    let denied = pretended.host("Binds", &bind("/srv/kudos/data")).unwrap_err();
    assert!(denied.details.unwrap()["grant"].as_str().unwrap().contains("bind-roots"));
    pretended.grant.data_root = Some("/srv/kudos".into());
    for source in ["/srv/kudos", "/srv/kudos/data", "/srv/kudos/a/b"] {
        let references = pretended.host("Binds", &bind(source)).unwrap();
        assert_eq!(references.real(source), Some(Path::new(source)));
    }
    for source in ["/srv/kudos/link/etc", "/srv/kudos/link/srv/kudos-other"] {
        let failure = pretended.host("Binds", &bind(source)).unwrap_err();
        assert!(failure.message.contains("a symbolic link leads out of `/srv/kudos`"), "{failure:?}");
        // More grants would not help.
        assert!(failure.details.unwrap().get("grant").is_none());
    }
    for source in ["/srv/kudos-other/data", "/srv", "/etc"] {
        assert!(pretended.host("Binds", &bind(source)).is_err(), "{source}");
    }
    // What is another application's is not this one's, however wide a root is.
    pretended.grant.bind_roots = vec!["/srv".into()];
    let theirs = Protected {
        path: "/srv/shop".into(),
        identity: None,
        readable: false,
        inside: true,
        what: "the data of another application",
        allow: None,
    };
    pretended.protected.push(theirs);
    for source in ["/srv/shop", "/srv/shop/x", "/srv"] {
        let failure = pretended.host("Binds", &bind(source)).unwrap_err();
        assert!(failure.message.contains("the data of another application"), "{failure:?}");
    }
    let lines = super::super::grant_lines(&pretended.scope, &pretended.grant);
    assert!(lines.contains("bind-roots = [\"/srv\"], data-root = \"/srv/kudos\""), "{lines}");
}

#[test]
fn images_are_referred_to_and_no_path_leads_out_of_them() {
    let mount = |more: Value| {
        let mut mount = json!({ "Type": "image", "Source": "kudos/files:1", "Target": "/m" });
        mount.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([mount])
    };
    for more in [
        json!({}),
        json!({ "ReadOnly": true, "ImageOptions": { "Subpath": "html/a" } }),
        json!({ "ImageOptions": null }),
    ] {
        let references = Pretended::new().host("Mounts", &mount(more)).unwrap();
        assert_eq!(references.images, super::names(&[("kudos/files:1", "HostConfig.Mounts[0].Source")]));
        assert!(references.host.is_empty() && references.volumes.is_empty());
    }
    for subpath in ["../x", "/etc", "a/../../b", "."] {
        let failure =
            Pretended::new().host("Mounts", &mount(json!({ "ImageOptions": { "Subpath": subpath } }))).unwrap_err();
        assert!(failure.message.contains("a path inside the image"), "{subpath}: {failure:?}");
    }
    let failure = Pretended::new().host("Mounts", &mount(json!({ "ImageOptions": { "Writable": true } }))).unwrap_err();
    assert!(failure.message.contains("`HostConfig.Mounts[0].ImageOptions.Writable`"), "{failure:?}");
}
