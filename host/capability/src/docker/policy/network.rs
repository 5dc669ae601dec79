//! `POST /networks/create`, `/networks/{id}/connect`, and the networks that a container joins.

use ipnet::IpNet;
use serde_json::Value;
use windlass_domain::Failure;

use super::super::bodies::INTERFACE_SYSCTLS;
use super::container::links;
use super::fields::{is_nothing, is_unset, list, object, shown, text};
use super::subnets::binding;
use super::{Policy, References, Wanted};

const FIELDS: &[&str] = &[
    "Name",
    "CheckDuplicate",
    "Driver",
    "Internal",
    "Attachable",
    "EnableIPv4",
    "EnableIPv6",
    "IPAM",
    "Options",
    "Labels",
    "Scope",
];
const IPAM_FIELDS: &[&str] = &["Driver", "Config", "Options"];
const ENDPOINT_FIELDS: &[&str] = &["IPAMConfig", "Links", "MacAddress", "Aliases", "DriverOpts", "GwPriority"];

/// Whether all sysctls of a list are of the connection's own interface.
fn of_the_interface(sysctls: &Value) -> bool {
    let is_own = |sysctl: &str| {
        let name = sysctl.split('=').next().unwrap_or_default();
        let parts: Vec<&str> = name.splitn(5, '.').collect();
        matches!(parts.as_slice(), ["net", _, _, "IFNAME", _])
    };
    sysctls.as_str().is_some_and(|list| list.split(',').all(is_own))
}

/// The option of the bridge driver that says at which of the host's addresses ports are published.
const BINDING: &str = "com.docker.network.bridge.host_binding_ipv4";

/// Options of the bridge driver that concern only the network itself.
const SAFE_OPTIONS: &[&str] = &[
    "com.docker.network.bridge.enable_icc",
    "com.docker.network.bridge.enable_ip_masquerade",
    "com.docker.network.container_iface_prefix",
    "com.docker.network.driver.mtu",
];

impl Policy<'_> {
    /// Decides about a body of `POST /networks/create`, and says which addresses it takes. Whether they are free is
    /// for the caller to find out.
    pub(crate) fn network(&self, body: &Value) -> Result<Wanted, Failure> {
        let mut wanted = Wanted::default();
        for (name, value) in object("body", body)? {
            if is_unset(value) || is_nothing(value) && matches!(name.as_str(), "Options" | "IPAM" | "Labels") {
                continue;
            }
            match name.as_str() {
                "Driver" => match text("Driver", value)? {
                    "bridge" | "default" => {}
                    driver => self.require(&format!("network-driver:{driver}"), "Driver", driver)?,
                },
                "Scope" if value == "local" => {}
                "Scope" => return Err(self.forbidden("Scope", &shown(value), "networks are of this host alone")),
                "Options" => {
                    for (option, value) in object("Options", value)? {
                        let field = format!("Options.{option}");
                        if option == BINDING {
                            wanted.binding = binding(&field, value)?;
                        } else if !SAFE_OPTIONS.contains(&option.as_str()) {
                            let danger = format!("network-option:{option}");
                            self.require(&danger, &field, &shown(value))?;
                        }
                    }
                }
                "IPAM" => wanted.subnets = self.ipam(value)?,
                "Labels" => self.labels("Labels", value)?,
                name if FIELDS.contains(&name) => {}
                name => return Err(self.unknown(name, FIELDS)),
            }
        }
        Ok(wanted)
    }

    fn ipam(&self, value: &Value) -> Result<Vec<IpNet>, Failure> {
        let mut subnets: Vec<IpNet> = Vec::new();
        for (name, value) in object("IPAM", value)? {
            match name.as_str() {
                _ if is_unset(value) => {}
                "Options" if is_nothing(value) => {}
                "Driver" if value == "default" => {}
                "Driver" => self.require(&format!("ipam-driver:{}", shown(value)), "IPAM.Driver", &shown(value))?,
                "Options" => self.require("ipam-options", "IPAM.Options", &shown(value))?,
                "Config" => {
                    for pool in list("IPAM.Config", value)? {
                        subnets.extend(self.pool(object("IPAM.Config", pool)?)?);
                    }
                }
                name => return Err(self.unknown(&format!("IPAM.{name}"), IPAM_FIELDS)),
            }
        }
        Ok(subnets)
    }

    /// `NetworkingConfig` of a container.
    pub(super) fn networking(&self, value: &Value, references: &mut References) -> Result<(), Failure> {
        for (name, value) in object("NetworkingConfig", value)? {
            match name.as_str() {
                _ if is_unset(value) => {}
                "EndpointsConfig" => {
                    for (network, endpoint) in object("NetworkingConfig.EndpointsConfig", value)? {
                        if !matches!(network.as_str(), "default" | "bridge" | "none") {
                            references.networks.insert(network.clone());
                        }
                        let field = format!("NetworkingConfig.EndpointsConfig.{network}");
                        self.endpoint(&field, network, endpoint, references)?;
                    }
                }
                name => return Err(self.unknown(&format!("NetworkingConfig.{name}"), &["EndpointsConfig"])),
            }
        }
        Ok(())
    }

    /// An `EndpointConfig`: how one container is in one network.
    pub(crate) fn endpoint(
        &self,
        field: &str,
        network: &str,
        value: &Value,
        references: &mut References,
    ) -> Result<(), Failure> {
        if value.is_null() {
            return Ok(());
        }
        for (name, value) in object(field, value)? {
            match name.as_str() {
                _ if is_unset(value) => {}
                "MacAddress" | "Aliases" | "GwPriority" => {}
                "IPAMConfig" => {
                    for (field, address) in self.fixed(&format!("{field}.IPAMConfig"), value)? {
                        references.addresses.push((network.to_owned(), field, address));
                    }
                }
                "Links" => links(&format!("{field}.Links"), value, references)?,
                "DriverOpts" => {
                    for (option, value) in object(field, value)? {
                        // They reach no further than the container's own, which may be set.
                        if option == INTERFACE_SYSCTLS && of_the_interface(value) {
                            continue;
                        }
                        let danger = format!("endpoint-option:{option}");
                        self.require(&danger, &format!("{field}.DriverOpts.{option}"), &shown(value))?;
                    }
                }
                // `NetworkID` could name another network than the one that was looked up.
                name => return Err(self.unknown(&format!("{field}.{name}"), ENDPOINT_FIELDS)),
            }
        }
        Ok(())
    }
}
