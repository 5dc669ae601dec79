//! Who asks, and the SSH keys that may: `whoami` and `ssh-gate`.

use std::os::unix::fs::PermissionsExt as _;

use super::support::Stage;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5AXcRAKsV9HMmcDVC+CgYYyjELuV0NSIHpbsDs9rPl ci@example\n";

/// A host with a key, and a file of keys that has none.
fn stage() -> (Stage, String) {
    let stage = Stage::new();
    stage.configured();
    let root = stage.host.root().display().to_string();
    std::fs::write(format!("{root}/ci.pub"), KEY).unwrap();
    std::fs::write(format!("{root}/keys"), "# mine\n").unwrap();
    std::fs::set_permissions(format!("{root}/keys"), std::fs::Permissions::from_mode(0o600)).unwrap();
    (stage, root)
}

#[test]
fn everybody_learns_who_they_are_and_what_they_may_do() {
    let (stage, _) = stage();
    insta::assert_snapshot!(stage.tell("whoami"), @"
    exit 0
    --- stdout
    ada (local user [UID])
      everywhere  may  read, check, deploy, bring-files, break-glass, hold, resolve, operate
    ");
    insta::assert_snapshot!(stage.tell("whoami --json"), @r#"
    exit 0
    --- stdout
    {"type":"access","principal":{"name":"ada","proof":"local-user","uid":[UID],"sentence":"ada (local user [UID])"},"everywhere":["read","check","deploy","bring-files","break-glass","hold","resolve","operate"],"applications":[]}
    "#);
}

#[test]
fn a_key_is_installed_listed_and_revoked() {
    let (stage, root) = stage();
    insta::assert_snapshot!(stage.tell(&format!("ssh-gate install --key {root}/ci.pub --name ci-uat --file {root}/keys --allow 'deploy kudos' --allow 'read kudos' --yes")), @r#"
    exit 0
    --- stdout
    # [HOST]/keys
      restrict,command="/usr/bin/windlass ssh-gate --key ci-uat --config [HOST]/agent.toml" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5AXcRAKsV9HMmcDVC+CgYYyjELuV0NSIHpbsDs9rPl ci-uat

    # /etc/ssh/sshd_config.d/50-windlass.conf
      Match User USER
          AuthenticationMethods publickey
          DisableForwarding yes
          PermitTTY no
          PermitUserRC no
          MaxSessions 4
          ClientAliveInterval 10
          ClientAliveCountMax 3
          ExposeAuthInfo yes

    # [HOST]/agent.toml
      [[access]]
      keys = ["SHA256:4vJ70uPMddtie/9oL9cC7S/Nz8Kn+5tY3PHQ4nPJvwE"]
      may = ["read", "deploy"]
      applications = ["kudos"]

    --- stderr
    wrote `[HOST]/keys`; `[HOST]/keys.before-windlass` is the file from before
    next: put the other two where they belong, unless they are there; then `sshd -t` and reload sshd
    "#);
    insta::assert_snapshot!(stage.tell(&format!("ssh-gate list --file {root}/keys")), @"
    exit 0
    --- stdout
    name    fingerprint
    ci-uat  SHA256:4vJ70uPMddtie/9oL9cC7S/Nz8Kn+5tY3PHQ4nPJvwE
    ");
    insta::assert_snapshot!(stage.tell(&format!("ssh-gate install --key {root}/ci.pub --name again --file {root}/keys --yes")), @"
    exit 10
    --- stderr
    error: line 3 has this key already, and sshd takes the first line that fits
    hint: `windlass ssh-gate revoke ci-uat` removes it
    ");
    insta::assert_snapshot!(stage.tell(&format!("ssh-gate revoke ci-uat --file {root}/keys")), @"
    exit 0
    --- stderr
    removed `ci-uat`, SHA256:4vJ70uPMddtie/9oL9cC7S/Nz8Kn+5tY3PHQ4nPJvwE: its next login is refused
    wrote `[HOST]/keys`; `[HOST]/keys.before-windlass` is the file from before
    sessions that are open go on; these are theirs: `pgrep -af 'ssh-gate --key ci-uat '`
    the rule in agent.toml that names the fingerprint is yours to remove
    ");
    insta::assert_snapshot!(stage.tell(&format!("ssh-gate install --key {root}/ci.pub --name ci-uat --file {root}/keys --dry-run --json")), @r##"
    exit 0
    --- stdout
    {"type":"file","path":"/etc/ssh/sshd_config.d/50-windlass.conf","text":"Match User USER\n    AuthenticationMethods publickey\n    DisableForwarding yes\n    PermitTTY no\n    PermitUserRC no\n    MaxSessions 4\n    ClientAliveInterval 10\n    ClientAliveCountMax 3\n    ExposeAuthInfo yes\n","written":false}
    {"type":"file","path":"[HOST]/agent.toml","text":"# A key that no rule names may do nothing. `--allow 'read APP'` shows the rule; it looks like this:\n# [[access]]\n# keys = [\"SHA256:4vJ70uPMddtie/9oL9cC7S/Nz8Kn+5tY3PHQ4nPJvwE\"]\n# may = [\"read\"]\n# applications = [\"APP\"]\n","written":false}
    {"type":"key","name":"ci-uat","fingerprint":"SHA256:4vJ70uPMddtie/9oL9cC7S/Nz8Kn+5tY3PHQ4nPJvwE","file":"[HOST]/keys","line":"restrict,command=\"/usr/bin/windlass ssh-gate --key ci-uat --config [HOST]/agent.toml\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5AXcRAKsV9HMmcDVC+CgYYyjELuV0NSIHpbsDs9rPl ci-uat","state":"proposed"}
    "##);
}

#[test]
fn the_gate_is_for_sshd_and_says_so_to_a_person() {
    let (stage, _) = stage();
    // The lines are for the user who runs this.
    let told = stage.tell("ssh-gate --key ci-uat");
    for words in [
        "exit 3\n--- stderr\nerror: sshd does not say which key was used: `SSH_USER_AUTH` is not set\n",
        "hint: the operator adds to /etc/ssh/sshd_config.d/50-windlass.conf, and reloads sshd:\n\n    Match User ",
        "\n        ExposeAuthInfo yes\n",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    insta::assert_snapshot!(stage.tell("ssh-gate --key a/b"), @"
    exit 2
    --- stderr
    error: invalid value 'a/b' for '--key <NAME>': `a/b` is not a key's name: letters, digits, `-`, `_` and `.`, at most 64 of them, the first a letter or digit

    For more information, try '--help'.
    ");
}
