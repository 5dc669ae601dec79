//! Several files as one: merging, `extends`, `include`, env files, and where each value came from.
//!
//! What is expected is what Docker Compose 2.26 prints for the same files.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;

use windlass_compose::{Loaded, Options, Problems, load};

/// Loads files that are separated by lines of `=== name`; the first is `compose.yaml`.
fn read(text: &str, options: &Options) -> Result<Loaded, Problems> {
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

fn options(files: &[&str]) -> Options {
    let files = files.iter().map(|name| (*name).to_owned()).collect();
    let variables = [("SHELL", "shell"), ("EMPTY", "")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Options { files, variables, ..Options::default() }
}

/// The value at a path, lists and mappings as their parts.
fn value(loaded: &Loaded, path: &str) -> String {
    fn shown(origin: &windlass_compose::Origin) -> String {
        if origin.parts.is_empty() {
            return origin.value.clone().unwrap_or_else(|| "-".to_owned());
        }
        let part = |part: &windlass_compose::Origin| {
            let key = part.path.strip_prefix(&origin.path).unwrap_or_default().trim_start_matches('.');
            format!("{key}:{}", shown(part))
        };
        format!("{{{}}}", origin.parts.iter().map(part).collect::<Vec<_>>().join(" "))
    }
    loaded.explain(path).map_or_else(|| "nothing".to_owned(), |origin| shown(&origin))
}

#[track_caller]
fn check(text: &str, files: &[&str], expected: &[(&str, &str)]) {
    let loaded = read(text, &options(files)).unwrap_or_else(|problems| panic!("{text}\n{problems}"));
    for (path, expected) in expected {
        assert_eq!(value(&loaded, path), *expected, "{path} of\n{text}");
    }
}

#[track_caller]
fn refused(text: &str, files: &[&str], expected: &str) {
    let problems = read(text, &options(files)).map(|_| ()).unwrap_err().to_string();
    assert!(problems.contains(expected), "{text}\n  expected {expected}\n  got {problems}");
}

#[test]
fn elements_are_merged_by_their_own_rules() {
    let table: &[(&str, &str, &str, &str)] = &[
        ("command: x", "command:", "web.command", "-"),
        ("hostname: x", "hostname:", "web.hostname", "x"),
        ("environment: {A: 1, B: 2}", "environment:", "web.environment", "{A:1 B:2}"),
        ("environment: [A=1, B=2]", "environment: [A, SHELL]", "web.environment", "{A:- B:2 SHELL:shell}"),
        ("labels: [a=1, b]", "labels: {a: 2}", "web.labels", "{a:2 b:-}"),
        ("dns: 1.1.1.1", "dns: [2.2.2.2, 1.1.1.1]", "web.dns", "{0:1.1.1.1 1:2.2.2.2}"),
        ("cap_add: [A]", "cap_add: [B, A]", "web.cap_add", "{0:A 1:B}"),
        ("extra_hosts: ['a=1']", "extra_hosts: {a: 1, b: [2, 3]}", "web.extra_hosts", "{0:a=1 1:b=2 2:b=3}"),
        (
            "ulimits: {nofile: {soft: 1, hard: 2}}",
            "ulimits: {nofile: 7, nproc: 3}",
            "web.ulimits",
            "{nofile:7 nproc:3}",
        ),
        ("devices: ['/a:/b']", "devices: ['/c:/b', /d]", "web.devices", "{0:/c:/b 1:/d}"),
        (
            "depends_on: {d: {condition: service_healthy}}",
            "depends_on: [d]",
            "web.depends_on.d.condition",
            "service_started",
        ),
        ("networks: {default: {aliases: [a]}}", "networks: [default]", "web.networks.default.aliases", "{0:a}"),
        (
            "networks: {default: {aliases: [a]}}",
            "networks: {default: {aliases: [b, a]}}",
            "web.networks.default.aliases",
            "{0:a 1:b}",
        ),
        ("x-a: {a: 1, b: 2}", "x-a: {b: 3}", "web.x-a", "{a:1 b:3}"),
        ("deploy: {labels: [a=1]}", "deploy: {labels: {a: 3}}", "web.deploy.labels", "{a:3}"),
        ("environment: {A: 1, B: 2}", "environment: {A: !reset null}", "web.environment", "{B:2}"),
        // Compose keeps what was written as a list.
        ("environment: [A=1, B=2]", "environment: {A: !reset null}", "web.environment", "{A:1 B:2}"),
        ("environment: [A=1, B=2]", "environment: !override {C: 1}", "web.environment", "{C:1}"),
        ("depends_on: [d]", "depends_on: {d: !reset null}", "web.depends_on", "-"),
        ("cap_add: [A]", "cap_add: [!reset A, B]", "web.cap_add", "{0:A 1:B}"),
        ("healthcheck: {test: a, retries: 2}", "healthcheck: !override {test: b}", "web.healthcheck", "{test:b}"),
    ];
    for (base, over, path, expected) in table {
        let text = format!(
            "services:\n  web:\n    image: a\n    {base}\n  d: {{image: d}}\n=== over.yaml\nservices:\n  web:\n    {over}\n"
        );
        let loaded = read(&text, &options(&["compose.yaml", "over.yaml"]));
        // What the model does not take is merged all the same.
        let shown = match &loaded {
            Ok(loaded) => value(loaded, path),
            Err(problems) if problems.to_string().contains("not supported yet") => continue,
            Err(problems) => panic!("{text}\n{problems}"),
        };
        assert_eq!(shown, *expected, "{base} <- {over}");
    }
}

#[test]
fn whole_elements_are_merged_reset_and_kept() {
    let files = ["compose.yaml", "over.yaml"];
    check(
        "services:\n  web: {image: a}\n  gone: {image: b}\nx-t: {a: 1, b: 2}\n=== over.yaml\nservices:\n  gone: !reset null\nx-t: {b: 3}\n",
        &files,
        &[("services", "{web:{image:a}}"), ("x-t", "{a:1 b:3}")],
    );
    check("services:\n  web: {image: a}\n=== over.yaml\n# nothing\n", &files, &[("web", "{image:a}")]);
    check("services:\n  web: {image: a}\n=== over.yaml\nservices: {web: }\n", &files, &[("web", "{image:a}")]);
    check(
        "services:\n  web: {image: a, command: !reset x, user: !override h}\n=== over.yaml\nservices: {}\n",
        &files,
        &[("web", "{image:a user:h}")],
    );
    refused(
        "services:\n  web: {image: a, ports: ['80:80']}\n=== over.yaml\nservices:\n  web: {ports: 5}\n",
        &files,
        "over.yaml:2:16: `services.web.ports` is a list at compose.yaml:2:26, over which a number cannot go",
    );
    refused("services:\n  web: {image: a}\n=== over.yaml\nservices:\n", &files, "`services` must be a mapping");
}

#[test]
fn services_extend_each_other() {
    let base = "services:\n  base: {image: a, command: x, environment: {A: 1, B: 2}, ports: ['1:1'], labels: [l=1]}\n";
    check(
        &format!("{base}  web: {{extends: base, command: y, environment: [B=3], ports: ['2:2']}}\n"),
        &[],
        &[("web", "{image:a command:y environment:{A:1 B:3} ports:{0:1:1 1:2:2} labels:{l:1}}")],
    );
    check(
        &format!("{base}  web: {{extends: {{service: base}}, ports: !reset [], environment: !override {{C: 1}}}}\n"),
        &[],
        &[("web", "{image:a command:x environment:{C:1} labels:{l:1}}")],
    );
    // A chain through other files; paths stay those of their own files.
    check(
        "services:\n  web:\n    extends: {file: sub/b.yaml, service: base}\n    env_file: [w.env]\n=== w.env\nW=$B\n=== sub/b.yaml\nservices:\n  base:\n    extends: {file: ../third/t.yaml, service: t}\n    image: \"a:${TAG}\"\n    volumes: [\"./q:/q:ro\"]\n    env_file: b.env\n=== sub/b.env\nB=1\n=== sub/.env\nTAG=sub\n=== third/t.yaml\nservices:\n  t: {command: x, volumes: [\"./tt:/tt:ro\"]}\n=== .env\nTAG=root\n",
        &[],
        &[
            ("web.volumes", "{0:./third/tt:/tt:ro 1:./sub/q:/q:ro}"),
            ("web.image", "a:root"),
            ("web.environment.W", "1"),
            ("web.command", "x"),
        ],
    );
    // The same file by its name, and a file that needs nothing else to be right.
    check(
        "services:\n  a: {extends: {service: b, file: compose.yaml}}\n  b: {image: y, command: z}\n",
        &[],
        &[("a", "{image:y command:z}")],
    );
    check(
        "services:\n  a: {extends: {file: o.yaml, service: b}}\n=== o.yaml\nservices:\n  b: {image: y}\n  c: {bogus: 1}\ninclude: [nofile.yaml]\n",
        &[],
        &[("a", "{image:y}")],
    );
}

#[test]
fn wrong_extends_are_refused() {
    let table = [
        (
            "a: {extends: b}\n  b: {extends: c}\n  c: {extends: a}",
            "compose.yaml:4:7: services extend each other in a circle: `a` in compose.yaml extends `b` in compose.yaml extends `c` in compose.yaml extends `a` in compose.yaml",
        ),
        ("a: {extends: a, image: x}", "in a circle: `a` in compose.yaml extends `a` in compose.yaml"),
        (
            "a: {extends: bb, image: x}\n  b: {image: x}",
            "`services.a` extends `bb`, which is not a service of compose.yaml",
        ),
        (
            "a: {extends: {file: o.yaml, service: zz}}\n=== o.yaml\nservices: {x: {image: b}}",
            "which is not a service of o.yaml",
        ),
        (
            "a: {extends: {file: o.yaml, service: b}}\n=== o.yaml\nservices:\n  b: {extends: {service: a, file: compose.yaml}}",
            "in a circle",
        ),
        ("a: {extends: {file: no.yaml, service: b}}", "compose.yaml:2:23: the release has no file `no.yaml`"),
        (
            "a: {extends: {file: ../o.yaml, service: b}}",
            "`../o.yaml` leaves the release's directory, which is the boundary",
        ),
        ("a: {extends: {file: /o.yaml, service: b}}", "`/o.yaml` is outside the release, which is the boundary"),
        ("a: {extends: {file: o.yaml}}", "names no `service`"),
        ("a: {extends: {service: b, fiel: x}}", "`services.a.extends` has no key `fiel`"),
        ("a: {extends: [b]}", "must be the name of a service, not a list"),
        ("a: {extends: , image: x}", "must be the name of a service, not nothing"),
        ("a: {extends: {file: o.yaml, service: b}}\n=== o.yaml\nx-a: 1", "o.yaml has no `services`"),
    ];
    for (services, expected) in table {
        refused(&format!("services:\n  {services}\n"), &[], expected);
    }
    // Only services of the same file are in reach.
    refused(
        "services:\n  base: {image: a}\n=== over.yaml\nservices:\n  web: {extends: base}\n",
        &["compose.yaml", "over.yaml"],
        "which is not a service of over.yaml",
    );
    refused(
        "include: [inc.yaml]\nservices:\n  web: {extends: i}\n=== inc.yaml\nservices:\n  i: {image: i}\n",
        &[],
        "which is not a service of compose.yaml",
    );
}

#[test]
fn files_include_others() {
    check(
        "include: [\"${D:-sub}/i.yaml\"]\nservices: {m: {image: \"m:${TAG}\"}}\n=== sub/i.yaml\ninclude: [deep/d.yaml]\nservices:\n  i: {image: \"i:${TAG}-${SUB}\", volumes: [\"./x:/x:ro\"], environment: [SUB, NONE]}\n  j: {image: j, environment: {SUB: }, env_file: e.env}\n=== sub/e.env\nE=[${SUB}]\n=== sub/.env\nTAG=sub\nSUB=s\n=== sub/deep/d.yaml\nservices:\n  d: {image: \"d$DEEP$SUB\", volumes: [\"./a:/a:ro\"], extends: {file: x.yaml, service: x}}\n=== sub/deep/x.yaml\nservices: {x: {volumes: [\"./b:/b:ro\"]}}\n=== sub/deep/.env\nDEEP=deep\nSUB=other\n=== .env\nTAG=root\n",
        &[],
        &[
            ("m.image", "m:root"),
            ("i.image", "i:root-s"),
            ("i.volumes", "{0:./sub/x:/x:ro}"),
            // In a list it is the included file's, in a mapping and in env files the release's.
            ("i.environment", "{SUB:s NONE:-}"),
            ("j.environment", "{SUB:- E:[]}"),
            ("d.image", "ddeeps"),
            ("d.volumes", "{0:./sub/deep/b:/b:ro 1:./sub/deep/a:/a:ro}"),
        ],
    );
    check(
        "include:\n - path: [sub/a.yaml, sub/o.yaml]\n   project_directory: other\n   env_file: [x.env, y.env]\nservices: {m: {image: m}}\n=== sub/a.yaml\nservices: {a: {image: \"a:${TAG}-${B}\", volumes: ['./q:/q:ro']}}\n=== sub/o.yaml\nservices: {a: {command: o}}\n=== x.env\nTAG=x\nB=$TAG-b\n=== y.env\nTAG=y\n=== other/.env\nTAG=other\n",
        &[],
        &[("a.image", "a:y-x-b"), ("a.volumes", "{0:./other/q:/q:ro}"), ("a.command", "o")],
    );
    check(
        "include: [{path: s/a.yaml, env_file: /dev/null}]\nservices: {m: {image: m}}\n=== s/a.yaml\nservices: {a: {image: \"a:${V:-none}\"}}\n=== s/.env\nV=1\n",
        &[],
        &[("a.image", "a:none")],
    );
    // What is the same twice is no conflict, and a later file may change what an earlier one includes.
    check(
        "include: [a.yaml, b.yaml]\n=== a.yaml\ninclude: [c.yaml]\nservices: {a: {image: a}}\n=== b.yaml\ninclude: [c.yaml]\nservices: {b: {image: b}}\n=== c.yaml\nservices: {c: {image: c, environment: {A: 1}}}\nnetworks: {n: }\n=== over.yaml\nservices:\n  c: {image: d}\n  a: !reset null\n",
        &["compose.yaml", "over.yaml"],
        &[("services", "{c:{image:d environment:{A:1}} b:{image:b}}")],
    );
    check(
        "include: [a.yaml]\nservices: {m: {image: m}, a: !reset null}\n=== a.yaml\nname: other\nx-a: 1\nservices: {a: {image: a}}\n",
        &[],
        &[("a.image", "a"), ("x-a", "nothing")],
    );
}

#[test]
fn wrong_includes_are_refused() {
    let table = [
        (
            "include: [a.yaml]\n=== a.yaml\ninclude: [compose.yaml]\n",
            "a.yaml:1:11: files include each other in a circle: compose.yaml includes a.yaml includes compose.yaml",
        ),
        (
            "include: [a.yaml]\nservices: {i: {image: i}}\n=== a.yaml\nservices: {i: {image: j}}\n",
            "a.yaml:1:12: `services.i` is defined here and, differently, at compose.yaml:2:12",
        ),
        (
            "include: [a.yaml]\nnetworks: {n: {driver: x}}\n=== a.yaml\nservices: {a: {image: a}}\nnetworks: {n: }\n",
            "`networks.n` is defined here and, differently",
        ),
        ("include: [none.yaml]\n", "compose.yaml:1:11: the release has no file `none.yaml`"),
        (
            "include: [{path: a.yaml, env_file: no.env}]\n=== a.yaml\nservices: {a: {image: a}}\n",
            "the release has no file `no.env`",
        ),
        ("include: [../a.yaml]\n", "`../a.yaml` leaves the release's directory, which is the boundary"),
        ("include: ['https://host/x.git']\n", "is somewhere else; a release brings every file that it needs"),
        ("include: a.yaml\n", "`include` must be a list, not a text"),
        ("include: [{pth: a}]\n", "`include` has no key `pth`"),
        ("include: [{env_file: a}]\n", "names no `path`"),
        ("include: [[a]]\n", "must be a text or a mapping, not a list"),
        ("include: [5]\n", "must be the path of a file, not a number"),
        (
            "include: [a.yaml]\n=== a.yaml\nservces: {a: {image: a}}\n",
            "a.yaml:1:1: `servces`: Compose knows no key `servces` here",
        ),
        ("include: [a.yaml]\n=== a.yaml\n# nothing\n", "the included file is empty"),
    ];
    for (text, expected) in table {
        refused(text, &[], expected);
    }
}

#[test]
fn variables_of_compose_itself_are_honoured() {
    let text = "=== a.yaml\nname: One\nservices: {m: {image: \"m:${COMPOSE_PROJECT_NAME}\"}, p: {image: p, profiles: [pp]}}\n=== b.yaml\nservices: {m: {command: n}}\n=== .env\nCOMPOSE_FILE=a.yaml:b.yaml\nCOMPOSE_PROFILES=x, pp\n";
    let loaded = read(text, &Options::default()).unwrap();
    assert_eq!(loaded.files, ["a.yaml", "b.yaml"]);
    assert_eq!(loaded.profiles, ["x", "pp"]);
    assert_eq!(loaded.project.as_deref(), Some("one"));
    assert_eq!(value(&loaded, "m"), "{image:m:one command:n}");
    let given = Options { project: Some("given".to_owned()), ..Options::default() };
    assert_eq!(value(&read(text, &given).unwrap(), "m.image"), "m:given");
    let wrong = Options { project: Some("Not One".to_owned()), ..Options::default() };
    assert!(read(text, &wrong).unwrap_err().to_string().contains("`Not One` is not a name for a project"));
    // The variables of the first file's directory, and no others.
    let text = "=== sub/compose.yaml\nservices: {m: {image: \"m:${A}-${B:-none}\", volumes: ['./x:/x:ro']}}\n=== sub/.env\nA=sub\n=== .env\nA=root\nB=root\n";
    check(text, &["sub/compose.yaml"], &[("m.image", "m:sub-none"), ("m.volumes", "{0:./x:/x:ro}")]);
}

#[test]
fn numbers_are_texts_as_compose_writes_them_and_dates_are_none() {
    check(
        "services:\n  web:\n    image: a\n    labels: {A: 1.50, B: true, D: '2020-01-01'}\n",
        &[],
        &[("web.labels", "{A:1.5 B:true D:2020-01-01}")],
    );
    refused(
        "services:\n  web: {image: a, labels: {C: 2020-01-01}}\n",
        &[],
        "compose.yaml:2:31: `services.web.labels.C` must be a text, not a date",
    );
    refused(
        "services:\n  web: {image: a, environment: [1]}\n",
        &[],
        "an item of `environment` must be a text, not a number",
    );
    refused("services:\n  1: {image: a}\n", &[], "compose.yaml:2:3: the key `1` is not a text");
}

#[test]
fn every_value_says_where_it_came_from() {
    let text = "services:\n  web:\n    extends: {file: base.yaml, service: base}\n    image: shop:${TAG}\n    environment:\n      LOG_LEVEL: ${LOG:-debug}\n      SHELL:\n    env_file: [web.env]\n    ports: [\"80:80\"]\n    labels: {com.example.team: shop}\ninclude: [inc/i.yaml]\n=== base.yaml\nservices:\n  base:\n    image: base\n    command: run $NO\n=== web.env\n\nFROM_FILE=1\n=== inc/i.yaml\nservices:\n  inner: {image: \"inner:$TAG\"}\n=== over.yaml\nservices:\n  web:\n    environment: [LOG_LEVEL=warn]\n    ports: [\"81:81\"]\n=== .env\nTAG=7\n";
    let loaded = read(text, &options(&["compose.yaml", "over.yaml"])).unwrap();
    let table = [
        (
            "web.image",
            "services.web.image = shop:7\n  written at compose.yaml:4:12\n  as `shop:${TAG}`, where `TAG` is set at .env:1:1\n  in place of `base` at base.yaml:3:12\n  through `extends` at compose.yaml:3:5\n",
        ),
        (
            "services.web.command",
            "services.web.command = run \n  written at base.yaml:4:14\n  through `extends` at compose.yaml:3:5\n  as `run $NO`, where `NO` is not set, and taken as empty\n",
        ),
        (
            "web.environment.LOG_LEVEL",
            "services.web.environment.LOG_LEVEL = warn\n  written at over.yaml:3:19\n  in place of `debug` at compose.yaml:6:18\n  as `${LOG:-debug}`, where `LOG` takes what stands after its operator\n",
        ),
        (
            "web.environment.SHELL",
            "services.web.environment.SHELL = shell\n  written at compose.yaml:7:12\n  as `SHELL`, where `SHELL` is a variable of the release\n",
        ),
        ("web.environment.FROM_FILE", "services.web.environment.FROM_FILE = 1\n  written at web.env:2:1\n"),
        (
            "web.ports",
            "services.web.ports\n  written at compose.yaml:9:12\n  services.web.ports.0 = 80:80\n    written at compose.yaml:9:13\n  services.web.ports.1 = 81:81\n    written at over.yaml:4:13\n",
        ),
        ("web.ports.1", "services.web.ports.1 = 81:81\n  written at over.yaml:4:13\n"),
        (
            "web.labels.com.example.team",
            "services.web.labels.com.example.team = shop\n  written at compose.yaml:10:32\n",
        ),
        (
            "inner.image",
            "services.inner.image = inner:7\n  written at inc/i.yaml:2:18\n  as `inner:$TAG`, where `TAG` is set at .env:1:1\n  in a file that is included at compose.yaml:11:11\n",
        ),
    ];
    for (path, expected) in table {
        assert_eq!(loaded.explain(path).unwrap().to_string(), expected, "{path}");
    }
    for path in ["web.nothing", "nobody", "web.image.x", "web.ports.9", ""] {
        assert!(path.is_empty() || loaded.explain(path).is_none(), "{path}");
    }
}
