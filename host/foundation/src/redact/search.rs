//! All forms of all values, searched for at once in a text and in its layers.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};

use super::forms::{self, Form, Way};
use super::layers::{self, Layer};

/// What is written for a part of a value, or for a value in other letters.
pub(super) const PART: &str = "[redacted]";

/// What stands for a value is not searched: a value could be a word in it.
const KEEP: usize = usize::MAX;

/// Everything that is searched for.
pub(super) struct Matcher {
    replacements: Vec<String>,
    automata: Vec<Automaton>,
    /// The longest form, in bytes.
    longest: usize,
}

/// Forms that are compared in one way.
struct Automaton {
    nfa: NFA,
    way: Way,
    /// With the replacement that is written for each.
    forms: Vec<(Form, usize)>,
    /// How many bytes of a form led to each state. Made when a text does not end yet.
    depths: OnceLock<HashMap<StateID, usize>>,
}

/// A piece of the text that is replaced.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
    /// How long the form is: the longest names what is written.
    length: usize,
    replacement: Option<usize>,
}

/// What a search found.
struct Found {
    spans: Vec<Span>,
    /// From where on a form, or an escape, may go on behind the end.
    open: usize,
}

impl Matcher {
    pub(super) fn new(values: &BTreeMap<String, String>) -> Self {
        let replacements: Vec<String> = values.values().cloned().collect();
        let mut all: Vec<(Form, usize)> = Vec::new();
        for (number, value) in values.keys().enumerate() {
            all.extend(forms::of(value).into_iter().map(|form| (form, number)));
        }
        for replacement in &replacements {
            let bytes = replacement.clone().into_bytes();
            all.push((Form { bytes, way: Way::Letters, whole: true, shared: (false, false) }, KEEP));
        }
        let longest = all.iter().map(|(form, _)| form.bytes.len()).max().unwrap_or_default();
        let automata = [Way::Letters, Way::Exact, Way::Dense].into_iter().filter_map(|way| {
            let forms: Vec<_> = all.iter().filter(|(form, _)| form.way == way).cloned().collect();
            Automaton::new(way, forms)
        });
        Self { automata: automata.collect(), replacements, longest }
    }

    /// How many bytes a stream may hold back.
    pub(super) fn most_held(&self) -> usize {
        self.longest.saturating_mul(layers::LONGEST) + 4096
    }

    /// How many bytes at the beginning may be the end of a value whose beginning was cut off.
    pub(super) fn left_of_a_cut(&self, bytes: &[u8]) -> usize {
        let mut left = 0;
        for layer in Layers::of(head(bytes, self.most_held())).iter().filter(|layer| !layer.dense) {
            for automaton in self.automata.iter().filter(|automaton| automaton.way != Way::Dense) {
                for (form, _) in automaton.forms.iter().filter(|(_, number)| *number != KEEP) {
                    let length = automaton.end_of(form, layer.bytes());
                    left = left.max(layer.place(length));
                }
            }
        }
        // The ends of a value may be alike: what begins here may be all of one.
        let crosses = |span: &Span| span.start < left && span.end > left;
        if let Some(span) = self.find(bytes, true).spans.iter().find(|span| crosses(span)) {
            left = span.start;
        }
        (left..=bytes.len()).find(|at| bytes.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80)).unwrap_or(bytes.len())
    }

    fn find(&self, bytes: &[u8], ends: bool) -> Found {
        let mut found = Found { spans: Vec::new(), open: bytes.len() };
        let mut kept = Vec::new();
        let layers = Layers::of(bytes);
        for layer in layers.iter() {
            let open = (!ends).then(|| layers::open_escape(layer.bytes()));
            for automaton in self.automata.iter().filter(|automaton| (automaton.way == Way::Dense) == layer.dense) {
                automaton.find(&layer, open, &mut found, &mut kept);
            }
            if let Some(open) = open {
                found.open = found.open.min(layer.start(open));
            }
        }
        if !kept.is_empty() {
            let inside = |span: &Span| kept.iter().any(|(start, end)| *start <= span.start && span.end <= *end);
            found.spans.retain(|span| !inside(span));
        }
        for span in &mut found.spans {
            whole_escapes(bytes, span);
        }
        found.spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
        found
    }

    /// Writes the bytes without values; the rest, which may go on behind the end, stays where the answer begins.
    pub(super) fn write(&self, bytes: &[u8], ends: bool, clean: &mut Vec<u8>) -> usize {
        let found = self.find(bytes, ends);
        let mut open = if ends { bytes.len() } else { found.open };
        if !ends {
            // A value that reaches the end may reach further, and what goes into what is held is held, too.
            for span in found.spans.iter().rev() {
                if span.end >= bytes.len() || (span.start < open && span.end > open) {
                    open = open.min(span.start);
                }
            }
            open = open.max(bytes.len().saturating_sub(self.most_held()));
        }
        let mut at = 0;
        let mut spans = found.spans.into_iter().peekable();
        while let Some(mut span) = spans.next() {
            if span.start >= open {
                break;
            }
            while let Some(next) = spans.next_if(|next| next.start < span.end) {
                let end = span.end.max(next.end);
                if (next.length, next.replacement.is_some()) > (span.length, span.replacement.is_some()) {
                    (span.length, span.replacement) = (next.length, next.replacement);
                }
                span.end = end;
            }
            clean.extend_from_slice(bytes.get(at..span.start.max(at)).unwrap_or_default());
            let replacement = span.replacement.and_then(|number| self.replacements.get(number));
            clean.extend_from_slice(replacement.map_or(PART, String::as_str).as_bytes());
            at = span.end;
        }
        clean.extend_from_slice(bytes.get(at..open.max(at)).unwrap_or_default());
        open.max(at)
    }
}

