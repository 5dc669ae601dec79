//! The flow of a deployment, on one screen.
