//! From a checked body to what is sent: the host's labels, mount sources, and secret values at the last moment.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use windlass_domain::Failure;

use super::Docker;
use super::engine::{invalid, outside_deployment};
use super::failure::failure;
use super::kept_files::{Access, KeptFiles};
use super::policy::{APPLICATION, BUNDLE, CONTENT, PLACEHOLDER, Policy, References};

/// Which deployment made an object.
pub(super) const DEPLOYMENT: &str = "windlass.deployment";
/// Which step made it.
pub(super) const STEP: &str = "windlass.step";

/// Where a placeholder is replaced by the secret's value. Labels keep theirs: they are for people and for comparing.
const FILLED: &[&str] = &["Env", "Cmd", "Entrypoint", "Healthcheck"];

/// The files that a body made necessary.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// Those that were not there before, to be removed when the container is not made.
    pub(super) new_files: Vec<PathBuf>,
}

impl Docker {
    /// The files of the application.
    pub(super) fn kept_files(&self) -> KeptFiles {
        KeptFiles::new(&self.scope.state_directory, &self.scope.about.application)
    }

    /// Adds the labels that mark an object as the application's and this deployment's. What the plugin wrote under
    /// their names is replaced. `{{windlass.bundle}}` in other labels becomes the bundle's path, for people.
    pub(super) fn mark(&self, body: &mut Value) -> Result<(), Failure> {
        let deployment = self.scope.about.in_journal().ok_or_else(outside_deployment)?;
        let body = body.as_object_mut().ok_or_else(|| invalid("the body must be an object"))?;
        let labels = body.entry("Labels").or_insert_with(|| Value::Object(Map::new()));
        if labels.is_null() {
            *labels = Value::Object(Map::new());
        }
        let labels = labels.as_object_mut().ok_or_else(|| invalid("`Labels` must be an object"))?;
        if let Some(bundle) = &self.scope.bundle {
            for label in labels.values_mut() {
                if let Some(text) = label.as_str().filter(|text| text.contains(BUNDLE)) {
                    *label = Value::String(text.replace(BUNDLE, &bundle.display().to_string()));
                }
            }
        }
        let scope = &self.scope;
        let marks = [
            (APPLICATION, Some(scope.about.application.as_str())),
            ("windlass.environment", Some(scope.about.environment.as_str())),
            (DEPLOYMENT, Some(deployment)),
            ("windlass.release", Some(scope.about.release.id.as_str())),
            (STEP, scope.step.as_deref()),
        ];
        for (name, value) in marks {
            match value {
                Some(value) => labels.insert(name.to_owned(), Value::String(value.to_owned())),
                None => labels.remove(name),
            };
        }
        Ok(())
    }

    /// Replaces mount sources that stand for files of the host, and secret placeholders.
    pub(super) fn fill(
        &self,
        policy: &Policy<'_>,
        references: &References,
        body: &mut Value,
    ) -> Result<Prepared, Failure> {
        follow(references, body);
        let mut prepared = Prepared::default();
        let mut fill = || {
            self.fill_mounts(policy, body, &mut prepared)?;
            for field in FILLED {
                if let Some(value) = body.get_mut(*field) {
                    *value = self.fill_texts(value)?;
                }
            }
            Ok(())
        };
        let filled = fill();
        if let Err(failure) = filled {
            self.discard(&prepared);
            return Err(failure);
        }
        Ok(prepared)
    }

    /// Removes the files of a body whose container was not made.
    pub(super) fn discard(&self, prepared: &Prepared) {
        let files = self.kept_files();
        prepared.new_files.iter().for_each(|path| files.forget(path));
    }

    fn fill_mounts(&self, policy: &Policy<'_>, body: &mut Value, prepared: &mut Prepared) -> Result<(), Failure> {
        let mounts = body.pointer_mut("/HostConfig/Mounts").and_then(Value::as_array_mut);
        for mount in mounts.into_iter().flatten() {
            let Some(source) = mount.get("Source").and_then(Value::as_str) else { continue };
            if mount.get("Type").and_then(Value::as_str) != Some("bind") {
                continue;
            }
            let path = if let Some(inside) = source.strip_prefix(BUNDLE) {
                policy.bundle_path(inside)?
            } else if source.starts_with(CONTENT) || source.starts_with(PLACEHOLDER) {
                let (access, template) = content(source)?;
                let value = self.secrets.fill(&template)?;
                let (path, new) = self.kept_files().keep(source, value.as_bytes(), access)?;
                if new {
                    prepared.new_files.push(path.clone());
                }
                path
            } else {
                continue;
            };
            mount["Source"] = Value::String(path.display().to_string());
        }
        Ok(())
    }

