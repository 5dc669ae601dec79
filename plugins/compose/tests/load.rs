//! What files mean, and what is refused: one table for each.

use std::collections::BTreeMap;

use windlass_compose::{Application, FileObject, FileReference, Loaded, MountKind, Options, Path, Problems, load};

/// Loads `compose.yaml` and further files, separated by lines of `=== name`.
fn read(text: &str) -> Result<Loaded, Problems> {
    read_with(text, &Options { variables: variables(&[("SET", "value"), ("PORT", "8080")]), ..Options::default() })
}

fn read_with(text: &str, options: &Options) -> Result<Loaded, Problems> {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut name = "compose.yaml".to_owned();
    for line in text.lines() {
        if let Some(next) = line.strip_prefix("=== ") {
            next.clone_into(&mut name);
            continue;
        }
        let file = files.entry(name.clone()).or_default();
        file.extend_from_slice(line.as_bytes());
        file.push(b'\n');
    }
    load(&files, options)
}

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// One field of the service `web`, as debug text.
fn field(application: &Application, name: &str) -> String {
    let web = &application.services["web"];
    let environment = || {
        web.environment
            .iter()
            .map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("<unset>")))
            .collect::<Vec<_>>()
            .join(" ")
    };
    match name {
        "image" => web.image.as_ref().map(|image| image.value.clone()).unwrap_or_default(),
        "command" => format!("{:?}", web.command),
        "entrypoint" => format!("{:?}", web.entrypoint),
        "environment" => environment(),
        "labels" => format!("{:?}", web.labels),
        "expose" => web.exposed().join(" "),
        "tmpfs" => web.tmpfs.join(" "),
        "extra_hosts" => web.extra_hosts.join(" "),
        "ports" => web
            .ports
            .iter()
            .map(|port| {
                let (first, last) = port.published.unwrap_or((0, 0));
                format!("{first}-{last}>{}/{}", port.target, port.protocol.as_str())
            })
            .collect::<Vec<_>>()
            .join(" "),
        "mounts" => web
            .mounts
            .iter()
            .map(|mount| {
                let source = match &mount.kind {
                    MountKind::Volume { name, .. } => format!("volume {}", name.as_deref().unwrap_or("-")),
                    MountKind::Bind { source: Path::Bundle(path), .. } => format!("bundle {path}"),
                    MountKind::Bind { source: Path::Host(path), .. } => format!("host {path}"),
                    MountKind::Tmpfs { options } => {
                        let options = options.clone().unwrap_or_default();
                        format!("memory {:?} {:?}", options.size, options.mode)
                    }
                    MountKind::Image { source, options } => {
                        let subpath = options.as_ref().and_then(|options| options.subpath.as_deref());
                        format!("image {source} {}", subpath.unwrap_or("-"))
                    }
                };
                format!("{source} > {}{}", mount.target, if mount.read_only { " ro" } else { "" })
            })
            .collect::<Vec<_>>()
            .join(", "),
        "networks" => web
            .networks
            .iter()
            .map(|(name, attachment)| format!("{name}[{}]", attachment.aliases.join(" ")))
            .collect::<Vec<_>>()
            .join(" "),
        "depends_on" => web
            .depends_on
            .iter()
            .map(|(name, dependency)| format!("{name}:{}", dependency.condition.as_str()))
            .collect::<Vec<_>>()
            .join(" "),
        "healthcheck" => web
            .healthcheck
            .as_ref()
            .map_or_else(String::new, |check| format!("{:?} {:?} {:?}", check.test, check.interval, check.retries)),
        "restart" => format!("{} {}", web.effective_restart().policy.as_str(), web.effective_restart().maximum),
        "resources" => {
            let resources = web.effective_resources();
            format!("{:?} {:?} {:?}", resources.memory, resources.nano_cpus, resources.pids)
        }
        "secrets" => files(&web.secrets, &application.secrets),
        "configs" => files(&web.configs, &application.configs),
        "stop" => format!("{:?} {:?}", web.stop_signal, web.stop_grace_period),
        "logging" => format!("{:?}", web.logging),
        "used" => format!(
            "{:?} {:?}",
            application.networks.keys().collect::<Vec<_>>(),
            application.volumes.keys().collect::<Vec<_>>()
        ),
        other => format!("no field {other}"),
    }
}