/// The bytes with every value replaced; none when there is none.
pub(super) fn replace(matcher: &Matcher, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut clean = Vec::with_capacity(bytes.len());
    matcher.write(bytes, true, &mut clean);
    (clean != bytes).then_some(clean)
}

fn head(bytes: &[u8], most: usize) -> &[u8] {
    bytes.get(..most.min(bytes.len())).unwrap_or_default()
}

/// Half an escape must not be left over, or what was JSON is none any more.
fn whole_escapes(bytes: &[u8], span: &mut Span) {
    let slashes =
        |to: usize| bytes.get(..to).unwrap_or_default().iter().rev().take_while(|byte| **byte == b'\\').count();
    if slashes(span.start) % 2 == 1 {
        span.start -= 1;
    }
    if slashes(span.end) % 2 == 1 && slashes(span.end) <= span.end - span.start && span.end < bytes.len() {
        span.end += 1;
        while bytes.get(span.end).is_some_and(|byte| byte & 0xc0 == 0x80) {
            span.end += 1;
        }
    }
}

impl Automaton {
    fn new(way: Way, forms: Vec<(Form, usize)>) -> Option<Self> {
        if forms.is_empty() {
            return None;
        }
        // Every match counts, also those inside others.
        let builder = NFA::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(way == Way::Letters)
            .build(forms.iter().map(|(form, _)| &form.bytes));
        // Only more states than a number can count make it fail; that takes gigabytes of secrets.
        builder.ok().map(|nfa| Self { nfa, way, forms, depths: OnceLock::new() })
    }

    fn start(&self) -> StateID {
        self.nfa.start_state(Anchored::No).unwrap_or_default()
    }

    /// `open` is where an escape may be that is not whole; none when nothing follows.
    fn find(&self, layer: &View<'_>, open: Option<usize>, found: &mut Found, kept: &mut Vec<(usize, usize)>) {
        let bytes = layer.bytes();
        let mut state = self.start();
        for (at, byte) in bytes.iter().enumerate() {
            if open == Some(at) {
                found.open = found.open.min(self.open(layer, at, state));
            }
            state = self.nfa.next_state(Anchored::No, state, *byte);
            if !self.nfa.is_special(state) || !self.nfa.is_match(state) {
                continue;
            }
            for index in 0..self.nfa.match_len(state) {
                let Some((form, number)) = self.forms.get(self.nfa.match_pattern(state, index).as_usize()) else {
                    continue;
                };
                let (mut start, mut end) = (at + 1 - form.bytes.len(), at + 1);
                if *number == KEEP {
                    kept.push((layer.start(start), layer.place(end)));
                    continue;
                }
                let same = bytes.get(start..end) == Some(form.bytes.as_slice());
                // Letters that hold some bits of the value go with it.
                let shared = |at: usize| bytes.get(at).is_some_and(|byte| is_base64(*byte));
                if form.shared.0 && start > 0 && shared(start - 1) && bytes.get(start.wrapping_sub(2)) != Some(&b'\\') {
                    start -= 1;
                }
                if form.shared.1 && shared(end) {
                    end += 1;
                }
                found.spans.push(Span {
                    start: layer.start(start),
                    end: layer.place(end),
                    length: form.bytes.len(),
                    replacement: (form.whole && same).then_some(*number),
                });
            }
        }
        if open.is_some() {
            found.open = found.open.min(self.open(layer, bytes.len(), state));
        }
    }

