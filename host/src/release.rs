//! Releases: what to deploy.
