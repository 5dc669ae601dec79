//! What every page has around its content: the head, the style sheet, the script, and the policy that lets a browser use
//! these two and nothing else.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};
use windlass_foundation::words;

use super::badge::{Tone, badge};
use super::text;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("live.js");

/// A picture that no server has to be asked for.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Cpath \
                    fill='%23607080' d='M0 0h8v8H0z'/%3E%3Cpath fill='%23fff' d='M1 3h6v2H1z'/%3E%3C/svg%3E";

/// Where a page is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// From the agent: other pages are there, and it may change while it is read.
    Served,
    /// In a file of its own: nothing else is there.
    File,
}

/// What a page is made for.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The host's environment.
    pub environment: &'a str,
    /// The time now.
    pub now: Timestamp,
    /// Where it is read.
    pub kept: Kept,
    /// When what runs was looked at, where that is not now.
    pub looked: Option<Timestamp>,
    /// Whether the agent is being stopped.
    pub stopping: bool,
}

/// How a page changes while it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It does not.
    Never,
    /// When something begins.
    Perhaps,
    /// Something goes on.
    Now,
}

impl View<'_> {
    /// A text that leads to another page, where there are others.
    pub(super) fn link(&self, path: &str, text: &str) -> Markup {
        let text = text::line(text);
        html! {
            @if self.kept == Kept::Served { a href=(path) { (text) } } @else { (text) }
        }
    }

    /// An application's name, which leads to it.
    pub(super) fn application(&self, name: &str) -> Markup {
        self.link(&format!("/applications/{}", escaped(name)), name)
    }

    /// A deployment's id, which leads to it.
    pub(super) fn deployment(&self, id: &str) -> Markup {
        self.link(&format!("/deployments/{}", escaped(id)), id)
    }

    /// A whole page.
    pub(super) fn page(&self, title: &str, change: Change, content: &Markup) -> String {
        self.page_about(None, title, change, content)
    }

    /// A whole page about a deployment.
    pub(super) fn page_about(&self, deployment: Option<&str>, title: &str, change: Change, content: &Markup) -> String {
        let served = self.kept == Kept::Served;
        let change = if served { change } else { Change::Never };
        let title = format!("{}, {}", text::line(title), text::line(self.environment));
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    @if !served { meta http-equiv="Content-Security-Policy" content=(IN_FILE.as_str()); }
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    title { (title) }
                    link rel="icon" href=(ICON);
                    style { (PreEscaped(STYLE)) }
                    @if change == Change::Now { noscript { meta http-equiv="refresh" content="5"; } }
                }
                body {
                    header {
                        nav aria-label="pages" {
                            @if served { a href="/" { "windlass" } } @else { strong { "windlass" } }
                            " " span.environment { (text::line(self.environment)) }
                        }
                        @if change != Change::Never { span #live role="status" {} }
                    }
                    main data-change=[changes(change)] data-deployment=[deployment.map(text::line)] {
                        @if self.stopping {
                            p.callout.warn {
                                strong { (badge(Tone::Warn, "stopping")) } " The agent is being stopped. It takes no command, and \
                                 what it leaves open goes on when it is there again."
                            }
                        }
                        (content)
                    }
                    footer {
                        "made " (words::timestamp(self.now)) "; times are UTC"
                    }
                    @if change != Change::Never { script { (PreEscaped(SCRIPT)) } }
                }
            }
        }
        .into_string()
    }
}

/// What the script is told.
fn changes(change: Change) -> Option<&'static str> {
    match change {
        Change::Never => None,
        Change::Perhaps => Some("perhaps"),
        Change::Now => Some("now"),
    }
}

/// A name as a part of an address. Names have few characters; what is none is not made an address of something else.
fn escaped(name: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let escape = |byte: u8| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    name.bytes().take(256).map(escape).collect()
}

/// The value of `Content-Security-Policy` of what is served: the style sheet and the script of the page, requests to where it
/// came from, and nothing else.
#[must_use]
pub fn policy() -> &'static str {
    static SERVED: LazyLock<String> = LazyLock::new(|| {
        let (style, script) = (hash(STYLE), hash(SCRIPT));
        format!(
            "default-src 'none'; style-src '{style}'; script-src '{script}'; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    });
    &SERVED
}

/// The policy of a page in a file, which has no script.
static IN_FILE: LazyLock<String> = LazyLock::new(|| {
    let style = hash(STYLE);
    format!("default-src 'none'; style-src '{style}'; img-src data:; base-uri 'none'; form-action 'none'")
});

fn hash(source: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(source)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_part_of_an_address() {
        assert_eq!(escaped("kudos-1.x_y"), "kudos-1.x_y");
        assert_eq!(escaped("../a?b#c\"<ä"), "..%2Fa%3Fb%23c%22%3C%C3%A4");
    }

    #[test]
    fn neither_the_style_sheet_nor_the_script_ends_its_element() {
        for source in [STYLE, SCRIPT] {
            assert!(!source.contains("</") && !source.contains("<!--"));
        }
        assert!(SCRIPT.lines().count() <= 60);
    }
}
