//! Tests of the journal: the chain, formats, full disks, two processes.