    fn fill_texts(&self, value: &Value) -> Result<Value, Failure> {
        Ok(match value {
            Value::String(text) if text.contains(PLACEHOLDER) => Value::String(self.secrets.fill(text)?.to_string()),
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.fill_texts(item)).collect::<Result<_, _>>()?)
            }
            Value::Object(fields) => Value::Object(
                fields
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), self.fill_texts(value)?)))
                    .collect::<Result<_, Failure>>()?,
            ),
            other => other.clone(),
        })
    }

    /// Removes files that only a removed container mounted.
    pub(super) async fn forget_files(&self, mounted: &[PathBuf]) {
        let files = self.kept_files();
        let ours: Vec<&PathBuf> = mounted.iter().filter(|path| path.starts_with(files.directory())).collect();
        if ours.is_empty() {
            return;
        }
        // When the engine cannot say what is mounted, a file too many is better than one too few.
        let Ok(containers) = self.all_containers().await else { return };
        let still: Vec<String> = containers
            .into_iter()
            .flat_map(|container| container.mounts.unwrap_or_default())
            .filter_map(|mount| mount.source)
            .collect();
        for path in ours {
            if !still.iter().any(|source| Path::new(source) == path.as_path()) {
                files.forget(path);
            }
        }
    }
}

/// Writes host paths as they were judged, without links, so that the engine follows none that is put there later.
fn follow(references: &References, body: &mut Value) {
    let real = |text: &str| references.real(text).map(|path| path.display().to_string());
    for bind in body.pointer_mut("/HostConfig/Binds").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some((source, rest)) = bind.as_str().and_then(|text| text.split_once(':')) else { continue };
        if let Some(path) = real(source) {
            *bind = Value::String(format!("{path}:{rest}"));
        }
    }
    for mount in body.pointer_mut("/HostConfig/Mounts").and_then(Value::as_array_mut).into_iter().flatten() {
        let source = mount.get("Source").and_then(Value::as_str).and_then(real);
        let is_bind = mount.get("Type").and_then(Value::as_str) == Some("bind");
        if let Some(path) = source.filter(|_| is_bind) {
            mount["Source"] = Value::String(path);
        }
        if let Some(device) = mount.pointer_mut("/VolumeOptions/DriverConfig/Options/device")
            && let Some(path) = device.as_str().and_then(real)
        {
            *device = Value::String(path);
        }
    }
}

/// The users who may read the file that a mount source stands for, and the file's text, with placeholders not yet
/// replaced.
fn content(source: &str) -> Result<(Access, String), Failure> {
    let Some(rest) = source.strip_prefix(CONTENT) else { return Ok((Access::default(), source.to_owned())) };
    let wrong = || {
        invalid(
            "a mount source is not `{{windlass.content;uid=NUMBER;gid=NUMBER;mode=0440:BASE64}}` with UTF-8 text and \
             permission bits up to 0777",
        )
    };
    let (options, encoded) = rest.strip_suffix("}}").and_then(|rest| rest.split_once(':')).ok_or_else(wrong)?;
    let mut access = Access::default();
    if !options.is_empty() {
        for option in options.strip_prefix(';').ok_or_else(wrong)?.split(';') {
            match option.split_once('=').ok_or_else(wrong)? {
                ("uid", number) => access.uid = Some(number.parse().map_err(|_| wrong())?),
                ("gid", number) => access.gid = Some(number.parse().map_err(|_| wrong())?),
                ("mode", bits) => {
                    let bits = u32::from_str_radix(bits, 8).ok().filter(|bits| *bits <= 0o777);
                    access.mode = bits.ok_or_else(wrong)?;
                }
                _ => return Err(wrong()),
            }
        }
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).map_err(|_| wrong())?;
    Ok((access, String::from_utf8(bytes).map_err(|_| wrong())?))
}

