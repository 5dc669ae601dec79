//! Where in a Compose file a value stands, as far as merging cares, and the rule of each place.

use super::Mode;

/// How an element is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Mappings are merged, lists appended, texts replaced.
    Plain,
    /// The later value stands.
    Override,
    /// The later value stands, also where it is nothing: the values of `environment`, `labels` and the like.
    Value,
    /// `KEY=value` lists become mappings, which are merged by key.
    KeyValues,
    /// Lists of names become mappings without values, which are merged by name.
    Names,
    /// Lists of services become mappings with the default condition.
    Dependencies,
    /// A text is short for a mapping with `context`.
    Build,
    /// Lists without repetition.
    Unique,
    /// Likewise; one text is a list of one.
    OneOrMore,
    /// One text is a list of one, in which the same may stand again: the last one counts.
    Again,
    /// `all` is a list of one device, to which a list may be added.
    Gpus,
    /// Lists of env files, one per path.
    EnvFiles,
    /// Lists of mounts, one per target.
    Mounts,
    /// Lists of secrets, one per target below `/run/secrets`.
    Secrets,
    /// Lists of configs, one per target.
    Configs,
    /// Lists of devices, one per path in the container.
    Devices,
    /// `host=address` as list or mapping; the same pair once.
    Hosts,
    /// Address ranges, merged by `subnet`.
    Subnets,
    /// Mappings that belong together only while `driver` is the same.
    Driver,
}

/// A place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Root,
    Services,
    Service,
    Healthcheck,
    Deploy,
    Build,
    Ulimits,
    Attachments,
    Attachment,
    Networks,
    Network,
    Ipam,
    Elements,
    Element,
    /// A mapping of texts.
    Pairs,
    /// Those of a volume, in whose lists nothing may be there twice.
    Labels,
    /// Lists of commands that run at some time.
    Hooks,
    /// The element itself, with its rule; nothing below has one.
    Field(Rule),
}

impl Place {
    pub(super) fn root(mode: Mode) -> Self {
        if mode == Mode::Extends { Self::Service } else { Self::Root }
    }

    pub(super) fn rule(self) -> Rule {
        match self {
            Self::Field(rule) => rule,
            Self::Pairs | Self::Labels => Rule::KeyValues,
            Self::Attachments => Rule::Names,
            Self::Build => Rule::Build,
            _ => Rule::Plain,
        }
    }

    /// The place of a key.
    pub(super) fn child(self, key: &str) -> Self {
        // Also below `services`: a service of that name is no service to Compose.
        if key.starts_with("x-") {
            return Self::Field(Rule::Plain);
        }
        match (self, key) {
            (Self::Root, "services") => Self::Services,
            (Self::Root, "networks") => Self::Networks,
            // Of secrets and configs, the labels stay as they are written.
            (Self::Root, "volumes") => Self::Elements,
            (Self::Services, _) => Self::Service,
            (Self::Networks, _) => Self::Network,
            (Self::Elements, _) => Self::Element,
            (Self::Service, key) => service(key),
            (Self::Build, "extra_hosts") => Self::Field(Rule::Hosts),
            (Self::Build, "tags") | (Self::Attachment, "aliases" | "link_local_ips") => Self::Field(Rule::Unique),
            (Self::Healthcheck, "test") | (Self::Ulimits, _) => Self::Field(Rule::Override),
            (Self::Attachments, _) => Self::Attachment,
            (Self::Network, "ipam") => Self::Ipam,
            (Self::Ipam, "config") => Self::Field(Rule::Subnets),
            (Self::Build, "args" | "labels" | "additional_contexts")
            | (Self::Deploy | Self::Network, "labels")
            | (Self::Hooks, "environment") => Self::Pairs,
            (Self::Element, "labels") => Self::Labels,
            (Self::Pairs | Self::Labels, _) => Self::Field(Rule::Value),
            _ => Self::Field(Rule::Plain),
        }
    }
}

fn service(key: &str) -> Place {
    Place::Field(match key {
        "command" | "entrypoint" => Rule::Override,
        "environment" | "labels" | "annotations" | "sysctls" => return Place::Pairs,
        "networks" => return Place::Attachments,
        "healthcheck" => return Place::Healthcheck,
        "deploy" => return Place::Deploy,
        "build" => return Place::Build,
        "ulimits" => return Place::Ulimits,
        "pre_start" | "post_start" | "pre_stop" => return Place::Hooks,
        "depends_on" => Rule::Dependencies,
        "expose" | "cap_add" | "cap_drop" | "dns_opt" | "profiles" | "links" => Rule::Unique,
        "tmpfs" | "dns" | "dns_search" => Rule::OneOrMore,
        "label_file" => Rule::Again,
        "gpus" => Rule::Gpus,
        "env_file" => Rule::EnvFiles,
        "volumes" => Rule::Mounts,
        "secrets" => Rule::Secrets,
        "configs" => Rule::Configs,
        "devices" => Rule::Devices,
        "extra_hosts" => Rule::Hosts,
        "logging" => Rule::Driver,
        _ => Rule::Plain,
    })
}
