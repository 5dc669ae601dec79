//! Releases: from what a person asks for to an immutable snapshot of what to deploy.
//!
//! In the order in which a trigger uses them: [`application`] finds the directory, [`directory`] opens it and everything in it,
//! [`mod@file`] reads its `release.toml`, [`binding`] says whether it may be the application that it claims to be,
//! [`environment`] merges one environment over it, [`bundle`] keeps an immutable copy of all its files, and [`resolve`]
//! turns names into digests with the help of [`registry`]; names of images are read by [`windlass_domain::reference`]. A
//! release goes to another host as a [`document`], whose maker a [`signature`](windlass_foundation::signature) names;
//! [`promotion`] fetches it from another environment. Nothing here touches a running application, prints, or knows what a
//! plugin does with its configuration.

pub mod application;
pub mod binding;
pub mod build;
pub mod bundle;
pub mod compose;
pub mod directory;
pub mod document;
pub mod environment;
pub mod file;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod promotion;
pub mod registry;
pub mod resolve;
