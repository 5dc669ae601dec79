//! The sources that are built in, and those of operators.
