//! The agent as people use it: the real binary, against a real engine, registry, sshd and git.
//!
//! One program, so that the agent is linked into the tests once. Each module is one subject; its first lines say what is
//! real in it and what is a stand-in.

mod anonymous;
mod authored;
mod awx;
mod bad_gates;
mod bad_host;
mod bad_input;
mod bad_networks;
mod bad_plugins;
mod bad_registry;
mod battery;
mod bindings;
mod building;
mod bundles;
mod checkout;
mod cli;
mod commands;
mod compose_changes;
mod connections;
mod contracts;
mod docker_capability;
mod docs;
mod engine;
mod examples;
mod faults;
mod first_party;
mod gates;
mod going_back;
mod holds;
mod hooks;
mod hostile;
mod interruptions;
mod known_before;
mod mounted_images;
mod outbox;
mod page;
mod peer;
mod promotion;
mod published_contracts;
mod pulled_plugins;
mod resident;
mod room;
mod service;
mod slow_end;
mod ssh_gate;
mod story;
mod stuck;
mod told;
mod triggers;
mod truth;
mod untrusted;
