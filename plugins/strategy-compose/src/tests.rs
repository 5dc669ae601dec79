//! Tables of plans, and whole deployments on a real engine.

mod engine;
mod flow;
mod plans;
mod world;
