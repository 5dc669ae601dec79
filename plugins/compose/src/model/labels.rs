//! `labels` and `label_file`.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::{Context, environment};
use crate::read::Report;
use crate::yaml::{Node, Value};

/// `KEY=value` texts where merging leaves lists as they are, or a mapping.
pub(super) fn listed(report: &Report, node: &Node, path: &dyn Display) -> BTreeMap<String, String> {
    if !matches!(node.value, Value::Sequence(_)) {
        return report.text_pairs(node, path);
    }
    let texts = report.unique(node, path, report.strings(node, path, false)).into_iter();
    texts
        .map(|text| match text.split_once('=') {
            Some((key, value)) => (key.to_owned(), value.to_owned()),
            None => (text, String::new()),
        })
        .collect()
}

/// Labels: those of the files, then the service's own over them. `path` is `services.NAME`.
pub(super) fn read(
    context: &Context<'_>,
    own: Option<&Node>,
    files: Option<&Node>,
    path: &str,
) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let path_of_files = format!("{path}.label_file");
    let items = match files.map(|node| (node, &node.value)) {
        None => &[],
        Some((node, Value::Scalar(_))) if !node.is_null() => std::slice::from_ref(node),
        Some((node, _)) => context.report.items(node, &path_of_files),
    };
    for item in items {
        let read = environment::from_file(context, item, &path_of_files, context.variables);
        labels.extend(read.entries.into_iter().map(|entry| (entry.name, entry.value)));
    }
    if let Some(own) = own {
        labels.extend(context.report.text_pairs(own, &format!("{path}.labels")));
    }
    labels
}
