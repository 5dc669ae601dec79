//! Tests of the flow, without plugins and without Docker.