fn files(references: &[FileReference], objects: &BTreeMap<String, FileObject>) -> String {
    let targets: Vec<_> = references.iter().map(|file| &file.target).collect();
    let sources: BTreeMap<_, _> = objects.iter().map(|(key, object)| (key, &object.source)).collect();
    format!("{targets:?} {sources:?}")
}

/// A service `web` with the given lines.
fn web(lines: &str) -> String {
    let mut text = String::from("services:\n  web:\n    image: x\n");
    for line in lines.lines() {
        text.push_str("    ");
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[test]
fn elements_mean_what_they_mean_to_compose() {
    let table: &[(&str, &str, &str)] = &[
        ("command: sleep 'a b'", "command", r#"Some(["sleep", "a b"])"#),
        ("command: [sleep, \"10\"]", "command", r#"Some(["sleep", "10"])"#),
        ("command: ", "command", "None"),
        ("command: []", "command", "Some([])"),
        ("entrypoint: /run.sh -x", "entrypoint", r#"Some(["/run.sh", "-x"])"#),
        ("environment: [A=1, A=2, SET, NONE]", "environment", "A=2 NONE=<unset> SET=value"),
        (
            "environment: {A: 1, B: true, C: 1.0, D: 0600, E: '', SET: }",
            "environment",
            "A=1 B=true C=1 D=384 E= SET=value",
        ),
        ("environment: {A: \"${SET}-${NO:-d}\", B: $$X}", "environment", "A=value-d B=$X"),
        ("labels: [a=b, c]", "labels", r#"{"a": "b", "c": ""}"#),
        ("labels: {a: 1}", "labels", r#"{"a": "1"}"#),
        ("expose: [80, \"90-91/udp\"]", "expose", "80/tcp 90/udp 91/udp"),
        (
            "ports: [\"$PORT:80\", 90, {target: 1, published: \"2\", protocol: udp}]",
            "ports",
            "8080-8080>80/tcp 0-0>90/tcp 2-2>1/udp",
        ),
        ("ports: [\"80:80\", \"80:80/tcp\"]", "ports", "80-80>80/tcp"),
        ("volumes: [/a, \"/h:/b:ro\", \"./f:/c:ro\"]", "mounts", "volume - > /a, host /h > /b ro, bundle f > /c ro"),
        (
            "volumes: [{type: tmpfs, target: /t, tmpfs: {size: 1m, mode: 0700}}]",
            "mounts",
            "memory Some(1048576) Some(448) > /t",
        ),
        ("tmpfs: /run", "tmpfs", "/run"),
        ("tmpfs: [/a, /b, /a]", "tmpfs", "/a /b"),
        ("networks: {default: {aliases: [a, b]}}", "networks", "default[a b]"),
        ("", "networks", "default[]"),
        (
            "healthcheck: {test: curl x, interval: 5s, retries: 3}",
            "healthcheck",
            r#"Some(["CMD-SHELL", "curl x"]) Some(5s) Some(3)"#,
        ),
        ("healthcheck: {test: [NONE]}", "healthcheck", r#"Some(["NONE"]) None None"#),
        ("restart: on-failure:3", "restart", "on-failure 3"),
        ("restart: no", "restart", "no 0"),
        ("mem_limit: 64m\ncpus: 0.5\npids_limit: 10", "resources", "Some(67108864) Some(500000000) Some(10)"),
        (
            "deploy: {replicas: 1, resources: {limits: {cpus: '0.25', memory: 1g}, reservations: {cpus: 1}}}",
            "resources",
            "Some(1073741824) Some(250000000) None",
        ),
        ("extra_hosts: [\"h:1.2.3.4\", \"i=::1\"]", "extra_hosts", "h:1.2.3.4 i:::1"),
        ("extra_hosts: {h: 1.2.3.4, j: [1.1.1.1, 2.2.2.2]}", "extra_hosts", "h:1.2.3.4 j:1.1.1.1 j:2.2.2.2"),
        ("stop_signal: SIGINT\nstop_grace_period: 1m30s", "stop", r#"Some("SIGINT") Some(90s)"#),
        (
            "logging: {driver: json-file, options: {max-size: 1m, max-file: 3}}",
            "logging",
            r#"Some(Logging { driver: Some("json-file"), options: {"max-file": "3", "max-size": "1m"} })"#,
        ),
        ("x-own: {a: [1]}", "image", "x"),
    ];
    for (lines, name, expected) in table {
        let loaded = read(&web(lines)).unwrap_or_else(|problems| panic!("{lines}: {problems}"));
        assert_eq!(field(&loaded.application, name), *expected, "{lines}");
    }
}

#[test]
fn whole_files_mean_what_they_mean_to_compose() {
    let table: &[(&str, &str, &str)] = &[
        // Files that are given.
        (
            "services:\n  web:\n    image: x\n    env_file: [a.env, {path: none.env, required: false}]\n    environment: {A: 3}\n=== a.env\nA=1\nB=${A}2\n",
            "environment",
            "A=3 B=32",
        ),
        (
            "services:\n  web:\n    image: x\n    env_file: [{path: a.env, format: raw}]\n=== a.env\nA='$X'\n",
            "environment",
            "A='$X'",
        ),
        ("services:\n  web:\n    image: r:${TAG}\n=== .env\nTAG=7\n", "image", "r:7"),
        ("services:\n  web:\n    image: r:${SET}\n=== .env\nSET=7\n", "image", "r:value"),
        // Secrets and configs.
        (
            "services:\n  web:\n    image: x\n    secrets: [s, {source: s, target: t}]\nsecrets:\n  s: {file: ./s.txt}\n",
            "secrets",
            r#"["/run/secrets/s", "/run/secrets/t"] {"s": File(Bundle("s.txt"))}"#,
        ),
        (
            "services:\n  web:\n    image: x\n    configs: [c]\nconfigs:\n  c: {content: \"v=${SET}\"}\n",
            "configs",
            r#"["/c"] {"c": Content("v=value")}"#,
        ),
        // Anchors, merge keys, own fields.
        ("x-d: &d {restart: always}\nservices:\n  web:\n    <<: *d\n    image: x\n", "restart", "always 0"),
        // Only what is used is made.
        (
            "services:\n  web: {image: x, networks: [a], volumes: [\"data:/d\"]}\nnetworks: {a: , b: }\nvolumes: {data: , other: }\n",
            "used",
            r#"["a"] ["data"]"#,
        ),
        // Several documents are merged.
        ("services:\n  web: {image: x}\n---\nservices:\n  web: {image: y}\n", "image", "y"),
    ];
    for (text, name, expected) in table {
        let loaded = read(text).unwrap_or_else(|problems| panic!("{text}: {problems}"));
        assert_eq!(field(&loaded.application, name), *expected, "{text}");
    }
}

#[test]
fn later_files_go_over_earlier_ones() {
    let table: &[(&str, &str, &str, &str)] = &[
        ("image: a", "image: b", "image", "b"),
        ("image: a", "command: x", "image", "a"),
        ("command: [a, b]", "command: [c]", "command", r#"Some(["c"])"#),
        ("environment: [A=1, B=2]", "environment: {B: 3, C: 4}", "environment", "A=1 B=3 C=4"),
        ("labels: {a: 1}", "labels: [a=2, b=3]", "labels", r#"{"a": "2", "b": "3"}"#),
        ("ports: [\"80:80\"]", "ports: [\"81:81\", \"80:80\"]", "ports", "80-80>80/tcp 81-81>81/tcp"),
        ("ports: [\"80:80\"]", "ports: !override [\"81:81\"]", "ports", "81-81>81/tcp"),
        ("ports: [\"80:80\"]", "ports: !reset []", "ports", ""),
        ("command: a", "command: !reset null", "command", "None"),
        (
            "volumes: [\"/a:/x\", \"/b:/y\"]",
            "volumes: [{type: bind, source: /c, target: /x}]",
            "mounts",
            "host /c > /x, host /b > /y",
        ),
        ("networks: [default]", "networks: {default: {aliases: [q]}}", "networks", "default[q]"),
        (
            "healthcheck: {test: a, retries: 2}",
            "healthcheck: {test: [CMD, b]}",
            "healthcheck",
            r#"Some(["CMD", "b"]) None Some(2)"#,
        ),
        (
            "logging: {driver: a, options: {x: 1}}",
            "logging: {driver: b, options: {y: 2}}",
            "logging",
            r#"Some(Logging { driver: Some("b"), options: {"y": "2"} })"#,
        ),
        (
            "logging: {driver: a, options: {x: 1}}",
            "logging: {options: {y: 2}}",
            "logging",
            r#"Some(Logging { driver: Some("a"), options: {"x": "1", "y": "2"} })"#,
        ),
        ("expose: [80]", "expose: [80, 81]", "expose", "80/tcp 81/tcp"),
        ("tmpfs: /a", "tmpfs: [/b, /a]", "tmpfs", "/a /b"),
    ];
    let options = Options { files: vec!["compose.yaml".to_owned(), "over.yaml".to_owned()], ..Options::default() };
    for (base, over, name, expected) in table {
        let text = format!("services:\n  web:\n    image: a\n=== over.yaml\nservices:\n  web:\n    {over}\n");
        let text = if base.starts_with("image") {
            text
        } else {
            text.replacen("image: a", &format!("image: a\n    {base}"), 1)
        };
        let loaded = read_with(&text, &options).unwrap_or_else(|problems| panic!("{text}: {problems}"));
        assert_eq!(field(&loaded.application, name), *expected, "{base} <- {over}");
    }
}

#[test]
fn profiles_choose_services() {
    let text = "services:\n  web: {image: x, depends_on: {tool: {condition: service_started, required: false}}}\n  tool: {image: y, profiles: [debug]}\n";
    let names = |profiles: &[&str]| {
        let profiles = profiles.iter().map(|profile| (*profile).to_owned()).collect();
        let loaded = read_with(text, &Options { profiles, ..Options::default() }).unwrap();
        loaded.application.services.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&[]), "web");
    assert_eq!(names(&["debug"]), "tool web");
    assert_eq!(names(&["*"]), "tool web");
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let table: &[(&str, &str)] = &[
        (&web("imgage: y"), "compose.yaml:4:5: `services.web.imgage`: Compose knows no key `imgage` here"),
        (
            &web("use_api_socket: true"),
            "compose.yaml:4:5: `services.web.use_api_socket` is refused: it hands the engine's socket",
        ),
        (&web("user: 5"), "compose.yaml:4:11: `services.web.user` must be a text, not a number"),
        (&web("ports: 5"), "compose.yaml:4:12: `services.web.ports` must be a list, not a number"),
        (&web("ports: [abc]"), "compose.yaml:4:13: `services.web.ports`: `abc` is not a port between 1 and 65535"),
        (&web("restart: maybe"), "compose.yaml:4:14: `services.web.restart`: `maybe` is not `no`"),
        (&web("init: 7x"), "compose.yaml:4:11: `services.web.init` must be `true` or `false`, not `7x`"),
        (&web("stop_grace_period: 1d"), "`1d` is not a duration"),
        (&web("mem_limit: 1x"), "`1x` is not a size"),
        (
            &web("mem_limit: 1g\ndeploy: {resources: {limits: {memory: 2g}}}"),
            "`services.web.mem_limit` and `services.web.deploy.resources.limits.memory` must say the same",
        ),
        (&web("scale: 2\ncontainer_name: ab"), "`services.web` has 2 containers, which cannot all be named `ab`"),
        (&web("healthcheck: {test: [curl]}"), "must begin with `CMD`, `CMD-SHELL` or `NONE`, not `curl`"),
        (&web("healthcheck: {interval: 5}"), "`services.web.healthcheck.interval` must be a text, not a number"),
        (&web("volumes: [\"../d:/d:ro\"]"), "`../d` leaves the release's directory"),
        (&web("volumes: [\"data:/d\"]"), "`services.web` uses `volumes.data`, which no file defines"),
        (&web("volumes: [\"n:/d\"]"), "Docker Compose reads `n:/d` as a Windows path"),
        (&web("networks: [front]"), "compose.yaml:4:16: `services.web` uses `networks.front`, which no file defines"),
        (&web("secrets: [s]"), "`services.web` uses `secrets.s`, which no file defines"),
        (&web("depends_on: [db]"), "compose.yaml:4:18: `services.web` depends on `db`"),
        (&web("depends_on: [web]"), "in a circle: web → web"),
        (&web("env_file: none.env"), "the release has no file `none.env`"),
        (
            &web("command: ${NO:?say it}"),
            "compose.yaml:4:14: `services.web.command`: the required variable `NO` is not set or empty: say it",
        ),
        (&web("command: a ${"), "compose.yaml:4:16: `services.web.command`: `${` is not a variable"),
        (&web("command: $SECRET"), "`services.web.command` cannot hold a secret"),
        (&web("x-windlass: {replace: never}"), "`never` is not `start-first` or `stop-first`"),
        ("services: {web: {command: x}}", "`services.web` has no `image`"),
        ("services: {web: {image: ''}}", "`services.web.image` must not be empty"),
        ("services: {\"we b\": {image: x}}", "`we b` is not a name for a service"),
        ("services: {}", "no service is defined"),
        ("# nothing\n", "compose.yaml:1:1: the Compose file is empty: no service is defined"),
        ("---\n", "a Compose file must be a mapping, not nothing"),
        ("[]", "compose.yaml:1:1: a Compose file must be a mapping, not a list"),
        ("servces: {web: {image: x}}", "`servces`: Compose knows no key `servces` here"),
        (
            "services: {web: {image: x, networks: [n]}}\nnetworks: {n: {ipam: {subnet: x}}}",
            "`networks.n.ipam.subnet`: Compose knows no key `subnet` here",
        ),
        (
            "services: {web: {image: x, secrets: [s]}}\nsecrets: {s: {driver: x, file: ./y}}",
            "`secrets.s.driver` is refused: it is for swarm clusters",
        ),
        (
            "services: {web: {image: x, configs: [c]}}\nconfigs: {c: {file: a, content: b}}",
            "`configs.c` needs exactly one of `file`",
        ),
        ("services: {web: {image: x}, web: {image: y}}", "the key `web` is there twice"),
        (
            "services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [c]}\n  c: {image: x, depends_on: [a]}\n",
            "in a circle: a → b → c → a",
        ),
    ];
    let options =
        Options { variables: variables(&[("SECRET", "{{windlass.secret:x@0123456789abcdef}}")]), ..Options::default() };
    for (text, expected) in table {
        let problems = read_with(text, &options).unwrap_err().to_string();
        assert!(problems.contains(expected), "{text}\n  expected {expected}\n  got {problems}");
    }
}

#[test]
fn hints_name_the_nearest_key_and_all_problems_are_told_at_once() {
    let problems = read(&web("enviroment: {}\ncomand: x")).unwrap_err();
    assert_eq!(problems.0.len(), 2);
    assert_eq!(problems.hints(), ["did you mean `environment`?", "did you mean `command`?"]);
}

#[test]
fn values_may_hold_secrets_only_where_the_host_replaces_them() {
    let options =
        Options { variables: variables(&[("SECRET", "{{windlass.secret:x@0123456789abcdef}}")]), ..Options::default() };
    let text = web("environment: {A: \"pre-$SECRET\"}");
    let loaded = read_with(&text, &options).unwrap();
    assert_eq!(field(&loaded.application, "environment"), "A=pre-{{windlass.secret:x@0123456789abcdef}}");
}

#[test]
fn unset_variables_are_warned_about() {
    let loaded = read(&web("command: a$NONE")).unwrap();
    assert_eq!(loaded.warnings, ["the variable `NONE` is not set and is taken as empty"]);
    let text =
        "services: {web: {image: x, secrets: [s]}}\nsecrets: {s: {environment: NONE}, unused: {environment: NONE}}\n";
    assert_eq!(
        read(text).unwrap().warnings,
        ["`secrets.s` is the variable `NONE`, which is not set: what uses it cannot be deployed"]
    );
}
