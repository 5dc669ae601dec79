//! Tests of the flow, without plugins and without Docker: every step fails, everything is done twice, every line of
//! the journal is the last one of a process.

mod afterwards;
mod blame;
mod exits;
mod faults;
mod flow;
mod gates;
mod graphs;
mod instances;
mod looks;
mod outbox;
mod yard;
