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
