//! What is known to be safe in a container: fields, capabilities, paths, log drivers.

/// Fields of the container that cannot reach the host.
pub(super) const SAFE: &[&str] = &[
    "Hostname",
    "Domainname",
    "MacAddress",
    "User",
    "AttachStdin",
    "AttachStdout",
    "AttachStderr",
    "ExposedPorts",
    "Tty",
    "OpenStdin",
    "StdinOnce",
    "Env",
    "Cmd",
    "Healthcheck",
    "ArgsEscaped",
    "Image",
    "Volumes",
    "WorkingDir",
    "Entrypoint",
    "NetworkDisabled",
    "StopSignal",
    "StopTimeout",
    "Shell",
];

/// Fields of `HostConfig` that cannot reach the host: limits, restarts, names, ports, and what takes rights away.
pub(super) const SAFE_HOST: &[&str] = &[
    "CpuShares",
    "Memory",
    "BlkioWeight",
    "BlkioWeightDevice",
    "BlkioDeviceReadBps",
    "BlkioDeviceWriteBps",
    "BlkioDeviceReadIOps",
    "BlkioDeviceWriteIOps",
    "CpuPeriod",
    "CpuQuota",
    "CpusetCpus",
    "CpusetMems",
    "MemoryReservation",
    "MemorySwap",
    "MemorySwappiness",
    "NanoCpus",
    "Init",
    "PidsLimit",
    "Ulimits",
    "PortBindings",
    "RestartPolicy",
    "AutoRemove",
    "ConsoleSize",
    "CapDrop",
    "Dns",
    "DnsOptions",
    "DnsSearch",
    "ExtraHosts",
    "GroupAdd",
    "PublishAllPorts",
    "ReadonlyRootfs",
    "Tmpfs",
    "ShmSize",
];

/// Fields of `HostConfig` that are looked at.
pub(super) const CHECKED_HOST: &[&str] = &[
    "Privileged",
    "NetworkMode",
    "PidMode",
    "IpcMode",
    "UTSMode",
    "UsernsMode",
    "CgroupnsMode",
    "CapAdd",
    "Devices",
    "DeviceRequests",
    "DeviceCgroupRules",
    "SecurityOpt",
    "Binds",
    "Mounts",
    "VolumeDriver",
    "VolumesFrom",
    "Sysctls",
    "Runtime",
    "CgroupParent",
    "Cgroup",
    "OomScoreAdj",
    "OomKillDisable",
    "LogConfig",
    "Links",
    "Annotations",
    "StorageOpt",
    "MaskedPaths",
    "ReadonlyPaths",
    "CpuRealtimePeriod",
    "CpuRealtimeRuntime",
    "Isolation",
];

/// Fields that `update` may change: those that create accepts and the engine can change on a running container.
pub(super) const SAFE_UPDATE: &[&str] = &[
    "CpuShares",
    "Memory",
    "BlkioWeight",
    "CpuPeriod",
    "CpuQuota",
    "CpusetCpus",
    "CpusetMems",
    "MemoryReservation",
    "MemorySwap",
    "NanoCpus",
    "PidsLimit",
    "RestartPolicy",
];

/// What the engine gives every container, so that naming it after `CapDrop: ["ALL"]` adds nothing
/// (moby, `oci/caps/defaults.go`).
pub(super) const DEFAULT_CAPABILITIES: &[&str] = &[
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
];

/// What every engine hides by default since API 1.41 (moby, `oci/defaults.go`).
pub(super) const MASKED: &[&str] = &[
    "/proc/asound",
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
];

/// What newer engines hide besides. A body that an older one filled in does not have them; they are added.
pub(super) const MASKED_SINCE: &[&str] = &["/proc/interrupts", "/sys/devices/virtual/powercap"];

/// What the engine makes read-only by default (moby, `oci/defaults.go`).
pub(super) const READ_ONLY: &[&str] = &["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// Log drivers that keep what they get on this host and read no file of it.
pub(super) const LOG_DRIVERS: &[&str] = &["json-file", "local", "journald", "none"];
