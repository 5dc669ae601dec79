//! What this process is to the rest of the host.
//!
//! It doesn't decide what is secret; it keeps what is in memory from being written down or read by others.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// The very program that this process is, to start it once more: also where the file at its path is another one by now, or
/// none, as in an upgrade. Only for a process that this one starts itself.
pub const THIS_PROGRAM: &str = "/proc/self/exe";

/// From now on the memory of this process, which will hold secret values, is in no core file, and no other process of
/// the same user can trace or read it. Called before anything is read.
///
/// Programs that the process starts begin with a soft core limit of 0, and can raise it to the hard limit, which stays
/// as it was. They can be traced as usual: that is decided anew when a program is started.
///
/// What the kernel refuses is left as it is: there is no right way to go on that needs it.
pub fn keep_memory_private() {
    let limit = Rlimit { current: Some(0), ..getrlimit(Resource::Core) };
    let _ = setrlimit(Resource::Core, limit);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

#[cfg(test)]
mod tests {
    use rustix::process::dumpable_behavior;

    use super::*;

    #[test]
    fn nobody_reads_this_memory_and_children_can_raise_their_limit() {
        let before = getrlimit(Resource::Core);
        keep_memory_private();
        let after = getrlimit(Resource::Core);
        assert_eq!((after.current, after.maximum), (Some(0), before.maximum));
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        // What the agent reads of itself is there all the same.
        assert!(std::env::current_exe().is_ok());
    }
}
