//! Old and new containers change names.

use serde_json::{Value, json};
use windlass_sdk::Result;

use super::{Work, id_of};
use crate::engine::or_gone;
use crate::json;
use crate::operation::{New, old_name};

impl Work<'_> {
    /// Gives the final name to the new container; the old one gets a name that tells what it is.
    pub(super) fn rename(&self, container: &New) -> Result<Value> {
        for old in &self.before.containers {
            if let Some(found) = or_gone(self.engine.container(&old.id))?
                && json::name(&found) == old.name
            {
                self.engine.rename(&old.id, &old_name(&old.name, &self.deployment))?;
            }
        }
        let id = self.new_id(container)?;
        self.engine.rename(&id, &container.name)?;
        Ok(json!({ "container": id }))
    }

    pub(super) fn rename_back(&self, container: &New) -> Result<()> {
        if let Some(found) = self.find_new(container)?
            && json::name(&found) == container.name
        {
            self.engine.rename(&id_of(&found), &container.temporary_name(&self.deployment))?;
        }
        for old in &self.before.containers {
            if let Some(found) = or_gone(self.engine.container(&old.id))?
                && json::name(&found) != old.name
            {
                self.engine.rename(&old.id, &old.name)?;
            }
        }
        Ok(())
    }
}
