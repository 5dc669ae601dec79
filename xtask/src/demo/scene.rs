//! How the demonstration talks.

use std::io::IsTerminal as _;

/// Bold on a terminal, plain elsewhere.
fn bold(text: &str) -> String {
    if std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        format!("\u{1b}[1m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

/// Opens a scene.
#[expect(clippy::print_stdout, reason = "the demonstration is what this prints")]
pub(crate) fn scene(title: &str, story: &str) {
    println!("\n{}", bold(&format!("── {title} {}", "─".repeat(72_usize.saturating_sub(title.chars().count())))));
    if !story.is_empty() {
        println!("{story}");
    }
}

/// Shows a command as a person would type it.
#[expect(clippy::print_stdout, reason = "the demonstration is what this prints")]
pub(crate) fn command(line: &str) {
    println!("\n{}", bold(&format!("$ {line}")));
}

/// Says one thing.
#[expect(clippy::print_stdout, reason = "the demonstration is what this prints")]
pub(crate) fn say(line: &str) {
    println!("→ {line}");
}
