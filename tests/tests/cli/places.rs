//! Where a mistake is that is found behind the flow of a deployment, after the command line read the files: file, line and
//! column reach the terminal, `--json`, and what `windlass show` says later.

use super::support::Stage;

/// What the strategy cannot do without.
const GRANT: &str =
    "\n[[grants]]\nplugin = \"strategy-compose\"\ndocker-read = true\ndocker-write = {}\nsecrets = [\"token\"]\n";

/// A host whose plugins were used before.
fn used() -> Stage {
    let stage = Stage::new();
    stage.host.has_been_used().unwrap();
    stage.configured();
    stage
}

/// A release without images.
fn release(more: &str) -> String {
    format!("application = \"kudos\"\n\n[strategy]\nplugin = \"strategy-compose\"\n{more}")
}

#[test]
fn a_mistake_in_a_with_table_is_in_the_file_of_its_author() {
    let stage = used();
    stage.release("kudos", &release("with = { settle = \"200ms\", drian = \"0s\" }\n"));
    insta::assert_snapshot!(stage.tell("deploy kudos"), @"
    exit 3
    --- stdout
    refused: kudos was not deployed to uat; nothing was touched

      resolve [TOOK]; [TOOK] in all
    --- stderr
      Deploying kudos to uat (deployment [ID])
    error: the `with` table does not fit strategy-compose: `with`: Additional properties are not allowed
           ('drian' was unexpected)
     --> [HOST]/applications/kudos/release.toml:5:28
    hint: `windlass plugin inspect strategy-compose` shows what the table may hold
    ");
    insta::assert_snapshot!(stage.tell("show 1"), @"
    exit 0
    --- stdout
    refused: kudos was not deployed to uat; nothing was touched

      deployment  [ID] (number 1 on this host)
      by          ada (local user [UID])
      started     [TIME]
      ended       [TIME]

    error: the `with` table does not fit strategy-compose: `with`: Additional properties are not allowed
           ('drian' was unexpected)
     --> [HOST]/applications/kudos/release.toml:5:28
    hint: `windlass plugin inspect strategy-compose` shows what the table may hold

      resolve [TOOK], record [TOOK]; [TOOK] in all
    ");
    insta::assert_snapshot!(stage.tell("--json show 1"), @r#"
    exit 0
    --- stdout
    {"type":"deployment","deployment":"[ID]","sequence":1,"application":"kudos","environment":"uat","outcome":"refused","cancelled":false,"rollback":false,"actor":"ada","principal":{"name":"ada","proof":"local-user","uid":[UID],"sentence":"ada (local user [UID])"},"started":"[TIME]","finished":"[TIME]","took":[TOOK],"phases":[{"phase":"resolve","took":[TOOK]},{"phase":"record","took":[TOOK]}],"checks":[],"smoke":[],"steps":[],"failure":{"code":"invalid-config","message":"[HOST]/applications/kudos/release.toml:5:28: the `with` table does not fit strategy-compose: `with`: Additional properties are not allowed ('drian' was unexpected)","retryable":false,"details":{"mistakes":[{"at":"","key":"drian","text":"Additional properties are not allowed ('drian' was unexpected)"}],"problems":[{"message":"the `with` table does not fit strategy-compose: `with`: Additional properties are not allowed ('drian' was unexpected)","hint":"`windlass plugin inspect strategy-compose` shows what the table may hold","file":"[HOST]/applications/kudos/release.toml","line":5,"column":28}],"hint":"`windlass plugin inspect strategy-compose` shows what the table may hold"}},"left-behind":[],"records":[],"outbox":[],"next":[]}
    "#);
    insta::assert_snapshot!(stage.tell("plan kudos"), @r#"
    exit 3
    --- stderr
    error: the `with` table does not fit strategy-compose: `with`: Additional properties are not allowed
           ('drian' was unexpected)
     --> [HOST]/applications/kudos/release.toml:5:28
      |
    5 | with = { settle = "200ms", drian = "0s" }
      |                            ^^^^^
    hint: `windlass plugin inspect strategy-compose` shows what the table may hold
    "#);
    insta::assert_snapshot!(stage.tell("--json plan kudos"), @r#"
    exit 3
    --- stdout
    {"type":"error","error":"[HOST]/applications/kudos/release.toml:5:28: the `with` table does not fit strategy-compose: `with`: Additional properties are not allowed ('drian' was unexpected)","caused-by":[],"hint":"`windlass plugin inspect strategy-compose` shows what the table may hold","place":{"file":"[HOST]/applications/kudos/release.toml","line":5,"column":28},"exit":3}
    --- stderr
    error: the `with` table does not fit strategy-compose: `with`: Additional properties are not allowed
           ('drian' was unexpected)
     --> [HOST]/applications/kudos/release.toml:5:28
      |
    5 | with = { settle = "200ms", drian = "0s" }
      |                            ^^^^^
    hint: `windlass plugin inspect strategy-compose` shows what the table may hold
    "#);
}

#[test]
fn each_mistake_in_a_with_table_has_its_place_and_what_counts_here_is_meant() {
    let stage = used();
    let more = "with = { files = 5, settle = 7 }\n\n[environments.uat.strategy.with]\nsettle = true\n";
    stage.release("kudos", &release(more));
    insta::assert_snapshot!(stage.tell("deploy kudos"), @r#"
    exit 3
    --- stdout
    refused: kudos was not deployed to uat; nothing was touched

      resolve [TOOK]; [TOOK] in all
    --- stderr
      Deploying kudos to uat (deployment [ID])
    error: `with.files`: 5 is not of type "array"
     --> [HOST]/applications/kudos/release.toml:5:18
    error: `with.settle`: true is not of type "string"
     --> [HOST]/applications/kudos/release.toml:8:10
    hint: `windlass plugin inspect strategy-compose` shows what the table may hold
    "#);
}

#[test]
fn a_plugin_that_is_not_there_is_named_where_the_file_names_it() {
    let stage = used();
    stage.release("kudos", &release("\n[checks.ours]\nplugin = \"./checks/ours.wasm\"\n"));
    insta::assert_snapshot!(stage.tell("deploy kudos"), @"
    exit 3
    --- stdout
    refused: kudos was not deployed to uat; nothing was touched

      resolve [TOOK]; [TOOK] in all
    --- stderr
      Deploying kudos to uat (deployment [ID])
    error: the plugin `./checks/ours.wasm` cannot be used: cannot read ./checks/ours.wasm: No such file
           or directory (os error 2)
     --> [HOST]/applications/kudos/release.toml:7:10
    ");
}

#[test]
fn a_secret_that_cannot_be_used_is_where_the_operator_wrote_it() {
    let stage = used();
    let agent = stage.host.root().join("agent.toml");
    let configured = std::fs::read_to_string(&agent).unwrap();
    stage.agent(&format!("{configured}\n[secrets.token]\nfile = \"/nowhere/token\"\n{GRANT}"));
    stage.release("kudos", &release("\n[secrets]\nTOKEN = \"token\"\n"));
    insta::assert_snapshot!(stage.tell("deploy kudos"), @"
    exit 3
    --- stdout
    refused: kudos was not deployed to uat; nothing was touched

      resolve [TOOK]; [TOOK] in all
    --- stderr
      Deploying kudos to uat (deployment [ID])
    error: the secret `token` cannot be used: cannot read `/nowhere/token`: No such file or directory
           (os error 2)
     --> [HOST]/agent.toml:8:1
    hint: make it with `install -m 0600 /dev/null /nowhere/token` and write the value into it, or
          correct the secret's `file` in `agent.toml`
    ");
    insta::assert_snapshot!(stage.tell("--json check kudos"), @r#"
    exit 3
    --- stdout
    {"type":"error","error":"the secret `token` cannot be used","caused-by":["cannot read `/nowhere/token`","No such file or directory (os error 2)"],"hint":"make it with `install -m 0600 /dev/null /nowhere/token` and write the value into it, or correct the secret's `file` in `agent.toml`","place":{"file":"[HOST]/agent.toml","line":8,"column":1},"exit":3}
    --- stderr
    error: the secret `token` cannot be used
     --> [HOST]/agent.toml:8:1
      |
    8 | [secrets.token]
      | ^^^^^^^^^^^^^^^
    caused by: cannot read `/nowhere/token`
    caused by: No such file or directory (os error 2)
    hint: make it with `install -m 0600 /dev/null /nowhere/token` and write the value into it, or
          correct the secret's `file` in `agent.toml`
    "#);
}