/// A body as bollard's type, which is what is sent. A field that the type does not have is refused, not dropped.
pub(super) fn typed<T: DeserializeOwned + Serialize>(body: &Value) -> Result<T, Failure> {
    let parsed: T = serde_json::from_value(body.clone())
        .map_err(|error| invalid(format!("the body is not what the engine takes: {error}")))?;
    let back = serde_json::to_value(&parsed)
        .map_err(|error| failure("internal", format!("the body cannot be written as JSON: {error}")))?;
    match lost(body, &back) {
        None => Ok(parsed),
        Some(field) => Err(failure("unsupported", format!("the field `{field}` cannot be sent to the engine"))),
    }
}

/// The first field of `before` that says something and is not in `after`.
fn lost(before: &Value, after: &Value) -> Option<String> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            before.iter().find_map(|(name, value)| match after.get(name) {
                Some(kept) => lost(value, kept)
                    .map(|deeper| if deeper.is_empty() { name.clone() } else { format!("{name}.{deeper}") }),
                None if says_nothing(value) => None,
                None => Some(name.clone()),
            })
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            before.iter().zip(after).find_map(|(before, after)| lost(before, after))
        }
        (before, after) if before == after || says_nothing(before) => None,
        (Value::Number(before), Value::Number(after)) if before.as_f64() == after.as_f64() => None,
        _ => Some(String::new()),
    }
}

fn says_nothing(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false))
        || value.as_str().is_some_and(str::is_empty)
        || value.as_array().is_some_and(Vec::is_empty)
        || value.as_object().is_some_and(Map::is_empty)
        || value.as_f64() == Some(0.0)
}

#[cfg(test)]
mod tests {
    use bollard::models::ContainerCreateBody;
    use serde_json::json;

    use super::*;

    #[test]
    fn no_field_is_dropped_in_silence() {
        let body = json!({
            "Image": "a", "ExposedPorts": { "80/tcp": {} }, "Volumes": { "/data": {} }, "StopTimeout": 10,
            "Healthcheck": { "Test": ["CMD", "true"], "Interval": 1_000_000_000, "Retries": 3 },
            "HostConfig": {
                "PortBindings": { "80/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "8080" }] },
                "RestartPolicy": { "Name": "on-failure", "MaximumRetryCount": 3 },
                "Mounts": [{ "Type": "tmpfs", "Target": "/tmp", "TmpfsOptions": { "SizeBytes": 1024, "Mode": 511 } }],
                "LogConfig": { "Type": "json-file", "Config": { "max-size": "1m" } },
                "Ulimits": [{ "Name": "nofile", "Soft": 1024, "Hard": 2048 }], "NanoCpus": 500_000_000,
                "Memory": 268_435_456, "Tmpfs": { "/run": "size=1m" }, "CapDrop": ["ALL"], "Init": true,
            },
            "NetworkingConfig": { "EndpointsConfig": { "front": { "Aliases": ["web"], "IPAMConfig": null } } },
        });
        let back = serde_json::to_value(typed::<ContainerCreateBody>(&body).unwrap()).unwrap();
        assert_eq!(back["ExposedPorts"], body["ExposedPorts"]);
        assert_eq!(back["HostConfig"]["PortBindings"], body["HostConfig"]["PortBindings"]);

        let failure = typed::<ContainerCreateBody>(&json!({ "HostConfig": { "Memry": 1 } })).unwrap_err();
        assert!(failure.message.contains("`HostConfig.Memry`"), "{failure:?}");
        assert!(typed::<ContainerCreateBody>(&json!({ "Image": 7 })).is_err());
    }

    #[test]
    fn contents_are_base64_of_text() {
        let plain = |text: &str| (Access::default(), text.to_owned());
        assert_eq!(content("{{windlass.content:aGk=}}").unwrap(), plain("hi"));
        assert_eq!(content("{{windlass.secret:a@0}}").unwrap(), plain("{{windlass.secret:a@0}}"));
        let access = Access { uid: Some(1000), gid: None, mode: 0o440 };
        assert_eq!(content("{{windlass.content;uid=1000;mode=0440:aGk=}}").unwrap(), (access, "hi".to_owned()));
        for wrong in [
            "{{windlass.content:aGk=",
            "{{windlass.content:?}}",
            "{{windlass.content:/w==}}",
            "{{windlass.contents:aGk=}}",
            "{{windlass.content;uid=root:aGk=}}",
            "{{windlass.content;mode=4755:aGk=}}",
            "{{windlass.content;mode=9:aGk=}}",
            "{{windlass.content;owner=1:aGk=}}",
            "{{windlass.content;:aGk=}}",
        ] {
            assert!(content(wrong).is_err(), "{wrong}");
        }
    }
}
