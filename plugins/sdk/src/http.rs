//! HTTP requests through the host, which allows the addresses that the operator granted.
