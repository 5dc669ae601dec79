//! A strategy that plans nonsense as its configuration says, for the tests of the sandbox.

use serde_json::Value;
use windlass_sdk::documents::{OBSERVATION_FORMAT, PLAN_FORMAT};
use windlass_sdk::prelude::*;

/// The strategy.
pub struct Hostile;

/// What it does.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "do", deny_unknown_fields)]
pub enum Config {
    /// Plans so many steps, one after the other.
    Steps {
        /// How many.
        count: usize,
    },
    /// Plans so many steps, each of which needs so many of the first.
    Needs {
        /// Steps.
        steps: usize,
        /// Needs of each.
        needs: usize,
    },
    /// Plans nothing at all.
    Empty,
    /// Plans steps that need each other.
    Cycle,
    /// Plans two steps of one name.
    Twins,
    /// Plans with so much detail.
    Detail {
        /// How many MiB.
        mebibytes: usize,
    },
    /// Creates a container.
    Create {
        /// The body.
        body: Value,
    },
}

impl Strategy for Hostile {
    type Config = Config;

    fn observe(_: &Context<'_>, _: &Config) -> Result<Observation> {
        Ok(Observation {
            format: OBSERVATION_FORMAT,
            fingerprint: "same".to_owned(),
            parts: Vec::new(),
            basis: std::collections::BTreeMap::new(),
        })
    }

    fn plan(_: &Context<'_>, config: &Config) -> Result<Plan> {
        let steps = match config {
            Config::Steps { count } => {
                let need = |number: usize| number.checked_sub(1).map(|number| number.to_string());
                (0..*count)
                    .map(|number| step(&number.to_string(), need(number).as_slice(), &Value::Null))
                    .collect::<Result<_>>()?
            }
            Config::Needs { steps, needs } => {
                let first = |number: usize| (0..number.min(*needs)).map(|need| need.to_string()).collect::<Vec<_>>();
                (0..*steps)
                    .map(|number| step(&number.to_string(), &first(number), &Value::Null))
                    .collect::<Result<_>>()?
            }
            Config::Empty => Vec::new(),
            Config::Cycle => {
                let needs = |name: &str| [name.to_owned()];
                vec![step("a", &needs("b"), &Value::Null)?, step("b", &needs("a"), &Value::Null)?]
            }
            Config::Twins => vec![step("a", &[], &Value::Null)?, step("a", &[], &Value::Null)?],
            Config::Detail { mebibytes } => vec![step("a", &[], &Value::String("x".repeat(mebibytes << 20)))?],
            Config::Create { body } => vec![step("create", &[], body)?],
        };
        Ok(Plan {
            format: PLAN_FORMAT,
            fingerprint: "same".to_owned(),
            changes: Vec::new(),
            steps,
            warnings: Vec::new(),
            way_back: Vec::new(),
        })
    }

    fn apply(_: &Context<'_>, _: &Config, step: &Step) -> Result<Value> {
        let id = docker::create_container("windlass-hostile", &step.details)?;
        Ok(json!({ "id": id }))
    }

    fn undo(_: &Context<'_>, _: &Config, _: &Step, _: Option<&Value>) -> Result<()> {
        Ok(())
    }

    fn verify(_: &Context<'_>, _: &Config) -> Result<Report> {
        Ok(Report::pass("as it should be"))
    }
}

fn step(id: &str, needs: &[String], details: &Value) -> Result<Step> {
    // Through JSON: fields that come later need no change here.
    let step = json!({ "id": id, "title": id, "phase": "apply", "needs": needs, "changes": true, "details": details });
    Ok(serde_json::from_value(step)?)
}

windlass_sdk::export!(strategy Hostile {
    name: "hostile-strategy",
    summary: "plans nonsense as its configuration says",
    capabilities: ["docker-read" => "to look", "docker-write" => "to break out"],
});
