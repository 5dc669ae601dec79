//! Names: one grammar for each kind, and the one place that decides whether a text is such a name.
//!
//! Every name that comes from outside is parsed here where it comes in: on the command line, in both files, in release
//! documents and plans. What passed is safe as a part of file names, labels, addresses and commands.

mod instance;

use windlass_domain::Release;
use windlass_domain::reference::{Reference, is_digest};

pub use instance::Instance;

/// The kinds of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An application's.
    Application,
    /// An application's, with or without `@` and a name beside it; see [`Instance`].
    Instance,
    /// An environment's.
    Environment,
    /// An artifact's.
    Artifact,
    /// A trigger's, in `agent.toml`.
    Trigger,
    /// An SSH key's, in the line of `authorized_keys` that runs the gate.
    Key,
    /// A release's label.
    Version,
    /// What `--set` gives an artifact: a tag, a digest, or both.
    Assigned,
    /// A commit's id.
    Commit,
    /// What names a deployment or a release of the history: an id or its beginning, a number, a commit, a version.
    Earlier,
    /// Another host, as `ssh` takes it: `host` or `user@host`.
    Host,
}

/// What names of people's files are made of.
const PLAIN: &str = "at most 63 lower-case letters, digits, `-` and `_`, beginning with a letter or a digit";

