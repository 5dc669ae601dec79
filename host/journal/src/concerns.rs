//! What the agent found about what runs after its deployment had ended, said once and told to recorders. What is looked at,
//! and what follows from it, is decided elsewhere.

use windlass_foundation::names::Instance;

use super::error::Error;
use super::format::Notice;
use super::views::Found;
use super::{Journal, WithLine};

impl Journal {
    /// Says what the agent found about what a deployment made, and has recorders told. What is known already is not said
    /// again. Returns whether it is new.
    pub fn found(&self, instance: &Instance, notice: &Notice, of: &str, also: &WithLine) -> Result<bool, Error> {
        let also = self.redacted_also(also)?;
        self.store().note(instance.as_str(), &self.redacted(notice)?, self.clock.now(), Some((of, &also)))
    }

    /// What is not as it was deployed now, as the agent found it.
    pub fn concerns(&self, instance: &Instance) -> Result<Vec<Found>, Error> {
        self.store().concerns(instance.as_str())
    }

    /// Everything that the agent found about what a deployment made, the oldest first.
    pub fn found_of(&self, instance: &Instance, deployment: &str) -> Result<Vec<Found>, Error> {
        self.store().found(instance.as_str(), deployment)
    }
}
