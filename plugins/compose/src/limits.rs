//! How much a file may ask of its reader.
//!
//! Files come from a release, which need not be trusted. Each limit ends in an error that names it.

/// Limits for one [`crate::load`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one Compose or env file.
    pub file_bytes: usize,
    /// Bytes of one scalar.
    pub scalar_bytes: usize,
    /// How deep sequences and mappings may be nested.
    pub depth: usize,
    /// Nodes of one file, aliases expanded.
    pub nodes: usize,
    /// Bytes of all scalars of one file, aliases expanded.
    pub expanded_bytes: usize,
    /// Documents of all files together, each time that one is read.
    pub documents: usize,
    /// Nodes of all files together, with what is included and what extended services copy.
    pub all_nodes: usize,
    /// Bytes of all scalars of all files, likewise, with their variables replaced.
    pub all_bytes: usize,
    /// How deep files may include each other.
    pub include_depth: usize,
    /// How deep services may extend each other.
    pub extends_depth: usize,
    /// Services.
    pub services: usize,
    /// Published ports of all services, each port of a range counted; and likewise ports that one service exposes.
    pub ports: usize,
    /// How deep `${A:-${B:-…}}` may be nested.
    pub interpolation_depth: usize,
    /// Problems that are collected before reading stops.
    pub problems: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 4 << 20,
            scalar_bytes: 256 << 10,
            depth: 64,
            nodes: 250_000,
            expanded_bytes: 16 << 20,
            documents: 500,
            all_nodes: 1_000_000,
            all_bytes: 64 << 20,
            include_depth: 32,
            extends_depth: 64,
            services: 10_000,
            ports: 70_000,
            interpolation_depth: 16,
            problems: 50,
        }
    }
}
