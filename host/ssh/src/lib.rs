//! SSH as a way in: what a forced command of OpenSSH is given, and the file that makes a key run it.
//!
//! [`words`] reads the command that a client asks for, [`session`] says which key it proved, [`authorized`] edits
//! `authorized_keys`, and [`server`] has the lines for sshd. Nothing here speaks SSH, knows a command of Windlass, decides what a
//! key may do, or prints.

pub mod authorized;
pub mod key;
pub mod server;
pub mod session;
pub mod words;
