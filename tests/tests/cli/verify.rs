//! What `verify` prints of what runs, when it is well and when it is not.

use super::shop::running;

#[test]
fn what_runs_is_asked_what_a_deployment_asks() {
    let stage = running("", "");
    insta::assert_snapshot!(stage.tell("verify shop"), @"
    exit 0
    --- stdout
    health  pass  1111111 is there and well

    proved: shop 1111111 in uat
    --- stderr
       Checking health: waiting for `answers`
        Checked health: pass, 1111111 is there and well ([TOOK])
    ");
    insta::assert_snapshot!(stage.tell("verify --json"), @r#"
    exit 0
    --- stdout
    {"type":"progress","of":{"application":"shop"},"event":"probe-started","name":"health"}
    {"type":"progress","of":{"application":"shop"},"event":"doing","source":"health","message":"waiting for `answers`"}
    {"type":"progress","of":{"application":"shop"},"event":"probe-finished","name":"health","report":{"verdict":"pass","summary":"1111111 is there and well","findings":[{"id":"current:start","verdict":"pass","title":"start: 1111111 is there"},{"id":"health:answers","verdict":"pass","title":"`answers` says that it is well"}]},"took":[TOOK]}
    {"type":"verified","application":"shop","environment":"uat","version":"1111111","deployment":"[ID]","passed":true,"verdict":"pass","proofs":[{"name":"health","report":{"verdict":"pass","summary":"1111111 is there and well","findings":[{"id":"current:start","verdict":"pass","title":"start: 1111111 is there"},{"id":"health:answers","verdict":"pass","title":"`answers` says that it is well"}]}}]}
    "#);
    std::fs::remove_file(stage.host.root().join("running")).unwrap();
    insta::assert_snapshot!(stage.tell("verify"), @"
    exit 10
    --- stdout
    health  fail  start: nothing (exit code 1) is there, not 1111111
        fail  start: nothing (exit code 1) is there, not 1111111

    not well: shop 1111111 in uat
    --- stderr
        Checked health: fail, start: nothing (exit code 1) is there, not 1111111 ([TOOK])
                fail  start: nothing (exit code 1) is there, not 1111111
    ");
    insta::assert_snapshot!(stage.tell("verify unknown"), @"
    exit 17
    --- stderr
    error: no deployment of `unknown` is known here
    hint: `windlass history` lists all deployments
    ");
}
