//! `POST /networks/create`, `/networks/{id}/connect`, and the networks that a container joins.

use serde_json::Value;
use windlass_documents::Failure;

use super::container::links;
use super::fields::{is_nothing, list, object, shown, text};
use super::{Policy, References};

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
const POOL_FIELDS: &[&str] = &["Subnet", "IPRange", "Gateway", "AuxiliaryAddresses"];
const ENDPOINT_FIELDS: &[&str] = &["IPAMConfig", "Links", "MacAddress", "Aliases", "DriverOpts", "GwPriority"];

/// Options of the bridge driver that concern only the network itself.
const SAFE_OPTIONS: &[&str] = &[
    "com.docker.network.bridge.enable_icc",
    "com.docker.network.bridge.enable_ip_masquerade",
    "com.docker.network.bridge.host_binding_ipv4",
    "com.docker.network.container_iface_prefix",
    "com.docker.network.driver.mtu",
];

impl Policy<'_> {
    /// Decides about a body of `POST /networks/create`.
    pub(crate) fn network(&self, body: &Value) -> Result<(), Failure> {
        for (name, value) in object("body", body)? {
            if is_nothing(value) {
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
                        if !SAFE_OPTIONS.contains(&option.as_str()) {
                            let danger = format!("network-option:{option}");
                            self.require(&danger, &format!("Options.{option}"), &shown(value))?;
                        }
                    }
                }
                "IPAM" => self.ipam(value)?,
                "Labels" => self.labels("Labels", value)?,
                name if FIELDS.contains(&name) => {}
                name => return Err(self.unknown(name, FIELDS)),
            }
        }
        Ok(())
    }

    fn ipam(&self, value: &Value) -> Result<(), Failure> {
        for (name, value) in object("IPAM", value)? {
            match name.as_str() {
                _ if is_nothing(value) => {}
                "Driver" if value == "default" => {}
                "Driver" => self.require(&format!("ipam-driver:{}", shown(value)), "IPAM.Driver", &shown(value))?,
                "Options" => self.require("ipam-options", "IPAM.Options", &shown(value))?,
                "Config" => {
                    for pool in list("IPAM.Config", value)? {
                        let pool = object("IPAM.Config", pool)?;
                        if let Some(name) = pool.keys().find(|name| !POOL_FIELDS.contains(&name.as_str())) {
                            return Err(self.unknown(&format!("IPAM.Config.{name}"), POOL_FIELDS));
                        }
                    }
                }
                name => return Err(self.unknown(&format!("IPAM.{name}"), IPAM_FIELDS)),
            }
        }
        Ok(())
    }

    /// `NetworkingConfig` of a container.
    pub(super) fn networking(&self, value: &Value, references: &mut References) -> Result<(), Failure> {
        for (name, value) in object("NetworkingConfig", value)? {
            match name.as_str() {
                _ if is_nothing(value) => {}
                "EndpointsConfig" => {
                    for (network, endpoint) in object("NetworkingConfig.EndpointsConfig", value)? {
                        if !matches!(network.as_str(), "default" | "bridge" | "none") {
                            references.networks.insert(network.clone());
                        }
                        self.endpoint(&format!("NetworkingConfig.EndpointsConfig.{network}"), endpoint, references)?;
                    }
                }
                name => return Err(self.unknown(&format!("NetworkingConfig.{name}"), &["EndpointsConfig"])),
            }
        }
        Ok(())
    }

    /// An `EndpointConfig`: how one container is in one network.
    pub(crate) fn endpoint(&self, field: &str, value: &Value, references: &mut References) -> Result<(), Failure> {
        if value.is_null() {
            return Ok(());
        }
        for (name, value) in object(field, value)? {
            match name.as_str() {
                _ if is_nothing(value) => {}
                "IPAMConfig" | "MacAddress" | "Aliases" | "GwPriority" => {}
                "Links" => links(&format!("{field}.Links"), value, references)?,
                "DriverOpts" => {
                    for (option, value) in object(field, value)? {
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