impl Kind {
    /// What it is called, after "not".
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Application => "an application's name",
            Self::Instance => "an application, or an application, `@` and a name",
            Self::Environment => "an environment's name",
            Self::Artifact => "an artifact's name",
            Self::Trigger => "a trigger's name",
            Self::Key => "a key's name",
            Self::Version => "a version",
            Self::Assigned => "a tag or a digest",
            Self::Commit => "a commit",
            Self::Earlier => "an id, a number, a commit or a version",
            Self::Host => "a host",
        }
    }

    /// What it is made of.
    #[must_use]
    pub fn grammar(self) -> &'static str {
        match self {
            Self::Application | Self::Artifact | Self::Instance => PLAIN,
            Self::Environment | Self::Trigger | Self::Key => {
                "letters, digits, `-`, `_` and `.`, at most 64 of them, the first a letter or digit"
            }
            Self::Version | Self::Earlier => {
                "at most 300 letters, digits, `.`, `_`, `+`, `-`, `=` and `,`, the first a letter, a digit or `_`"
            }
            Self::Assigned => {
                "at most 300 letters, digits, `.`, `_`, `-`, `:` and `@`, the first a letter, a digit or `_`"
            }
            Self::Commit => "7 to 64 hexadecimal digits",
            Self::Host => {
                "letters, digits, `.`, `-`, `_` and `:`, with `user@` in front where it is needed, not beginning with `-`"
            }
        }
    }

    /// Whether a text is one.
    #[must_use]
    pub fn is(self, text: &str) -> bool {
        let made_of = |allowed: &str, most: usize| {
            let good = |c: char| c.is_ascii_alphanumeric() || allowed.contains(c);
            !text.is_empty() && text.len() <= most && text.chars().all(good)
        };
        let begins = |good: fn(u8) -> bool| text.bytes().next().is_some_and(good);
        match self {
            Self::Application | Self::Artifact => {
                made_of("-_", 63) && !text.bytes().any(|byte| byte.is_ascii_uppercase()) && begins(is_letter)
            }
            Self::Instance => {
                let (application, name) = text.split_once('@').unwrap_or((text, "a"));
                Self::Application.is(application) && Self::Application.is(name)
            }
            Self::Environment | Self::Trigger | Self::Key => made_of("-_.", 64) && begins(is_letter),
            // A label that was made from many versions and cut ends with `…`.
            Self::Version => {
                let text = text.strip_suffix('…').unwrap_or(text);
                Self::Earlier.is(text)
            }
            Self::Assigned => made_of("._-:@", 300) && begins(is_first),
            Self::Earlier => {
                let text = text.strip_prefix('#').unwrap_or(text).trim_end_matches('…');
                let good = |c: char| c.is_ascii_alphanumeric() || "._+-=,".contains(c);
                text.bytes().next().is_some_and(is_first) && text.len() <= 300 && text.chars().all(good)
            }
            Self::Commit => (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            Self::Host => {
                made_of(".-_:@", 255)
                    && begins(is_letter)
                    && text.matches('@').count() <= 1
                    && !text.ends_with('@')
                    && !text.contains("@-")
            }
        }
    }

    /// The name.
    ///
    /// # Errors
    /// A sentence that says what such a name is made of.
    pub fn parse(self, text: &str) -> Result<String, String> {
        if self.is(text) { Ok(text.to_owned()) } else { Err(self.complaint(text)) }
    }

    /// Why a text is none.
    #[must_use]
    pub fn complaint(self, text: &str) -> String {
        let short: String = text.chars().take(100).collect();
        format!("`{}` is not {}: {}", short.escape_debug(), self.word(), self.grammar())
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// How a tag, and so a version, may begin: never like an option, and never like a path that leads up.
fn is_first(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Checks every name of a release that was made elsewhere; what is wrong is named by its field.
///
/// # Errors
/// The field, and why what stands there is no such name.
pub fn check_release(release: &Release) -> Result<(), (String, String)> {
    let check = |kind: Kind, field: String, text: &str| {
        if kind.is(text) { Ok(()) } else { Err((field, kind.complaint(text))) }
    };
    check(Kind::Application, "release.application".to_owned(), &release.application)?;
    check(Kind::Version, "release.version".to_owned(), &release.version)?;
    if let Some(commit) = &release.commit {
        check(Kind::Commit, "release.commit".to_owned(), commit)?;
    }
    for (name, artifact) in &release.artifacts {
        check(Kind::Artifact, "release.artifacts".to_owned(), name)?;
        let short = |text: &str| text.chars().take(100).collect::<String>().escape_debug().to_string();
        if !is_digest(&artifact.digest) {
            let why = format!("`{}` is no digest", short(&artifact.digest));
            return Err((format!("release.artifacts.{name}.digest"), why));
        }
        let repository = Reference::parse(&artifact.repository).ok();
        let repository = repository.filter(|it| it.tag().is_none() && it.digest().is_none());
        let Some(repository) = repository else {
            let why = format!("`{}` is no repository", short(&artifact.repository));
            return Err((format!("release.artifacts.{name}.repository"), why));
        };
        if let Some(tag) = &artifact.tag
            && repository.with_version(tag).ok().and_then(|it| it.tag().map(str::to_owned)).as_ref() != Some(tag)
        {
            return Err((format!("release.artifacts.{name}.tag"), format!("`{}` is no tag", short(tag))));
        }
    }
    Ok(())
}

/// A command for the shell of another host: every argument is one word there, whatever it holds.
///
/// # Errors
/// An argument with a zero byte, which no shell can be given.
pub fn remote_command<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<String, String> {
    shlex::try_join(arguments).map_err(|_| "an argument has a zero byte".to_owned())
}

/// The name of the actor who requested something, in the form that may stand in the history and on a terminal: one line
/// of at most 200 characters without control characters; `unknown` where nothing is left.
#[must_use]
pub fn actor(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    if plain.trim().is_empty() { "unknown".to_owned() } else { plain.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &[&str] = &[
        "",
        "-",
        "--",
        "-x",
        ".",
        "..",
        "a/b",
        "a b",
        "a;id",
        "a'b",
        "a\"b",
        "$(id)",
        "`id`",
        "a\nb",
        "a\0",
        "a|b",
        "ä",
        "\u{202e}a",
        "a&b",
        "a>b",
        "*",
        "~",
        "a\\b",
        "%2e",
        "{a}",
    ];

    #[test]
    fn one_grammar_for_each_kind_of_name() {
        let long = "a".repeat(64);
        for (kind, good, bad) in [
            (
                Kind::Application,
                &["kudos", "a", "0-b_c", &long[1..]][..],
                &["Kudos", "_a", "a.b", "kudos@1", &long][..],
            ),
            (Kind::Artifact, &["web", "web-2"], &["Web", "web=1", "a:b"]),
            (Kind::Environment, &["uat", "production.eu", "Prod"], &["_x", ".x", "a@b"]),
            (Kind::Trigger, &["staging", "a.b"], &["a:b"]),
            (Kind::Key, &["ci-uat", "Alice.2"], &["a@b", "--key"]),
            (Kind::Version, &["v1", "1.0+build", "backend=v2,web=v1", "a=1,b=2…", "1ef921a"], &["a:b", "a@b"]),
            (Kind::Earlier, &["4f0c9t2m1k8z", "#12", "12", "v1", "backend=v2,web=v1"], &["a:b", "##1"]),
            (Kind::Assigned, &["v1", "latest", "v1@sha256:ab", "sha256:ab"], &["a=b", "a+b"]),
            (Kind::Commit, &["1ef921a", "1EF921A7"], &["1ef92", "1ef921g", "v1"]),
            (
                Kind::Host,
                &["uat1", "deploy@uat1.example.org", "2001:db8::1"],
                &["a@b@c", "@a", "a@", "u@-oProxyCommand=x"],
            ),
        ] {
            for text in good {
                assert!(kind.is(text), "{text} is {}", kind.word());
            }
            for text in bad.iter().chain(HOSTILE) {
                assert!(!kind.is(text), "{text:?} is not {}", kind.word());
                assert!(!kind.complaint(text).contains(char::is_control));
            }
        }
    }

    #[test]
    fn an_argument_is_one_word_of_a_remote_shell() {
        for text in HOSTILE.iter().filter(|text| !text.contains('\0')) {
            let line = remote_command(["printf", "%s|", text, "end"]).unwrap();
            let output = std::process::Command::new("sh").args(["-c", &line]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{text}|end|"), "{line}");
        }
        assert!(remote_command(["a\0b"]).is_err());
    }

    #[test]
    fn an_actor_is_one_plain_line() {
        assert_eq!(actor("ada\u{1b}[31m\nroot"), "ada[31mroot");
        assert_eq!(actor(" \n"), "unknown");
        assert_eq!(actor(&"x".repeat(1000)).len(), 200);
    }
}
