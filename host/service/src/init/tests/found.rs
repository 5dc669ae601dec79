//! What is found in Compose files: grants, secrets, files, names, and what a deployment would refuse.

use super::*;

/// All sentences, one below the other.
fn said(proposal: &Proposal) -> String {
    proposal.remarks.join("\n")
}

#[test]
fn grants_are_exactly_what_the_files_need_and_say_what_they_mean() {
    let proposal = from(
        r#"
name: kudos
services:
  web:
    image: web:1
    cap_add: [NET_ADMIN, CHOWN]
    cap_drop: [ALL]
    devices: ["/dev/fuse"]
    sysctls: {net.core.somaxconn: 1024}
    security_opt: ["apparmor:unconfined", "no-new-privileges:true"]
    networks: [default, proxy]
    external_links: ["their-db-1:db", kudos-probe-1]
    volumes: ["/srv/kudos:/data", "files:/files", "theirs:/theirs", "/var/run/docker.sock:/s:ro"]
  probe:
    image: web:1
    pid: host
    network_mode: host
  debug:
    image: web:1
    privileged: true
    profiles: [debug]
networks:
  proxy: {name: edge, external: true}
  default: {ipam: {config: [{subnet: 198.51.100.0/24}]}}
volumes:
  files: {driver_opts: {type: nfs, o: "addr=nas", device: ":/files"}}
  theirs: {external: true}
"#,
    )
    .unwrap();
    check(&proposal);
    let grant = proposal.agent_file.split("\n\n").find(|part| part.contains("docker-write")).unwrap();
    insta::assert_snapshot!(grant, @r#"
    # Sees and changes the containers, networks and volumes of kudos, and of nothing else.
    # Besides, because the Compose file asks for it:
    #   cap-add:NET_ADMIN, for web: it has this right of the kernel besides the usual ones
    #   device:/dev/fuse, for web: it uses this device of the host
    #   docker-socket, for web: it commands the Docker Engine, and with it can do everything on this host
    #   host-network, for probe: it uses the network of the host as its own: every port, and every service on 127.0.0.1
    #   host-pid, for probe: it sees all processes of the host, and can signal those of its user
    #   link:their-db-1, for web: it has a name of its own for this container, which belongs to another application
    #   network:edge, for the network proxy, which is external: it joins this network of another owner, and reaches what is in it
    #   security-opt:apparmor=unconfined, for web: it changes how the kernel's security modules hold it
    #   volume-type:nfs, for the volume files: it has a volume of this file system, which the host mounts
    #   volume:theirs, for the volume theirs, which is external: it uses this volume of another owner, with the data in it
    #   /srv/kudos, for web: is mounted from this host
    #   198.51.100.0/24, for the network default: these addresses are not private ones
    [[grants]]
    plugin = "strategy-compose"
    applications = ["kudos"]
    docker-read = true
    docker-write = { bind-roots = ["/srv/kudos"], allow = ["cap-add:NET_ADMIN", "device:/dev/fuse", "docker-socket", "host-network", "host-pid", "link:their-db-1", "network:edge", "security-opt:apparmor=unconfined", "volume-type:nfs", "volume:theirs"], subnets = ["198.51.100.0/24"] }
    "#);
    for words in [
        "`docker-socket` is granted because the Compose file asks for it (web)",
        "`host-pid` is granted because the Compose file asks for it (probe)",
        "the service `debug` is not active without a profile, and agent.toml grants nothing for it",
    ] {
        assert!(said(&proposal).contains(words), "{words}: {}", said(&proposal));
    }
}

#[test]
fn variables_that_are_secrets_become_secrets_of_the_operator() {
    let files = BTreeMap::from([
        (
            "compose.yaml".to_owned(),
            br#"
name: kudos
services:
  web:
    image: web:${TAG:?which version}
    environment:
      - DB_URL=postgres://kudos:${DB_PASSWORD:?}@db
      - API_TOKEN
      - LOG=${LOG_LEVEL}
    env_file: web.env
  chat:
    image: chat:1
    profiles: [chat]
    environment: {CHAT_TOKEN: "${CHAT_TOKEN:?needed when the chat profile is on}"}
  db:
    image: db:1
    environment: {POSTGRES_PASSWORD: "${POSTGRES_PASSWORD}"}
"#
            .to_vec(),
        ),
        (".env".to_owned(), b"POSTGRES_PASSWORD=hunter22\nUNUSED_PASSWORD=x\n".to_vec()),
        ("web.env".to_owned(), b"SMTP_PASSWORD=hunter23\nCOLOUR=red\n".to_vec()),
    ]);
    let proposal = propose(&Inputs {
        files: &files,
        compose: &[],
        variables: BTreeMap::new(),
        application: None,
        directory: "x",
        place: Path::new("/srv/app"),
        is_there: &|_| false,
        agent_file: "/home/me/app/agent.toml".as_ref(),
    })
    .unwrap();
    check(&proposal);
    let text = format!("{proposal:?}");
    assert!(!text.contains("hunter2"), "a value is told");
    let given = proposal.release_file.split("\n\n").find(|part| part.contains("[secrets]")).unwrap();
    insta::assert_snapshot!(given, @r#"
    # Values for ${…} in the Compose file, and variables whose value is one of the operator's secrets.
    [variables]
    # TAG = ""   # required, and set nowhere
    # LOG_LEVEL = ""   # not set, and taken as empty
    [secrets]
    API_TOKEN = "kudos-api-token"
    CHAT_TOKEN = "kudos-chat-token"
    DB_PASSWORD = "kudos-db-password"
    POSTGRES_PASSWORD = "kudos-postgres-password"
    "#);
    assert!(
        proposal.agent_file.contains(
            "secrets = [\"kudos-api-token\", \"kudos-chat-token\", \"kudos-db-password\", \"kudos-postgres-password\"]"
        ),
        "{}",
        proposal.agent_file
    );
    assert!(
        proposal
            .agent_file
            .contains("[secrets.kudos-db-password]\nfile = \"/etc/windlass/secrets/kudos-db-password\"\n")
    );
    for words in [
        "the variable `TAG` is required and is not set: give it in `[variables]` of release.toml",
        "the variable `API_TOKEN` is a secret by its name and is not set: write its value into /etc/windlass/secrets/kudos-api-token",
        "move the value from `.env` into /etc/windlass/secrets/kudos-postgres-password",
        "the service `web` gets `SMTP_PASSWORD`, a secret by its name, from `web.env`",
    ] {
        assert!(said(&proposal).contains(words), "{words}: {}", said(&proposal));
    }
    assert!(!said(&proposal).contains("UNUSED_PASSWORD"));
    assert!(
        proposal.release_file.contains("tag = \"latest\"   # `${TAG}` in the Compose file"),
        "{}",
        proposal.release_file
    );
}

#[test]
fn files_and_names_are_those_that_docker_compose_would_take() {
    let text = |text: &str| text.as_bytes().to_vec();
    let files = BTreeMap::from([
        ("compose.yaml".to_owned(), text("services: {web: {image: web, secrets: [key]}}")),
        ("compose.override.yaml".to_owned(), text("secrets: {key: {file: ./key.txt}}")),
        ("prod.yaml".to_owned(), text("services: {web: {image: web:2}}")),
        ("base.yaml".to_owned(), text("services: {web: {image: web:1}}")),
        (".env".to_owned(), text("COMPOSE_PROJECT_NAME=from-env\n")),
        ("key.txt".to_owned(), text("x")),
    ]);
    let run = |compose: &[&str], variables: &[(&str, &str)]| {
        let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        propose(&Inputs {
            files: &files,
            compose: &compose.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(),
            variables: pairs.collect(),
            application: None,
            directory: "x",
            place: Path::new("/srv/app"),
            is_there: &|_| false,
            agent_file: "/home/me/app/agent.toml".as_ref(),
        })
        .unwrap()
    };
    let with = |files: &str| format!("with = {{ files = [{files}] }}");
    // What the file lacks is in the one that Docker Compose puts over it.
    for compose in [&[][..], &["compose.yaml"]] {
        let completed = run(compose, &[]);
        check(&completed);
        assert_eq!(completed.application, "from-env");
        let both = with("\"compose.yaml\", \"compose.override.yaml\"");
        assert!(completed.release_file.contains(&both), "{}", completed.release_file);
        assert!(said(&completed).contains("`compose.yaml` cannot be used without `compose.override.yaml`"));
    }
    let two = with("\"base.yaml\", \"prod.yaml\"");
    for proposal in [
        run(&["base.yaml", "prod.yaml"], &[]),
        run(&[], &[("COMPOSE_FILE", "base.yaml:prod.yaml"), ("COMPOSE_PROJECT_NAME", "shop")]),
    ] {
        check(&proposal);
        assert!(proposal.release_file.contains(&two), "{}", proposal.release_file);
        assert!(proposal.release_file.contains("tag = \"2\""), "{}", proposal.release_file);
    }
    assert_eq!(run(&["base.yaml"], &[("COMPOSE_PROJECT_NAME", "shop")]).application, "shop");
    let profiles = run(&["base.yaml"], &[("COMPOSE_PROFILES", "a,b")]);
    assert!(profiles.release_file.contains("files = [\"base.yaml\"], profiles = [\"a\", \"b\"] }"));
}

#[test]
fn the_directory_of_a_shell_is_no_path_of_the_host() {
    for (mount, words) in [
        ("${PWD}/data:/data", "write `./` for `${PWD}/`"),
        ("$PWD:/data", "write `./` for `${PWD}/`"),
        ("${HOME}/data:/data", "a release has no home directory"),
    ] {
        let error = from(&format!("services: {{web: {{image: web, volumes: ['{mount}']}}}}")).unwrap_err();
        assert!(error.hint().unwrap_or_default().contains(words), "{mount}: {error} {:?}", error.hint());
    }
    // Where the container has it, it is no path of the host.
    from("services: {web: {image: web, volumes: ['data:${HOME}/data']}, db: {image: web}}\nvolumes: {data: {}}")
        .unwrap();
}

#[test]
fn what_a_deployment_will_refuse_is_told_with_what_to_write_instead() {
    let proposal = from(
        r#"
name: kudos
services:
  web:
    image: web:1
    annotations: {a: b}
    post_start: [{command: ["true"]}]
    pre_stop: [{command: ["true"]}]
    security_opt: ["seccomp:profile.json"]
    extra_hosts: ["a:b"]
    volumes_from: ["container:other"]
"#,
    )
    .unwrap();
    insta::assert_snapshot!(said(&proposal), @"
    `web` uses the container `other` (`HostConfig.VolumesFrom`), which is not of this application: no grant allows that
    compose.yaml:7:18: `services.web.post_start` is not supported yet: run it in the service's `command`, before the program, or in a service of its own that depends on this one
    compose.yaml:8:16: `services.web.pre_stop` is not supported yet: let the program do it when it gets its `stop_signal`; `stop_grace_period` says how long it may take
    compose.yaml:4:3: `services.web.extra_hosts` gives `a` the address `b`, which is neither an IP address nor `host-gateway`
    compose.yaml:4:3: `services.web.security_opt` names the file `profile.json`, which is not supported yet: leave it out for the engine's own profile, or make the profile that of the engine (`seccomp-profile` in daemon.json)
    compose.yaml:4:3: `services.web.annotations` needs Docker's API 1.43 (Docker 24.0) or newer
    ");
}

#[test]
fn an_image_that_is_mounted_is_an_artifact_as_well() {
    let proposal = from(
        r#"
name: kudos
services:
  web:
    image: web:1
    volumes:
      - {type: image, source: "registry.example/team/files:7", target: /files}
      - {type: image, source: "tool:3", target: /tool}
      - {type: image, source: kudos-made, target: /made}
  tool: {image: "tool:2"}
  made: {build: .}
"#,
    )
    .unwrap();
    let file = ReleaseFile::parse(proposal.release_file.as_bytes(), "release.toml").unwrap();
    let names: Vec<_> = file.artifacts.keys().map(String::as_str).collect();
    assert_eq!(names, ["files", "made", "tool", "web"]);
    assert!(proposal.release_file.contains("image = \"registry.example/team/files\"   # web\ntag = \"7\""));
    assert!(proposal.release_file.contains("image = \"docker.io/library/tool\"   # tool, web\ntag = \"2\""));
    let said = said(&proposal);
    assert!(said.contains("the service `web` mounts `docker.io/library/tool:3` and others `docker.io/library/tool:2`"));
    assert!(said.contains("`services.web.volumes.image` needs Docker's API 1.48 (Docker 28.0) or newer"), "{said}");
}
