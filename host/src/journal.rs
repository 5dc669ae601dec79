//! What happened, written before it happens.
