//! Keys that the Compose specification knows and this library does not support yet.
//!
//! They are told apart from typing errors: the former are refused as "not supported yet", the latter with the
//! nearest known key.

pub(super) const TOP: [&str; 2] = ["include", "models"];

pub(super) const SERVICE: [&str; 63] = [
    "annotations",
    "attach",
    "blkio_config",
    "build",
    "cap_add",
    "cgroup",
    "cgroup_parent",
    "cpu_count",
    "cpu_percent",
    "cpu_period",
    "cpu_quota",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "credential_spec",
    "develop",
    "device_cgroup_rules",
    "devices",
    "dns",
    "dns_opt",
    "dns_search",
    "domainname",
    "extends",
    "external_links",
    "gpus",
    "group_add",
    "hostname",
    "ipc",
    "isolation",
    "label_file",
    "links",
    "mac_address",
    "mem_swappiness",
    "models",
    "network_mode",
    "oom_kill_disable",
    "oom_score_adj",
    "pid",
    "platform",
    "post_start",
    "pre_stop",
    "privileged",
    "provider",
    "pull_policy",
    "pull_refresh_after",
    "runtime",
    "scale",
    "security_opt",
    "shm_size",
    "stdin_open",
    "storage_opt",
    "sysctls",
    "tty",
    "ulimits",
    "use_api_socket",
    "userns_mode",
    "uts",
    "volumes_from",
    "pre_start",
    "log_driver",
    "log_opt",
    "net",
    "volume_driver",
    "cpuset_mems",
];

pub(super) const DEPLOY: [&str; 7] =
    ["endpoint_mode", "labels", "placement", "restart_policy", "rollback_config", "update_config", "job"];

pub(super) const NETWORK: [&str; 3] = ["ipam", "enable_ipv4", "attachable"];

pub(super) const ATTACHMENT: [&str; 9] = [
    "driver_opts",
    "gw_priority",
    "interface_name",
    "ipv4_address",
    "ipv6_address",
    "link_local_ips",
    "mac_address",
    "priority",
    "internal",
];
