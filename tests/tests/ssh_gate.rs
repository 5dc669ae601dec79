//! The SSH gate: a key that OpenSSH's own server runs it for, on loopback, with everything that a client can send.
//!
//! Real are sshd and its clients, the agent, the engine and the application. The user is the one who runs the tests, and a home
//! with a `.bashrc` of its own is set in the server's configuration.

mod access;
mod action;
mod attacks;
mod bundles;
mod keys;
mod middle;
mod support;
