//! Which tests took longest, from the report that the runner writes for machines.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// How many are named.
const NAMED: usize = 10;

/// The slowest tests of a `JUnit` report, slowest first, one line each.
///
/// # Errors
/// When there is no report, or it is not one.
pub(crate) fn lines(report: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(report).with_context(|| format!("cannot read {}", report.display()))?;
    read(&text).with_context(|| format!("{} is no JUnit report", report.display()))
}

fn read(report: &str) -> Result<Vec<String>> {
    let document = roxmltree::Document::parse(report)?;
    let mut cases = Vec::new();
    for case in document.descendants().filter(|node| node.has_tag_name("testcase")) {
        let attribute = |name| case.attribute(name).with_context(|| format!("a test case has no {name}"));
        let seconds: f64 = attribute("time")?.parse()?;
        cases.push((seconds, format!("{} {}", attribute("classname")?, attribute("name")?)));
    }
    cases.sort_by(|one, other| other.0.total_cmp(&one.0));
    Ok(cases.into_iter().take(NAMED).map(|(seconds, name)| format!("{seconds:>6.1} s  {name}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_come_first() -> Result<()> {
        let lines = read(
            r#"<testsuites><testsuite name="a"><testcase name="quick" classname="a" time="0.1"/></testsuite>
            <testsuite name="b"><testcase name="slow" classname="b" time="12.34"><failure/></testcase></testsuite></testsuites>"#,
        )?;
        assert_eq!(lines, ["  12.3 s  b slow", "   0.1 s  a quick"]);
        Ok(())
    }

    #[test]
    fn a_report_without_times_is_an_error() {
        assert!(read("<testsuites><testcase name=\"a\" classname=\"b\"/></testsuites>").is_err());
        assert!(read("PASS").is_err());
    }
}
