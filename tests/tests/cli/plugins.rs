//! What is told of a plugin of a team: what it may reach, the lines that grant it, what another version asks for, and a mistake in
//! its configuration.

use std::fs;

use super::support::Stage;
use crate::hostile::support::guest;

/// A host whose plugins were used before, and an application with checks of its team: one takes a `prefix` and asks for nothing,
/// the other asks for much.
fn team() -> Stage {
    let stage = Stage::new();
    stage.host.has_been_used().unwrap();
    stage.configured();
    stage.release("kudos", RELEASE);
    let checks = stage.host.application("kudos").join("checks");
    fs::create_dir(&checks).unwrap();
    fs::write(checks.join("prefix.wasm"), guest("check-twenty-lines").unwrap()).unwrap();
    fs::write(checks.join("ours.wasm"), guest("hostile-check").unwrap()).unwrap();
    stage
}

const RELEASE: &str = "application = \"kudos\"\n\n[strategy]\nplugin = \"strategy-compose\"\n\n\
                       [checks.label]\nplugin = \"./checks/prefix.wasm\"\nwith = { prefix = \"v\" }\n";

/// What the strategy cannot do without.
const STRATEGY: &str = "\n[[grants]]\nplugin = \"strategy-compose\"\ndocker-read = true\ndocker-write = {}\n";

/// Other bytes that are the same plugin: with a section more that says nothing.
fn rebuilt(component: &[u8]) -> Vec<u8> {
    [component, b"\0\x05\x04more"].concat()
}

fn digest(stage: &Stage, file: &str) -> String {
    let run = stage.host.run(["plugin", "inspect", file, "--json", "--quiet"]).unwrap();
    let fact: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    fact["digest"].as_str().unwrap().to_owned()
}

/// Adds lines to the operator's file.
fn grant(stage: &Stage, lines: &str) {
    let path = stage.host.root().join("agent.toml");
    let before = fs::read_to_string(&path).unwrap();
    fs::write(path, format!("{before}{lines}")).unwrap();
}

#[test]
fn what_a_plugin_may_reach_is_said_in_sentences() {
    let stage = team();
    let ours = stage.host.application("kudos").join("checks/ours.wasm").display().to_string();
    let lines = format!(
        "\n[secrets.pact-token]\nfile = \"/nowhere/token\"\n[commands.ready]\npath = \"/bin/true\"\n[[grants]]\n\
         plugin = \"hostile-check\"\ndigest = \"{}\"\napplications = [\"kudos\"]\n\
         http = [{{ to = \"https://broker.example.org\", secrets = [\"pact-token\"] }}]\nexec = [\"ready\"]\n",
        digest(&stage, &ours)
    );
    grant(&stage, &lines);
    let told = stage.tell(&format!("plugin inspect {ours} --quiet"));
    let asks = told.split("configuration (`with`)").next().unwrap();
    insta::assert_snapshot!(asks, @"
    exit 0
    --- stdout
    hostile-check 0.1.0, a check plugin for contract 0.2.0
      digest  sha256:[DIGEST]
      from    [HOST]/applications/kudos/checks/ours.wasm
      size    589 KiB

      misbehaves as its configuration says

    asks for
      - asks to read and write files below the root `records`: to leave it; no operator can grant that:
        a check changes nothing
      - may send requests to `https://broker.example.org` with the secret `pact-token` for `kudos`: to
        reach what it should not
      - asks to use secrets without seeing them: to tell them; not granted on this host
      - asks to see the values of secrets: to tell them; not granted on this host
      - may run the command `ready` for `kudos`: to run what it should not
      - asks to look at the application's containers, networks and volumes: to look at others; not
        granted on this host
      - asks to keep values of its own between calls: to fill it; not granted on this host
    ");
    let json = stage.host.run(["plugin", "inspect", &ours, "--json", "--quiet"]).unwrap().stdout;
    let fact: serde_json::Value = serde_json::from_str(&json).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&fact["asks"][1]).unwrap(), @r#"
    {
      "capability": "http",
      "reason": "to reach what it should not",
      "sentence": "may send requests to `https://broker.example.org` with the secret `pact-token` for `kudos`: to reach what it should not",
      "granted": true,
      "reach": [
        {
          "to": "https://broker.example.org",
          "secrets": [
            "pact-token"
          ],
          "applications": [
            "kudos"
          ]
        }
      ]
    }
    "#);
    assert!(fact["grant"].as_str().unwrap().starts_with("[[grants]]\n"), "{json}");
}

