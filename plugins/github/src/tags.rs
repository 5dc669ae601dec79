//! Tags: which commit they mean, and whether GitHub verifies their signature.

use serde_json::Value;
use windlass_sdk::{Error, Result};

use crate::client::{Client, encode, is_name};
use crate::commits::text;

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The commit that it means.
    pub commit: String,
    /// What is known of its signature.
    pub signature: Signature,
}

/// What is known of a tag's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// GitHub verified it.
    Verified,
    /// GitHub did not, and gives this reason: `unsigned`, `unknown_key`, `bad_email`, ….
    Unverified(String),
    /// A lightweight tag has no place for one.
    Lightweight,
}

impl Client<'_> {
    /// A tag by name; none when there is no such tag.
    pub fn tag(&self, name: &str) -> Result<Option<Tag>> {
        if !is_name(name) {
            return Ok(None);
        }
        let Some(reference) = self.get(&format!("/git/ref/tags/{}", encode(name)))? else { return Ok(None) };
        let mut object = text(&reference, "/object/sha")?;
        let mut kind = text(&reference, "/object/type")?;
        let mut signature = Signature::Lightweight;
        // A tag may mean another tag; the signature of the outermost counts.
        for depth in 0..5 {
            if kind == "commit" {
                return Ok(Some(Tag { commit: object, signature }));
            }
            if kind != "tag" {
                break;
            }
            let Some(tag) = self.get(&format!("/git/tags/{object}"))? else { break };
            if depth == 0 {
                signature = match tag.pointer("/verification/verified").and_then(Value::as_bool) {
                    Some(true) => Signature::Verified,
                    _ => Signature::Unverified(text(&tag, "/verification/reason")?),
                };
            }
            object = text(&tag, "/object/sha")?;
            kind = text(&tag, "/object/type")?;
        }
        Err(Error::new("plugin:github", format!("the tag {name} does not lead to a commit")))
    }
}