    /// Where a form begins that may go on at a place.
    fn open(&self, layer: &View<'_>, at: usize, state: StateID) -> usize {
        let depth = self.depths().get(&state).copied().unwrap_or_default();
        // The letter before base64 may hold bits of it.
        let shared = usize::from(depth > 0 && self.way != Way::Letters);
        layer.start(at - (depth + shared).min(at))
    }

    fn depths(&self) -> &HashMap<StateID, usize> {
        self.depths.get_or_init(|| {
            let mut depths = HashMap::new();
            for (form, _) in &self.forms {
                let mut state = self.start();
                for (at, byte) in form.bytes.iter().enumerate() {
                    state = self.nfa.next_state(Anchored::No, state, *byte);
                    depths.insert(state, at + 1);
                }
            }
            depths
        })
    }

    /// How many bytes at the beginning are the end of a form, and not all of it.
    fn end_of(&self, form: &Form, bytes: &[u8]) -> usize {
        let same = |left: &[u8], right: &[u8]| match self.way {
            Way::Letters => left.eq_ignore_ascii_case(right),
            Way::Exact | Way::Dense => left == right,
        };
        let ends = (1..form.bytes.len()).filter_map(|from| form.bytes.get(from..));
        let mut long = ends.filter(|end| end.len() >= super::SHORTEST_SECRET && end.len() <= bytes.len());
        long.find(|end| bytes.get(..end.len()).is_some_and(|beginning| same(beginning, end))).map_or(0, <[u8]>::len)
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// A text, its layers, and the last of them without white space.
struct Layers<'a> {
    text: &'a [u8],
    decoded: Vec<Layer>,
    dense: Option<Layer>,
}

impl<'a> Layers<'a> {
    fn of(text: &'a [u8]) -> Self {
        let mut decoded: Vec<Layer> = Vec::new();
        for _ in 0..layers::DEPTH {
            let below = decoded.last();
            let Some(layer) = layers::decoded(below.map_or(text, |layer| &layer.bytes)) else { break };
            let layer = layer.over(below);
            decoded.push(layer);
        }
        let below = decoded.last();
        let dense = layers::dense(below.map_or(text, |layer| &layer.bytes)).map(|layer| layer.over(below));
        Self { text, decoded, dense }
    }

    fn iter(&self) -> impl Iterator<Item = View<'_>> {
        let text = View { text: self.text, layer: None, dense: false };
        let decoded = self.decoded.iter().map(|layer| View { text: self.text, layer: Some(layer), dense: false });
        // A text without white space is searched as it is.
        let dense = self.dense.as_ref().or(self.decoded.last());
        let dense = View { text: self.text, layer: dense, dense: true };
        std::iter::once(text).chain(decoded).chain(std::iter::once(dense))
    }
}

/// One of the layers; the text itself has none.
struct View<'a> {
    text: &'a [u8],
    layer: Option<&'a Layer>,
    dense: bool,
}

impl View<'_> {
    fn bytes(&self) -> &[u8] {
        self.layer.map_or(self.text, |layer| &layer.bytes)
    }

    /// Where a byte of the layer begins in the text.
    fn start(&self, at: usize) -> usize {
        self.layer.map_or(at, |layer| layer.places.get(at).map_or(self.text.len(), |place| place.0))
    }

    /// Where the bytes before one of the layer end in the text.
    fn place(&self, end: usize) -> usize {
        let Some(layer) = self.layer else { return end };
        end.checked_sub(1).and_then(|last| layer.places.get(last)).map_or(0, |place| place.1)
    }
}