#[test]
fn the_lines_that_grant_a_plugin_are_all_that_is_printed() {
    let stage = team();
    insta::assert_snapshot!(stage.tell("plugin inspect recorder-github --grant"), @r#"
    exit 0
    --- stdout
    [[grants]]
    plugin = "recorder-github"
    http = [{ to = "https://api.github.com", secrets = ["name"] }]
    secrets = ["name"]  # write the names of `[secrets.NAME]` that it needs
    "#);
    insta::assert_snapshot!(stage.tell("plugin inspect check-window --grant"), @"exit 0");
    // They make it so.
    grant(&stage, "\n[secrets.name]\nfile = \"/nowhere/name\"\n");
    let lines = stage.host.run(["plugin", "inspect", "recorder-github", "--grant"]).unwrap().stdout;
    grant(&stage, &lines);
    let told = stage.tell("plugin inspect recorder-github --quiet");
    assert!(told.contains("may send requests to `https://api.github.com`"), "{told}");
}

#[test]
fn another_version_is_compared_with_what_it_asks_for_and_takes() {
    let stage = team();
    let checks = stage.host.application("kudos").join("checks");
    let (prefix, ours) = (checks.join("prefix.wasm"), checks.join("ours.wasm"));
    let (prefix, ours) = (prefix.display(), ours.display());
    insta::assert_snapshot!(stage.tell("plugin inspect --diff check-pact recorder-pact --quiet"), @r#"
    exit 0
    --- stdout
    check-pact -> recorder-pact
      version   0.1.0
      kind      check -> recorder
      contract  0.2.0
      digest    sha256:[DIGEST] -> sha256:[DIGEST]
      from      bundled

    asks for nothing more than before
      ~ http: "tells the broker that the release file names" was "asks the broker that the release file
        names"

    configuration (`with`)
      - dry-run, nothing-to-check, retry, webhook
    "#);
    insta::assert_snapshot!(stage.tell(&format!("plugin inspect --diff {prefix} {ours} --quiet")), @"
    exit 0
    --- stdout
    check-twenty-lines -> hostile-check
      version   0.1.0
      kind      check
      contract  0.2.0
      digest    sha256:[DIGEST] -> sha256:[DIGEST]
      from      [HOST]/applications/kudos/checks/prefix.wasm -> [HOST]/applications/kudos/checks/ours.wasm

    asks for more than before
      + look at the application's containers, networks and volumes (docker-read): to look at others
      + run commands of the operator (exec): to run what it should not
      + read and write files below the root `records` (files records (write)): to leave it
      + send HTTP requests (http): to reach what it should not
      + see the values of secrets (reveal): to tell them
      + use secrets without seeing them (secrets): to tell them
      + keep values of its own between calls (state): to fill it

    configuration (`with`)
      + arguments, backwards, bytes, command, do, evidence, findings, header, lines, mebibytes,
        milliseconds, name, paths, root, secret, text, times, urls
      - prefix
    ");
    insta::assert_snapshot!(stage.tell(&format!("plugin inspect --diff {prefix} {prefix} --json --quiet")), @r#"
    exit 0
    --- stdout
    {"type":"plugin-diff","old":{"name":"check-twenty-lines","version":"0.1.0","kind":"check","contract":"0.2.0","digest":"sha256:[DIGEST]","source":"[HOST]/applications/kudos/checks/prefix.wasm"},"new":{"name":"check-twenty-lines","version":"0.1.0","kind":"check","contract":"0.2.0","digest":"sha256:[DIGEST]","source":"[HOST]/applications/kudos/checks/prefix.wasm"},"asks-for-more":false,"added":[],"removed":[],"reasons":[],"keys":{"added":[],"removed":[],"required":[],"no-longer-required":[]}}
    "#);
    insta::assert_snapshot!(stage.tell("plugin inspect --diff check-pact"), @"
    exit 2
    --- stderr
    error: 2 values required for '--diff <OLD> <NEW>' but 1 was provided

    Usage: windlass plugin inspect [OPTIONS] [PLUGIN]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(stage.tell("plugin inspect check-pact --diff check-pact recorder-pact"), @"
    exit 2
    --- stderr
    error: the argument '[PLUGIN]' cannot be used with '--diff <OLD> <NEW>'

    Usage: windlass plugin inspect <PLUGIN>

    For more information, try '--help'.
    ");
}

#[test]
fn a_plugin_that_was_rebuilt_is_told_with_the_line_to_change() {
    let stage = team();
    let file = stage.host.application("kudos").join("checks/ours.wasm");
    let path = file.display().to_string();
    stage.release(
        "kudos",
        "application = \"kudos\"\n\n[strategy]\nplugin = \"./checks/ours.wasm\"\nwith = { do = \"empty\" }\n",
    );
    let (component, strategy) = (guest("hostile-strategy").unwrap(), file.clone());
    fs::write(&file, &component).unwrap();
    let lines = format!(
        "\n[[grants]]\nplugin = \"hostile-strategy\"\ndigest = \"{}\"\ndocker-write = {{}}\n",
        digest(&stage, &path)
    );
    grant(&stage, &lines);
    fs::write(strategy, rebuilt(&component)).unwrap();
    let told = stage.tell(&format!("plugin inspect {path} --quiet"));
    assert!(told.contains("\n  ! `hostile-strategy` is granted for digest sha256:"), "{told}");
    insta::assert_snapshot!(stage.tell("plugin grants kudos --quiet"), @r#"
    exit 0
    --- stdout
    hostile-strategy, used as strategy
      no   asks to look at the application's containers, networks and volumes: to look; not granted
      no   asks to create, change and remove the application's containers, networks and volumes: to
           break out; not granted

    hint: `hostile-strategy` is granted for digest sha256:[DIGEST]; this file is
          sha256:[DIGEST]: was it rebuilt?
          if you trust what it is now, the line in its `[[grants]]` of agent.toml becomes:

        digest = "sha256:[DIGEST]"
    "#);
    insta::assert_snapshot!(stage.tell("plan kudos --quiet"), @r#"
    exit 3
    --- stderr
    error: hostile-strategy 0.1.0 (sha256:[DIGEST]) needs what the operator has not granted:
           `docker-read` (to look), `docker-write` (to break out); `hostile-strategy` is granted for
           digest sha256:[DIGEST]; this file is sha256:[DIGEST]: was it rebuilt?
    hint: where it was, and you trust what it is now, the operator changes the line in its `[[grants]]`
          of agent.toml to:

        digest = "sha256:[DIGEST]"
    "#);
    insta::assert_snapshot!(stage.tell("check kudos --quiet"), @r#"
    exit 3
    --- stderr
    error: hostile-strategy 0.1.0 (sha256:[DIGEST]) needs what the operator has not granted:
           `docker-read` (to look), `docker-write` (to break out); `hostile-strategy` is granted for
           digest sha256:[DIGEST]; this file is sha256:[DIGEST]: was it rebuilt?
    hint: where it was, and you trust what it is now, the operator changes the line in its `[[grants]]`
          of agent.toml to:

        digest = "sha256:[DIGEST]"
    "#);
    insta::assert_snapshot!(stage.tell("deploy kudos --quiet"), @r#"
    exit 3
    --- stdout
    refused: kudos was not deployed to uat; nothing was touched

      resolve [TOOK]; [TOOK] in all
    --- stderr
    error: hostile-strategy 0.1.0 (sha256:[DIGEST]) needs what the operator has not granted:
           `docker-read` (to look), `docker-write` (to break out); `hostile-strategy` is granted for
           digest sha256:[DIGEST]; this file is sha256:[DIGEST]: was it rebuilt?
    hint: where it was, and you trust what it is now, the operator changes the line in its `[[grants]]`
          of agent.toml to:

        digest = "sha256:[DIGEST]"
    "#);
    // The changed line makes it so.
    let agent = stage.host.root().join("agent.toml");
    let text = fs::read_to_string(&agent).unwrap();
    let old = text.lines().find(|line| line.starts_with("digest")).unwrap();
    fs::write(&agent, text.replace(old, &format!("digest = \"{}\"", digest(&stage, &path)))).unwrap();
    let told = stage.tell("plugin grants kudos --quiet");
    assert!(!told.contains("rebuilt") && !told.contains("hint"), "{told}");
}

#[test]
fn the_lines_for_a_release_have_its_own_addresses_and_names() {
    let stage = team();
    stage.release(
        "kudos",
        "application = \"kudos\"\n\n[artifacts.web]\nimage = \"registry.example:5000/kudos/web\"\ntag = \"1\"\n\n\
         [variables]\nPORT = \"8088\"\n\n[secrets]\nTOKEN = \"kudos-token\"\n\n[strategy]\nplugin = \"strategy-compose\"\n\n\
         [checks.contracts]\nplugin = \"check-pact\"\nwith = { broker = { url = \"https://broker.example.org/pacts\", token = \"pact-token\" }, pacticipants = {} }\n\n\
         [checks.images]\nplugin = \"check-image\"\n\n\
         [smoke.page]\nplugin = \"smoke-http\"\nwith = { requests = [{ url = \"http://127.0.0.1:${PORT}/health\", expect = { headers = { location = \"https://elsewhere.example\" } } }] }\n\n\
         [recorders.chat]\nplugin = \"recorder-webhook\"\nwith = { url = \"https://chat.example/{secret:hook}\", sign = { secret = \"signing\" } }\n",
    );
    let told = stage.tell("plugin grants kudos --quiet");
    insta::assert_snapshot!(told, @r#"
    exit 0
    --- stdout
    strategy-compose, used as strategy
      no   asks to look at the application's containers, networks and volumes: sees what runs, and waits
           for its health; not granted
      no   asks to create, change and remove the application's containers, networks and volumes:
           creates, starts, stops and removes containers, networks and volumes of the application; not
           granted
      no   asks to use secrets without seeing them: puts placeholders of the release's secrets into
           containers' environments and files; not granted; it can do without
    check-pact, used as checks.contracts
      no   asks to send HTTP requests: asks the broker that the release file names; not granted
      no   asks to use secrets without seeing them: the user and password or the token for the broker;
           not granted; it can do without
    check-image, used as checks.images
      no   asks to look at the application's containers, networks and volumes: asks for the host's
           platform and for images that it has already; not granted
      no   asks to look up images at registries: asks registries what the images' tags and digests mean;
           not granted
    smoke-http, used as smoke.page
      no   asks to send HTTP requests: sends the requests that the release file declares; not granted
    recorder-webhook, used as recorders.chat
      no   asks to send HTTP requests: sends the event there; not granted
      no   asks to use secrets without seeing them: puts a secret into the address or a header where one
           is configured; not granted; it can do without
      no   asks to see the values of secrets: signs the body where a key is configured; not granted; it
           can do without

    hint: the operator can allow the rest in agent.toml:

        [[grants]]
        plugin = "strategy-compose"
        applications = ["kudos"]
        docker-read = true
        docker-write = {}
        secrets = ["kudos-token"]

        [[grants]]
        plugin = "check-pact"
        applications = ["kudos"]
        http = [{ to = "https://broker.example.org", secrets = ["pact-token"] }]
        secrets = ["pact-token"]

        [[grants]]
        plugin = "check-image"
        applications = ["kudos"]
        docker-read = true
        registry = ["registry.example:5000"]

        [[grants]]
        plugin = "smoke-http"
        applications = ["kudos"]
        http = [{ to = "http://127.0.0.1:[PORT]", addresses = ["127.0.0.1"] }]

        [[grants]]
        plugin = "recorder-webhook"
        applications = ["kudos"]
        http = [{ to = "https://chat.example", secrets = ["hook"] }]
        secrets = ["hook"]
        reveal = ["signing"]
    "#);
    assert!(!told.contains("elsewhere.example"), "{told}");
    // Something of it is granted, and not what the release is configured with.
    grant(
        &stage,
        "\n[secrets.pact-token]\nfile = \"/nowhere/token\"\n[[grants]]\nplugin = \"check-pact\"\n\
         http = [{ to = \"https://other.example\" }]\nsecrets = [\"pact-token\"]\n",
    );
    let told = stage.tell("plugin grants kudos --quiet");
    let of_pact: Vec<&str> = told.lines().skip_while(|line| !line.starts_with("check-pact")).take(9).collect();
    insta::assert_snapshot!(of_pact.join("\n"), @"
    check-pact, used as checks.contracts
      yes  may send requests to `https://other.example`: asks the broker that the release file names
      but  as it is configured, it may not ask `https://broker.example.org` and send the secret
           `pact-token` to `https://broker.example.org`
      yes  may use the secret `pact-token` without seeing it: the user and password or the token for the
           broker
    check-image, used as checks.images
      no   asks to look at the application's containers, networks and volumes: asks for the host's
           platform and for images that it has already; not granted
    ");
    let json = stage.host.run(["plugin", "grants", "kudos", "--json", "--quiet"]).unwrap().stdout;
    let fact = json.lines().find(|line| line.contains("\"unmet\"")).unwrap();
    assert!(fact.contains("\"granted\":true") && fact.contains("\"lines\":\"[[grants]]"), "{fact}");
}

#[test]
fn a_mistake_in_the_table_of_a_teams_plugin_names_their_files_and_a_plugin_that_is_there() {
    let stage = team();
    grant(&stage, STRATEGY);
    stage.release("kudos", &RELEASE.replace("prefix =", "perfix ="));
    let directory = stage.host.application("kudos");
    let at = directory.display().to_string();
    insta::assert_snapshot!(stage.tell(&format!("plan {at}")), @r#"
    exit 3
    --- stderr
    error: `with`: Additional properties are not allowed ('perfix' was unexpected)
     --> [HOST]/applications/kudos/release.toml:8:10
      |
    8 | with = { perfix = "v" }
      |          ^^^^^^
    error: `with`: "prefix" is a required property
     --> [HOST]/applications/kudos/release.toml:8:8
      |
    8 | with = { perfix = "v" }
      |        ^^^^^^^^^^^^^^^^
    hint: `windlass plugin inspect [HOST]/applications/kudos/checks/prefix.wasm` shows what the
          table may hold
    "#);
    insta::assert_snapshot!(stage.tell(&format!("deploy {at}")), @r#"
    exit 3
    --- stdout
    refused: kudos was not deployed to uat; nothing was touched

      resolve [TOOK]; [TOOK] in all
    --- stderr
      Deploying kudos to uat (deployment [ID])
    error: `with`: Additional properties are not allowed ('perfix' was unexpected)
     --> [HOST]/applications/kudos/release.toml:8:10
    error: `with`: "prefix" is a required property
     --> [HOST]/applications/kudos/release.toml:8:8
    hint: `windlass plugin inspect [HOST]/applications/kudos/checks/prefix.wasm` shows what the
          table may hold
    "#);
    // The hint works.
    let hinted = format!("plugin inspect {at}/checks/prefix.wasm --quiet");
    assert!(stage.tell(&hinted).starts_with("exit 0\n"));
    let file = stage.host.root().join("kudos.tar").display().to_string();
    stage.tell(&format!("bundle {at} --out {file}"));
    fs::remove_dir_all(&directory).unwrap();
    for command in ["plan", "check", "deploy"] {
        let told = stage.tell(&format!("{command} kudos --bundle {file}"));
        assert!(told.contains("--> release.toml:8:10"), "{told}");
        assert!(!told.contains("/state/") && !told.contains("check-twenty-lines"), "{told}");
    }
    insta::assert_snapshot!(stage.tell(&format!("deploy kudos --bundle {file}")), @r#"
    exit 3
    --- stdout
    refused: kudos was not deployed to uat; nothing was touched

      resolve [TOOK]; [TOOK] in all
    --- stderr
      Deploying kudos to uat (deployment [ID])
    error: `with`: Additional properties are not allowed ('perfix' was unexpected)
     --> release.toml:8:10
    error: `with`: "prefix" is a required property
     --> release.toml:8:8
    hint: `windlass plugin inspect ./checks/prefix.wasm`, where the files of the release are, shows what
          the table may hold
    "#);
}

#[test]
fn a_plugin_that_did_not_come_is_named_as_the_release_file_names_it() {
    let stage = team();
    grant(&stage, STRATEGY);
    let directory = stage.host.application("kudos");
    fs::remove_file(directory.join("checks/prefix.wasm")).unwrap();
    let file = stage.host.root().join("kudos.tar").display().to_string();
    stage.tell(&format!("bundle {} --out {file}", directory.display()));
    fs::remove_dir_all(&directory).unwrap();
    insta::assert_snapshot!(stage.tell(&format!("plan kudos --bundle {file}")), @r#"
    exit 3
    --- stderr
    error: the plugin `./checks/prefix.wasm` cannot be used
     --> release.toml:7:10
      |
    7 | plugin = "./checks/prefix.wasm"
      |          ^^^^^^^^^^^^^^^^^^^^^^
    caused by: cannot read ./checks/prefix.wasm
    caused by: No such file or directory (os error 2)
    "#);
}
