//! Tables of plans, and whole deployments on a real engine.

mod above;
mod checkout;
mod corpus;
mod data;
mod engine;
mod files;
mod flow;
mod numbers;
mod peer;
mod plans;
mod together;
mod world;
