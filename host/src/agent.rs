//! Everything that a command needs, opened once.
