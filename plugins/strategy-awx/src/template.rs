//! The job template: found, and able to be launched with what the release gives it.

use windlass_sdk::prelude::*;

use crate::client::Client;
use crate::config::{Config, Template};

/// What is known of the template.
pub(crate) struct Found {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// Where its jobs are, below the API.
    pub(crate) jobs: String,
}

/// The template by number or name.
pub(crate) fn find(client: &Client<'_>, config: &Config) -> Result<Found> {
    let template = match &config.template {
        Template::Id(id) => client.get(&format!("/job_templates/{id}/"))?,
        Template::Name(name) => {
            let found = client.get(&format!("/job_templates/?name={}", http::encode(name)))?;
            let mut found = found["results"].as_array().cloned().unwrap_or_default();
            found.retain(|template| template["name"].as_str() == Some(name));
            match found.len() {
                1 => found.pop().unwrap_or_default(),
                0 => {
                    return Err(Error::new("not-found", format!("AWX shows no job template `{name}`"))
                        .hint("correct `template`, or let the user see it: AWX hides what a user may not see"));
                }
                several => {
                    let ids: Vec<String> = found.iter().map(|template| template["id"].to_string()).collect();
                    let message = format!("AWX has {several} job templates `{name}`: {}", ids.join(", "));
                    return Err(Error::new("conflict", message).hint("name the right one by its number in `template`"));
                }
            }
        }
    };
    let id = template["id"]
        .as_u64()
        .ok_or_else(|| Error::new("unavailable", "AWX's answer about the template has no `id`"))?;
    let name = template["name"].as_str().unwrap_or_default().to_owned();
    let is_sliced = template["job_slice_count"].as_u64().unwrap_or(1) > 1;
    let list = if is_sliced { "slice_workflow_jobs" } else { "jobs" };
    Ok(Found { id, name, jobs: format!("/job_templates/{id}/{list}/") })
}

/// Whether AWX will take what is sent: it drops in silence what the template does not ask for.
pub(crate) fn check(client: &Client<'_>, found: &Found, body: &Value) -> Result<()> {
    let launch = client.get(&format!("/job_templates/{}/launch/", found.id))?;
    let asks = |name: &str| launch[format!("ask_{name}_on_launch")].as_bool().unwrap_or(false);
    let mut dropped = Vec::new();
    let by_survey = launch["survey_enabled"].as_bool().unwrap_or(false);
    if !asks("variables") && !by_survey {
        dropped.push("Variables");
    }
    if body.get("limit").is_some() && !asks("limit") {
        dropped.push("Limit");
    }
    if body.get("job_tags").is_some() && !asks("tags") {
        dropped.push("Job tags");
    }
    if !dropped.is_empty() {
        return Err(ignored(&found.name, &dropped.join("`, `")));
    }
    let names = |field: &str| -> Vec<String> {
        let listed = launch[field].as_array().into_iter().flatten();
        listed.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let given = |name: &String| body["extra_vars"].get(name).is_some();
    let missing: Vec<String> = names("variables_needed_to_start").into_iter().filter(|name| !given(name)).collect();
    if !missing.is_empty() {
        let message = format!("the job template `{}` needs the variables {}", found.name, missing.join(", "));
        return Err(Error::config(message).hint("add them to `variables`"));
    }
    let passwords = names("passwords_needed_to_start");
    if !passwords.is_empty() {
        let message = format!("the job template `{}` asks for passwords: {}", found.name, passwords.join(", "));
        return Err(Error::config(message).hint("store them in the template's credentials"));
    }
    Ok(())
}

/// The template would not use, or did not use, what it was given.
pub(crate) fn ignored(template: &str, fields: &str) -> Error {
    let message = format!("the job template `{template}` does not use what it is given: `{fields}`");
    Error::new("plugin:ignored-fields", message).hint(
        "in AWX, turn on \"Prompt on launch\" for it in the template, or add the variables to an enabled survey: AWX \
         drops in silence what a template does not ask for",
    )
}
