//! Plugins that come from a registry, in whole deployments: fetched once, verified, kept for the way back.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use windlass_stage::Registry;
use windlass_tests::{Small, expect, root};

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// Puts a blob into a repository, as the distribution specification says: ask for a place, then send all at once.
fn push_blob(repository: &str, bytes: &[u8]) -> Result<()> {
    let place = ureq::post(format!("{repository}/blobs/uploads/")).send_empty()?;
    let place = place.headers().get("location").context("the registry gives no place")?.to_str()?;
    let end = if place.contains('?') { '&' } else { '?' };
    ureq::put(format!("{place}{end}digest={}", digest(bytes))).send(bytes)?;
    Ok(())
}

/// Publishes a component as `oras push` does, and returns the digest of its manifest.
fn publish(registry: &Registry, name: &str, component: &[u8]) -> Result<String> {
    let repository = format!("http://{}/v2/{name}", registry.address());
    push_blob(&repository, component)?;
    push_blob(&repository, b"{}")?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": { "mediaType": "application/vnd.oci.empty.v1+json", "size": 2, "digest": digest(b"{}") },
        "layers": [{ "mediaType": "application/wasm", "size": component.len(), "digest": digest(component) }],
    })
    .to_string();
    ureq::put(format!("{repository}/manifests/v1"))
        .header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
        .send(&manifest)?;
    Ok(digest(manifest.as_bytes()))
}

#[test]
fn a_check_from_a_registry_gates_deployments_and_the_way_back_needs_no_registry() -> Result<()> {
    let small = Small::set("pulled")?;
    let registry = Registry::start()?;
    let address = registry.address();
    let component = fs::read(root().join("target/plugins/hostile-check.wasm"))?;
    let pinned = publish(&registry, "team/check", &component)?;
    let wish = |plugin: &str, with: &str| {
        let check = format!("[checks.ours]\nplugin = \"{plugin}\"\nwith = {with}\n");
        small.write("release.toml", format!("{}{check}", small.release()))
    };
    let plugin = format!("{address}/team/check@{pinned}");
    let (well, ill) = ("{ do = \"doze\", times = 1, milliseconds = 1 }", "{ do = \"panic\", text = \"no\" }");
    small.operator(&format!("\n[registries.\"{address}\"]\nplain-http = true\n"))?;

    wish(&plugin, well)?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("1")?;
    // It gates: what it does not let through touches nothing.
    let before = small.world()?;
    small.version("2")?;
    wish(&plugin, ill)?;
    expect(small.deploy(&[])?, 10)?;
    assert_eq!(small.world()?, before);
    wish(&plugin, well)?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("2")?;

    // A name is not enough, and what is not there is told.
    wish(&format!("{address}/team/check:v1"), well)?;
    let run = expect(small.deploy(&[])?, 3)?;
    ensure!(run.stderr.contains("@sha256:"), "{}", run.stderr);
    let nothing = digest(b"nothing");
    wish(&format!("{address}/team/check@{nothing}"), well)?;
    let run = small.deploy(&[])?;
    ensure!(run.code != 0 && run.stderr.contains(&nothing[..19]), "{}", run.stderr);
    small.serves("2")?;

    // Two versions are compared wherever they are from.
    let compared = expect(small.host.run(["plugin", "inspect", "--diff", "check-readiness", &plugin, "--json"])?, 0)?;
    ensure!(compared.stdout.contains("\"asks-for-more\":true"), "{}", compared.stdout);
    let lines = expect(small.host.run(["plugin", "inspect", &plugin, "--grant"])?, 0)?.stdout;
    ensure!(lines.contains(&format!("digest = \"{}\"", digest(&component))), "{lines}");

    // The registry is away: what was fetched is kept, for the same release, and for the one before.
    drop(registry);
    wish(&plugin, well)?;
    expect(small.deploy(&[])?, 0)?;
    expect(small.host.run(["rollback", &small.name])?, 0)?;
    small.serves("1")
}
