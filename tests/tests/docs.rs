//! Pages that are made from the code are as the code makes them. `UPDATE_DOCS=1` writes them.

use std::path::PathBuf;

use windlass::cli::reference;

#[test]
fn pages_made_from_the_code_are_up_to_date() {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let mut stale = Vec::new();
    for (name, page) in [
        ("cli.md", reference::commands()),
        ("exit-codes.md", reference::exit_codes()),
        ("json-output.md", reference::json_output()),
    ] {
        let path = docs.join(name);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != page {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "{stale:?} in docs/ are not as the code is; run this test with UPDATE_DOCS=1");
}

/// `docs/security.md` names the tests that attack each wall. Each is there: a function of that name, in a file or module
/// of the name before it.
#[test]
fn the_tests_that_the_security_page_names_are_there() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let sources: Vec<(String, String)> = ["host", "plugins", "tests/tests", "tests/package"]
        .iter()
        .flat_map(|below| walkdir::WalkDir::new(root.join(below)))
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "rs"))
        .map(|entry| (entry.path().display().to_string(), std::fs::read_to_string(entry.path()).unwrap()))
        .collect();
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).filter(|text| text.contains("::")).collect();
    assert!(named.len() > 20, "{named:?}");
    let missing: Vec<&&str> = named
        .iter()
        .filter(|name| {
            let parts: Vec<&str> = name.split("::").filter(|part| !part.is_empty() && *part != "tests").collect();
            let (function, modules) =
                if name.ends_with("::") { (None, &parts[..]) } else { (parts.last(), &parts[..parts.len() - 1]) };
            !sources.iter().any(|(path, text)| {
                modules.iter().all(|module| path.contains(module))
                    && function.is_none_or(|function| text.contains(&format!("fn {function}(")))
            })
        })
        .collect();
    assert!(missing.is_empty(), "docs/security.md names tests that are not there: {missing:?}");
}
