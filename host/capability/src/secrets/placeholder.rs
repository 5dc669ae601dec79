//! `{{windlass.secret:NAME@FINGERPRINT}}`: what stands for a value until the last moment.

use windlass_domain::Failure;
use zeroize::Zeroizing;

use crate::failure::failure;

/// How every placeholder begins.
pub(super) const OPENING: &str = "{{windlass.secret:";

const CLOSING: &str = "}}";

pub(super) fn write(name: &str, fingerprint: &str) -> String {
    format!("{OPENING}{name}@{fingerprint}{CLOSING}")
}

/// Replaces every placeholder by what `value` gives for its name. What is put in is not searched again.
pub(super) fn replace(
    text: &str,
    mut value: impl FnMut(&str) -> Result<Zeroizing<String>, Failure>,
) -> Result<Zeroizing<String>, Failure> {
    // Room for all that is put in is made beforehand as well as it can be, so that few copies are left behind.
    let mut filled = Zeroizing::new(String::with_capacity(text.len() + 256));
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPENING) {
        let malformed =
            || failure("invalid-argument", "a secret placeholder is malformed; use it as `placeholder` returned it");
        let (inside, after) = after.split_once(CLOSING).ok_or_else(malformed)?;
        let (name, fingerprint) = inside.rsplit_once('@').ok_or_else(malformed)?;
        if fingerprint.len() != 16 || !fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(malformed());
        }
        filled.push_str(before);
        filled.push_str(&value(name)?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}
