//! The operator's file, `agent.toml`.
