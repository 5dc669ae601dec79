//! Whether a plan's objects would be let through, asked before anything is made.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde_json::Value;
use windlass_documents::Failure;

use super::Docker;
use super::ancestors::Mounting;
use super::engine::invalid;
use super::failure::hinted;
use super::policy::References;
use super::surroundings::{Around, ranges};

/// Networks of a plan that are judged already, each with its ranges.
pub(super) type Planned<'a> = BTreeMap<&'a str, Vec<IpNet>>;

impl Docker {
    /// Decides about bodies as the functions that create would, and changes nothing: a list of `{"network": BODY}`,
    /// `{"volume": BODY}` and `{"container": BODY}`. Containers may refer to networks of the list, and to what is not
    /// there yet. A network that is there already is judged as it is. The first refusal is the failure.
    pub async fn permits(&self, objects: &Value) -> Result<(), Failure> {
        let guard = self.guard().await?;
        let policy = guard.policy(self);
        let around = Around::new(self);
        let objects = objects.as_array().ok_or_else(|| invalid("the objects to judge must be a list"))?;
        let mut planned = Planned::new();
        let mut all = References::default();
        let mut mounting = Mounting::default();
        for object in objects {
            let mut fields = object.as_object().into_iter().flatten();
            let (Some((kind, body)), None) = (fields.next(), fields.next()) else {
                return Err(invalid("an object to judge is `{\"network\": {…}}`, of one kind"));
            };
            match kind.as_str() {
                "network" => {
                    let wanted = policy.network(body)?;
                    let name = body.get("Name").and_then(Value::as_str).unwrap_or_default();
                    let subnets = if let Some(found) = self.named_network(name).await? {
                        ranges(self.usable(&policy, &around, name, found).await?.ipam.as_ref())
                    } else {
                        around.is_free(&policy, &wanted, None).await?;
                        apart(&planned, name, &wanted.subnets)?;
                        wanted.subnets
                    };
                    planned.insert(name, subnets);
                }
                "volume" => {
                    if let Some(mount) = policy.volume(body)? {
                        mounting.join(Mounting::path(&mount.real, mount.writable));
                    }
                }
                "container" => {
                    let references = policy.container(body)?;
                    mounting.join(Mounting::of(&references));
                    all.extend(references);
                }
                other => return Err(invalid(format!("`{other}` is not a kind of object that is judged"))),
            }
        }
        // Many containers refer to the same few things, which are looked at once.
        self.check_references(&policy, &around, &all, Some(&planned)).await?;
        self.nobody_moves(mounting, None).await
    }
}

/// Whether a network that is to be made shares no address with the others.
fn apart(planned: &Planned<'_>, name: &str, subnets: &[IpNet]) -> Result<(), Failure> {
    for (other, ranges) in planned.iter().filter(|(other, _)| **other != name) {
        let both = |range: &&IpNet| subnets.iter().any(|subnet| subnet.contains(*range) || range.contains(subnet));
        if let Some(range) = ranges.iter().find(both) {
            return Err(hinted(
                "invalid-argument",
                format!("the networks `{name}` and `{other}` both have {range}"),
                "give each network a range of its own",
            ));
        }
    }
    Ok(())
}
