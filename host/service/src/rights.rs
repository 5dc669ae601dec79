//! What each command needs: a right, and one more for an option that goes further than the command. Whether a principal has
//! it is decided in [`access`](super::access).

use windlass_api::Command;
use windlass_api::command::Manner;
use windlass_config::Right;

/// The rights that a command needs. None where it touches nothing that is the host's, and where it asks what they are.
pub(crate) fn of(command: &Command) -> Vec<Right> {
    let mut rights = of_itself(command);
    // The files say what is done with the application's grants and secrets.
    rights.extend(command.bundle().map(|_| Right::BringFiles));
    rights
}

/// The same without what it brings.
fn of_itself(command: &Command) -> Vec<Right> {
    use Command as C;
    match command {
        C::Status { .. }
        | C::History { .. }
        | C::Show { .. }
        | C::Report { .. }
        | C::Logs { .. }
        | C::Config { .. }
        | C::ReleaseExport { .. }
        | C::ReleaseList { .. }
        | C::ReleaseShow { .. }
        | C::ReleaseRead { .. }
        | C::ReleaseVerify { .. }
        | C::OutboxList { .. }
        | C::PluginGrants { .. } => vec![Right::Read],
        C::Plan { .. } | C::Check { .. } | C::Verify { .. } => vec![Right::Check],
        C::Deploy { manner, .. } | C::Promote { manner, .. } => deploys(manner),
        C::Rollback { manner, pin, .. } => {
            let mut rights = deploys(manner);
            rights.extend(pin.then_some(Right::Hold));
            rights
        }
        C::Resume { .. } | C::ReleaseCreate { .. } => vec![Right::Deploy],
        C::Resolve { .. } => vec![Right::Resolve],
        C::Freeze { .. }
        | C::Unfreeze { .. }
        | C::Pin { .. }
        | C::Unpin { .. }
        | C::Quarantine { .. }
        | C::Unquarantine { .. } => vec![Right::Hold],
        C::OutboxFlush { .. }
        | C::OutboxRetry { .. }
        | C::OutboxDrop { .. }
        | C::PluginList
        | C::PluginInspect { .. }
        | C::PluginDiff { .. }
        | C::AuditVerify
        | C::Doctor { .. } => vec![Right::Operate],
        // Also who may do nothing may know that.
        C::Whoami => Vec::new(),
        // An event proves who sent it, whoever brings it here; what it starts is asked of the trigger. Only the person
        // who brings it says that it counts once more.
        C::Trigger { again, .. } => again.then_some(Right::Operate).into_iter().collect(),
    }
}

/// Whether a command only looks at what is there.
#[must_use]
pub fn only_looks(command: &Command) -> bool {
    !command.deploys() && of(command).iter().all(|right| *right == Right::Read)
}

/// What a deployment needs that may go over refusals.
fn deploys(manner: &Manner) -> Vec<Right> {
    let over = manner.break_glass.as_ref().map(|_| Right::BreakGlass);
    std::iter::once(Right::Deploy).chain(over).collect()
}
