//! Tables of plans, and whole deployments on a real engine.

mod above;
mod checkout;
mod corpus;
mod data;
mod engine;
mod files;
mod flow;
mod images;
mod later;
mod modes;
mod mounted_images;
mod numbers;
mod peer;
mod plans;
mod reach;
mod together;
mod versions;
mod world;
