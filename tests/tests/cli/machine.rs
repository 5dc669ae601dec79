//! What is told of the host and of the binary itself: plugins, what stands in the way, and texts that are printed.

use super::shop::{running, shop};
use super::support::Stage;

/// The first lines of what is too long to be read here, without blanks at their ends, which no file here has.
fn beginning(told: &str, lines: usize) -> String {
    told.lines().take(lines).map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_unknown_schema_is_answered_with_the_known_ones() {
    insta::assert_snapshot!(Stage::new().tell("schema relase"), @"
    exit 17
    --- stderr
    error: there is no schema `relase`
    hint: known are `release.toml`, `agent.toml`, `release`, `release-document`, `observation`, `plan`,
          `step`, `report`, `event`, `json-output`, `command`, `command-event`, `command-reply`,
          `command-error`, `agent-api`
    ");
}

#[test]
fn schemas_manual_and_completions_are_printed() {
    let stage = Stage::new();
    for name in stage.host.run(["schema"]).unwrap().stdout.lines().filter_map(|line| line.split_whitespace().next()) {
        let run = stage.host.run(["schema", name]).unwrap();
        let schema: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert!(schema.is_object(), "{name}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(stage.host.run(["completions", shell]).unwrap().stdout.contains("rollback"), "{shell}");
    }
    assert!(stage.host.run(["man"]).unwrap().stdout.starts_with(".ie"));
    let pages = stage.host.root().join("man1");
    let run = stage.host.run(["man", "--out", pages.to_str().unwrap()]).unwrap();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(pages.join("windlass-audit-verify.1").is_file());
}

// Quietly, because a plugin that takes a while to be compiled is named while that goes on.
#[test]
fn plugins_are_listed_and_explained() {
    let stage = shop("", "");
    insta::assert_snapshot!(stage.tell("plugin list --quiet"), @"
    exit 0
    --- stdout
    plugin                version  kind      digest               from
    check-ci-status       0.1.0    check     sha256:[DIGEST]  bundled
    check-command         0.1.0    check     sha256:[DIGEST]  bundled
    check-config          0.1.0    check     sha256:[DIGEST]  bundled
    check-image           0.1.0    check     sha256:[DIGEST]  bundled
    check-pact            0.1.0    check     sha256:[DIGEST]  bundled
    check-readiness       0.1.0    check     sha256:[DIGEST]  bundled
    check-version-policy  0.1.0    check     sha256:[DIGEST]  bundled
    check-window          0.1.0    check     sha256:[DIGEST]  bundled
    recorder-command      0.1.0    recorder  sha256:[DIGEST]  bundled
    recorder-git-state    0.1.0    recorder  sha256:[DIGEST]  bundled
    recorder-github       0.1.0    recorder  sha256:[DIGEST]  bundled
    recorder-pact         0.1.0    recorder  sha256:[DIGEST]  bundled
    recorder-state-file   0.1.0    recorder  sha256:[DIGEST]  bundled
    recorder-webhook      0.1.0    recorder  sha256:[DIGEST]  bundled
    smoke-command         0.1.0    smoke     sha256:[DIGEST]  bundled
    smoke-containers      0.1.0    smoke     sha256:[DIGEST]  bundled
    smoke-http            0.1.0    smoke     sha256:[DIGEST]  bundled
    strategy-awx          0.1.0    strategy  sha256:[DIGEST]  bundled
    strategy-command      0.1.0    strategy  sha256:[DIGEST]  bundled
    strategy-compose      0.1.0    strategy  sha256:[DIGEST]  bundled
    ");
    insta::assert_snapshot!(beginning(&stage.tell("plugin list --quiet --json"), 3), @r#"
    exit 0
    --- stdout
    {"type":"plugin","name":"check-ci-status","version":"0.1.0","kind":"check","contract":"0.2.0","digest":"sha256:[DIGEST]","source":"bundled","asks":[{"capability":"http","reason":"asks GitHub about the commit"},{"capability":"secrets","reason":"sends the token of GitHub","optional":true}]}
    "#);
    insta::assert_snapshot!(stage.tell("plugin inspect check-window --quiet"), @r#"
    exit 0
    --- stdout
    check-window 0.1.0, a check plugin for contract 0.2.0
      digest  sha256:[DIGEST]
      from    bundled

      checks that releases may be deployed at this time: allowed hours, holidays and freezes

    asks for
      nothing

    configuration (`with`)
      zone  string, default "UTC"
          The IANA time zone of all times and dates that name no other: `Europe/Berlin`.
      allow  array
          When it is allowed; at any time when nothing is listed.
      holidays  array
          Days of `zone` on which nothing is deployed.
      freezes  array
          Spans in which nothing is deployed.
      hold-rollbacks  boolean, default false
          Whether going back to an earlier release is held to the same times.
      wait  boolean, default false
          Whether to wait for the next opening, until the check's deadline, instead of refusing at once.

    in a release file
      [checks.window]
      plugin = "check-window"

      [checks.window.with]
      zone = "Europe/Berlin"
      allow = [
          { days = ["mon-thu"], from = "08:00", to = "17:00" },
          { days = ["fri"], from = "08:00", to = "12:00" },
      ]
      holidays = [{ on = "12-25", name = "Christmas Day" }, { on = "2027-03-26", name = "Good Friday" }]

      [[checks.window.with.freezes]]
      name = "year-end close"
      from = "2026-12-18T18:00"
      to = "2027-01-04T08:00"
    "#);
    insta::assert_snapshot!(stage.tell("plugin inspect strategy-comopse"), @"
    exit 17
    --- stderr
    error: the plugin `strategy-comopse` cannot be used
    caused by: this agent carries no plugin of that name; it carries check-ci-status, check-command,
               check-config, check-image, check-pact, check-readiness, check-version-policy,
               check-window, recorder-command, recorder-git-state, recorder-github, recorder-pact,
               recorder-state-file, recorder-webhook, smoke-command, smoke-containers, smoke-http,
               strategy-awx, strategy-command, strategy-compose
    hint: did you mean `strategy-compose`?
    ");
    insta::assert_snapshot!(stage.tell("plugin inspect ./ours.wasm"), @r"
    exit 3
    --- stderr
    error: the plugin `./ours.wasm` cannot be used
    caused by: cannot read ./ours.wasm
    caused by: No such file or directory (os error 2)
    ");
}

#[test]
fn what_plugins_may_do_is_told_with_the_lines_that_are_missing() {
    let stage = shop("", "");
    insta::assert_snapshot!(stage.tell("plugin grants shop --quiet"), @"
    exit 0
    --- stdout
    strategy-command, used as strategy
      yes  may run the commands `answers`, `running`, `start` and `stop`: runs the commands that the
           operator defined
    ");
    insta::assert_snapshot!(stage.tell("plugin grants shop --json --quiet"), @r#"
    exit 0
    --- stdout
    {"type":"grant","plugin":"strategy-command","usage":"strategy","capability":"exec","reason":"runs the commands that the operator defined","granted":true,"sentence":"may run the commands `answers`, `running`, `start` and `stop`: runs the commands that the operator defined","reach":[{"to":"start"},{"to":"stop"},{"to":"running"},{"to":"answers"}]}
    "#);
    let stage = Stage::new();
    stage.configured();
    stage.release("shop", "application = \"shop\"\n[strategy]\nplugin = \"strategy-compose\"\n[environments.uat]\n");
    insta::assert_snapshot!(stage.tell("plugin grants shop --quiet"), @r#"
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

    hint: the operator can allow the rest in agent.toml:

        [[grants]]
        plugin = "strategy-compose"
        applications = ["shop"]
        docker-read = true
        docker-write = {}
        secrets = ["name"]  # write the names of `[secrets.NAME]` that it needs
    "#);
}

#[test]
fn the_host_is_examined() {
    let stage = running("", "");
    insta::assert_snapshot!(stage.tell("doctor"), @"
    exit 0
    --- stdout
    well  operator's file    [HOST]/agent.toml: environment `uat`, 1 grant, 0 secrets
    well  state directory    [HOST]/state can be written
    well  journal            11 lines, each chained to the one before
    well  disk of the state  [SIZE] free in [HOST]/state
    note  engine             none answers at unix:///nowhere/docker.sock, and no plugin is granted
                             Docker
    well  commands           4 commands can be run
    well  plugins            20 carried by this binary, all admitted

    ready: no problem prevents a deployment
    ");
    insta::assert_snapshot!(stage.tell("doctor shop"), @"
    exit 0
    --- stdout
    well  operator's file    [HOST]/agent.toml: environment `uat`, 1 grant, 0 secrets
    well  state directory    [HOST]/state can be written
    well  journal            11 lines, each chained to the one before
    well  disk of the state  [SIZE] free in [HOST]/state
    note  engine             none answers at unix:///nowhere/docker.sock, and no plugin is granted
                             Docker
    well  commands           4 commands can be run
    well  plugins            20 carried by this binary, all admitted
    well  release file       [HOST]/applications/shop/release.toml is valid
    note  grants             shop uses 1 plugin, and everything that is asked for is granted

    ready: no problem prevents a deployment
    ");
    let stage = Stage::new();
    insta::assert_snapshot!(stage.tell("doctor"), @"
    exit 3
    --- stdout
    bad  operator's file  there is no operator's file `[HOST]/agent.toml`
          remedy: name another with `--config` or WINDLASS_CONFIG, or write one with `windlass init`

    not ready: 1 problem prevents a deployment
    ");
}

#[test]
fn what_is_printed_for_other_programs() {
    let stage = Stage::new();
    insta::assert_snapshot!(stage.tell("schema"), @"
    exit 0
    --- stdout
    release.toml      the team's file: what to deploy
    agent.toml        the operator's file: what is allowed here
    release           a release, as plugins and `--json` see it
    release-document  a release as a file, which `deploy --release` and `promote` read
    observation       what runs, as a strategy observes it
    plan              a plan, as a strategy makes it
    step              one step of a plan
    report            the answer of a check or a smoke test
    event             the end of a deployment, as recorders are told
    json-output       a line that `--json` prints
    command           a command as data
    command-event     what the caller of a command hears while it runs
    command-reply     the answer of a command that could be carried out
    command-error     why a command could not be carried out
    agent-api         the agent's socket, as OpenAPI
    ");
    insta::assert_snapshot!(beginning(&stage.tell("schema release.toml"), 8), @r#"
    exit 0
    --- stdout
    {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "application": {
          "type": "string",
    "#);
    insta::assert_snapshot!(beginning(&stage.tell("completions bash"), 8), @r#"
    exit 0
    --- stdout
    _windlass() {
        local i cur prev opts cmd
        COMPREPLY=()
        if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
            cur="$2"
        else
    "#);
    insta::assert_snapshot!(beginning(&stage.tell("man"), 12), @r#"
    exit 0
    --- stdout
    .ie \n(.g .ds Aq \(aq
    .el .ds Aq '
    .TH windlass 1  "windlass 0.1.0"
    .SH NAME
    windlass \- Release an application on this host: gate it, deploy it, prove it, record it,
    and put the old version back when anything fails
    .SH SYNOPSIS
    \fBwindlass\fR [\fB\-\-config\fR] [\fB\-\-json\fR] [\fB\-q\fR|\fB\-\-quiet\fR] [\fB\-v\fR|\fB\-\-verbose\fR] [\fB\-\-no\-color\fR] [\fB\-h\fR|\fB\-\-help\fR] [\fB\-V\fR|\fB\-\-version\fR] <\fIsubcommands\fR>
    .SH DESCRIPTION
    Release an application on this host: gate it, deploy it, prove it, record it,
    "#);
    let pages = stage.host.root().join("man1").display().to_string();
    insta::assert_snapshot!(stage.tell(&format!("man --out {pages}")), @"
    exit 0
    --- stderr
    wrote 57 pages to `[HOST]/man1`
    ");
}
