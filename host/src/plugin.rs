//! The sandbox: loads plugins and calls them.
