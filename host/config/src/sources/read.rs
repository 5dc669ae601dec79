//! From a trigger source as it is written to one that is meant: every mistake is noted where it stands.
//!
//! Which sources there are is not known here.

use std::collections::{BTreeMap, BTreeSet};

use super::written::{TriggerCondition, TriggerEvent, TriggerField, TriggerProof, TriggerSource};
use super::{Condition, Encoding, EventName, Field, Is, Pattern, Pointer, Proof, REPOSITORY, Scheme, Source};
use crate::document::{Read, Spot, all, nearest};
use crate::resolve::Reader;

/// The most entries of `fields`.
const FIELDS: usize = 100;

/// The most pointers of a field, and of an event's name.
const POINTERS: usize = 16;

/// The most bytes of a name of a header, and of a text that is compared or put into a command.
const TEXT: usize = 256;

/// The most characters of a title.
const TITLE: usize = 64;

impl Reader<'_> {
    /// The operator's own sources and those that are built in. A source with a mistake keeps its name, so that triggers
    /// that use it cause no further messages.
    pub(crate) fn sources(
        &self,
        given: &BTreeMap<String, Spot<TriggerSource>>,
        presets: BTreeMap<String, Source>,
    ) -> BTreeMap<String, Read<Source>> {
        let own = given.iter().map(|(name, written)| {
            let place = Spot { value: name.clone(), span: written.span.clone() };
            let named = self.name(&place, "a source of events");
            let free = if presets.contains_key(name) {
                Err(self.wrong(&place, format!("the source `{name}` is built in: choose another name for yours")))
            } else {
                Ok(())
            };
            let source = self.source(name, written);
            (name.clone(), named.and(free).and(source))
        });
        let own: Vec<_> = own.collect();
        presets.into_iter().map(|(name, source)| (name, Ok(source))).chain(own).collect()
    }

    /// One source.
    pub(super) fn source(&self, name: &str, written: &Spot<TriggerSource>) -> Read<Source> {
        let title = written.title.as_ref().map_or_else(|| Ok(name.to_owned()), |title| self.title(title));
        let proof = self.proof(&written.proof);
        let event = written.event.as_ref().map(|event| self.event(event)).transpose();
        let fields = match written.fields.get(FIELDS) {
            Some(surplus) => Err(self.wrong(surplus, format!("a source has at most {FIELDS} entries in `fields`"))),
            None => all(written.fields.iter().map(|field| self.field(field))),
        };
        let remember = self.remembered(&written.remember);
        let unique = self.unique(written);
        let head = written.head.as_ref().map(|head| self.head(head, written)).transpose();
        Ok(Source {
            title: title?,
            proof: proof?,
            event: event?,
            fields: fields?,
            top_level: written.top_level,
            head: head?,
            remember: remember?,
            unique: unique?,
        })
    }

    fn title(&self, written: &Spot<String>) -> Read<String> {
        if written.trim().is_empty() || written.chars().count() > TITLE || written.chars().any(char::is_control) {
            return Err(self.wrong(written, format!("a title has 1 to {TITLE} characters, and no control characters")));
        }
        Ok(written.value.clone())
    }

    fn proof(&self, written: &Spot<TriggerProof>) -> Read<Proof> {
        let header = self.header(&written.header);
        let prefix = written.prefix.as_ref().map_or(Ok(String::new()), |prefix| self.text(prefix));
        match written.scheme {
            Scheme::HmacSha256 => {
                let encoding = written.encoding.as_ref().map_or(Encoding::Hex, |encoding| encoding.value);
                Ok(Proof::Signature { header: header?, prefix: prefix?, encoding })
            }
            Scheme::Secret => {
                let only = "only `hmac-sha256` has a `prefix` and an `encoding`";
                if let Some(prefix) = &written.prefix {
                    return Err(self.wrong(prefix, only));
                }
                if let Some(encoding) = &written.encoding {
                    return Err(self.wrong(encoding, only));
                }
                Ok(Proof::Secret { header: header? })
            }
        }
    }

    /// In lower case, as messages have them.
    fn header(&self, written: &Spot<String>) -> Read<String> {
        match http::HeaderName::from_bytes(written.as_bytes()) {
            Ok(name) if written.len() <= TEXT => Ok(name.as_str().to_owned()),
            _ => {
                let message = format!("`{}` is not the name of a header, such as `X-Signature`", written.value);
                Err(self.wrong(written, message))
            }
        }
    }

    fn event(&self, written: &Spot<TriggerEvent>) -> Read<EventName> {
        match (&written.header, written.pointers.as_slice()) {
            (Some(header), []) => self.header(header).map(EventName::Header),
            (None, [_, ..]) => self.pointers(&written.pointers).map(EventName::Body),
            _ => Err(self.wrong(written, "the event's name needs one of `header` and `pointers`")),
        }
    }

    fn field(&self, written: &Spot<TriggerField>) -> Read<Field> {
        let name = self.name(&written.name, "a field");
        let pointers = self.pointers(&written.pointers);
        let prefix = written.prefix.as_ref().map_or(Ok(String::new()), |prefix| self.text(prefix));
        let when = written.when.as_ref().map(|condition| self.condition(condition)).transpose();
        let absent = written.absent.as_ref().map(|pattern| self.pattern(pattern)).transpose();
        let otherwise = written.otherwise.as_ref().map(|value| self.text(value)).transpose();
        if written.pointers.is_empty() && written.otherwise.is_none() {
            return Err(self.wrong(&written.name, "a field needs `pointers` or `otherwise`"));
        }
        name?;
        Ok(Field {
            name: written.name.value.clone(),
            pointers: pointers?,
            prefix: prefix?,
            when: when?,
            absent: absent?,
            numbers: written.numbers,
            otherwise: otherwise?,
        })
    }

    fn condition(&self, written: &Spot<TriggerCondition>) -> Read<Condition> {
        let pointer = self.pointer(&written.pointer);
        let is = match (&written.is, &written.same_as) {
            (None, None) => Ok(Is::There),
            (Some(pattern), None) => self.pattern(pattern).map(Is::Like),
            (None, Some(other)) => self.pointer(other).map(Is::SameAs),
            (Some(_), Some(other)) => Err(self.wrong(other, "a condition has `is` or `same-as`, not both")),
        };
        Ok(Condition { pointer: pointer?, is: is? })
    }

    fn unique(&self, written: &Spot<TriggerSource>) -> Read<Option<(Vec<String>, std::time::Duration)>> {
        let names: Read<Vec<String>> = all(written.unique.iter().map(|name| self.one_of(name, written)));
        match (written.unique.first(), &written.remember_unique) {
            (None, None) => Ok(None),
            (Some(_), Some(span)) => {
                let span = self.remembered(span);
                Ok(Some((names?, span?)))
            }
            (Some(name), None) => Err(self.wrong(name, "`unique` needs `remember-unique`")),
            (None, Some(span)) => Err(self.wrong(span, "`remember-unique` needs `unique`")),
        }
    }

    fn head(&self, head: &Spot<String>, written: &TriggerSource) -> Read<String> {
        let known = self.one_of(head, written)?;
        let repository = Spot { value: REPOSITORY.to_owned(), span: head.span.clone() };
        // Without the repository of its own, every event with a head would be one of a fork.
        self.one_of(&repository, written).map(|_| known)
    }

    /// The name of one of the source's own fields.
    fn one_of(&self, name: &Spot<String>, written: &TriggerSource) -> Read<String> {
        let known: BTreeSet<&str> = written.fields.iter().map(|field| field.name.as_str()).collect();
        if known.contains(name.as_str()) || written.top_level {
            return Ok(name.value.clone());
        }
        let hint = nearest(name, known.iter().copied()).map(|name| format!("did you mean `{name}`?"));
        Err(self.wrong_with(name, format!("`fields` of this source has no `{}`", name.value), hint))
    }

    fn pointers(&self, written: &[Spot<String>]) -> Read<Vec<Pointer>> {
        match written.get(POINTERS) {
            Some(surplus) => Err(self.wrong(surplus, format!("there are at most {POINTERS} pointers"))),
            None => all(written.iter().map(|pointer| self.pointer(pointer))),
        }
    }

    fn pointer(&self, written: &Spot<String>) -> Read<Pointer> {
        Pointer::parse(written).map_err(|why| self.wrong(written, why))
    }

    /// An expression for whole values.
    pub(crate) fn pattern(&self, written: &Spot<String>) -> Read<Pattern> {
        Pattern::parse(written).map_err(|why| self.wrong(written, why))
    }

    fn text(&self, written: &Spot<String>) -> Read<String> {
        if written.is_empty() || written.len() > TEXT || written.chars().any(char::is_control) {
            return Err(self.wrong(written, format!("it has 1 to {TEXT} bytes, and no control characters")));
        }
        Ok(written.value.clone())
    }
}
