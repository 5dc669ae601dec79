//! A host with a long history, written through the journal as the agent writes it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use windlass_domain::Outcome;
use windlass_foundation::clock::SystemClock;
use windlass_foundation::names::Instance;
use windlass_foundation::principal::{Principal, Proof};
use windlass_foundation::redact::Redactor;
use windlass_journal::{Asked, Event, Journal, Mode, Owner, Purpose, WithLine};

/// Adds refused deployments of ten applications, each with its lines and the hashes that chain them.
pub(crate) fn add(state: &Path, count: u32) -> Result<()> {
    let journal = Journal::open(state, Mode::Write, Arc::new(SystemClock), Redactor::new())?;
    for number in 0..count {
        let id = format!("bench-{number:08}");
        let instance = Instance::parse(&format!("app-{}", number % 10)).map_err(anyhow::Error::msg)?;
        let mut account = journal.begin(&id, |number| opened(number, &instance))?;
        let settled = Event::Settled {
            outcome: Outcome::Refused,
            failure: None,
            left_behind: Vec::new(),
            blames_release: None,
            observation: None,
            kept: false,
        };
        journal.append(&mut account, &settled, &WithLine::default())?;
        journal.append(&mut account, &Event::Closed, &WithLine::default())?;
    }
    Ok(())
}

fn opened(number: u64, instance: &Instance) -> Event {
    Event::Opened {
        number,
        instance: instance.clone(),
        environment: "uat".to_owned(),
        asked: Asked {
            purpose: Purpose::Deploy,
            source: "bench".to_owned(),
            origin: None,
            set: [("shell".to_owned(), number.to_string())].into(),
            defaults: false,
            commit: None,
            reason: None,
            break_glass: None,
            retry: false,
            of: None,
            unbound: None,
        },
        owner: Owner {
            actor: (&Principal::new("bench", Proof::Agent)).into(),
            pid: 1,
            boot: "bench".to_owned(),
            agent: "bench".to_owned(),
        },
        previous: None,
    }
}
