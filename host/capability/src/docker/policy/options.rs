//! Options of mounts, read as the engine and the kernel read them: word by word, and the last of two that contradict
//! each other would win. So nothing is left to an order: what repeats, contradicts or is not known is refused by name.

use serde_json::{Map, Value};

/// What a volume of the driver `local` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Local<'a> {
    /// A directory of the engine's own.
    Plain,
    /// Memory.
    Memory,
    /// A path of the host.
    HostPath {
        /// The path, as it is written.
        device: &'a str,
        /// Whether the volume is mounted read-only.
        read_only: bool,
        /// A propagation that reaches the host.
        propagation: Option<&'a str>,
    },
    /// Another file system, which needs the operator's word.
    Other {
        /// Its type; `none` where none is written.
        kind: &'a str,
    },
}

/// An option that is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The key: `o`, `device`, `type`.
    pub(crate) key: &'static str,
    /// Why, as the end of a sentence.
    pub(crate) why: String,
}

impl Wrong {
    fn new(key: &'static str, why: impl Into<String>) -> Self {
        Self { key, why: why.into() }
    }
}

/// Words of which one list has at most one. What belongs to no group contradicts nothing but itself.
const GROUPS: &[&[&str]] = &[
    &["ro", "rw"],
    &["bind", "rbind"],
    PROPAGATION,
    &["suid", "nosuid"],
    &["dev", "nodev"],
    &["exec", "noexec"],
    &["sync", "async"],
    &["atime", "noatime", "relatime", "norelatime", "strictatime", "nostrictatime"],
    &["diratime", "nodiratime"],
    &["consistent", "cached", "delegated"],
    &["z", "Z"],
];

/// How mounts spread.
const PROPAGATION: &[&str] =
    &["private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"];

/// Words that are refused in every case: they change a mount that is there, or take a protection away.
const NEVER: &[&str] = &["remount", "suid", "dev", "exec", "mand", "unbindable", "runbindable"];

/// What a bind mount of a volume may say.
const BIND: &[&str] = &[
    "bind",
    "rbind",
    "ro",
    "rw",
    "private",
    "rprivate",
    "shared",
    "rshared",
    "slave",
    "rslave",
    "nosuid",
    "nodev",
    "noexec",
    "noatime",
    "relatime",
    "nodiratime",
    "defaults",
];

/// What memory may say.
const MEMORY: &[&str] = &[
    "ro",
    "rw",
    "nosuid",
    "nodev",
    "noexec",
    "noatime",
    "relatime",
    "nodiratime",
    "size",
    "mode",
    "uid",
    "gid",
    "nr_inodes",
    "nr_blocks",
    "huge",
    "noswap",
    "inode32",
    "inode64",
    "defaults",
];

/// What the third part of a `Binds` entry may say.
const BINDS: &[&str] = &[
    "ro",
    "rw",
    "nocopy",
    "consistent",
    "cached",
    "delegated",
    "private",
    "rprivate",
    "shared",
    "rshared",
    "slave",
    "rslave",
    "z",
    "Z",
];

/// Reads the options of a volume of the driver `local`; all values are texts.
pub(crate) fn local(options: &Map<String, Value>) -> Result<Local<'_>, Wrong> {
    let option = |name: &str| options.get(name).and_then(Value::as_str).unwrap_or_default();
    let (kind, flags, device) = (option("type"), option("o"), option("device"));
    if kind.chars().any(|letter| !letter.is_ascii_graphic() || letter == ',' || letter == '/') {
        return Err(Wrong::new("type", "it is not the name of a file system"));
    }
    let words = words(flags, None)?;
    let has = |word: &str| words.contains(&word);
    if has("bind") || has("rbind") {
        if !matches!(kind, "" | "none" | "bind") {
            return Err(Wrong::new("type", format!("a file system of the type `{kind}` cannot be a bind mount")));
        }
        if let Some(word) = words.iter().find(|word| !BIND.contains(word)) {
            return Err(unknown(word, BIND));
        }
        if !device.starts_with('/')
            || device.chars().any(|letter| letter.is_whitespace() || letter.is_control() || letter == ',')
        {
            return Err(Wrong::new("device", "a bind mount needs an absolute path without spaces and commas"));
        }
        let propagation = words.iter().copied().find(|word| PROPAGATION.contains(word) && !word.ends_with("private"));
        return Ok(Local::HostPath { device, read_only: has("ro"), propagation });
    }
    match kind {
        "tmpfs" if !device.starts_with('/') => match words.iter().find(|word| !MEMORY.contains(&key(word))) {
            Some(word) => Err(unknown(word, MEMORY)),
            None => Ok(Local::Memory),
        },
        "" | "none" | "bind" if device.is_empty() => match words.first() {
            Some(word) => Err(Wrong::new("o", format!("`{word}` needs `type` and `device`"))),
            None => Ok(Local::Plain),
        },
        "" => Ok(Local::Other { kind: "none" }),
        kind => Ok(Local::Other { kind }),
    }
}

/// Reads the third part of a `Binds` entry.
pub(super) fn binds(options: &str) -> Result<Vec<&str>, Wrong> {
    words(options, Some(BINDS))
}

/// Whether a word makes mounts spread to the host or from it.
pub(super) fn spreads(word: &str) -> bool {
    PROPAGATION.contains(&word) && !word.ends_with("private")
}

/// The words of a list, none of them empty, odd, repeated or against another; only these, where they are given.
fn words<'a>(options: &'a str, known: Option<&[&str]>) -> Result<Vec<&'a str>, Wrong> {
    if options.is_empty() {
        return Ok(Vec::new());
    }
    let mut found: Vec<&str> = Vec::new();
    for word in options.split(',') {
        let name = key(word);
        if name.is_empty() {
            return Err(Wrong::new("o", "one of its options is empty"));
        }
        if word.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
            return Err(Wrong::new("o", format!("`{}` has a space in it", word.escape_debug())));
        }
        if let Some(known) = known
            && !known.contains(&word)
        {
            return Err(unknown(word, known));
        }
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-.".contains(letter);
        if known.is_none() && !name.chars().all(plain) {
            return Err(Wrong::new(
                "o",
                format!("`{}` is not an option: options are in lower case", name.escape_debug()),
            ));
        }
        if NEVER.contains(&name) {
            return Err(Wrong::new("o", format!("`{name}` is never taken")));
        }
        if let Some(earlier) = found.iter().map(|word| key(word)).find(|earlier| contradict(earlier, name)) {
            let why = if earlier == name {
                format!("`{name}` is there twice")
            } else {
                format!("`{earlier}` and `{name}` contradict each other")
            };
            return Err(Wrong::new("o", why));
        }
        found.push(word);
    }
    Ok(found)
}

fn contradict(one: &str, other: &str) -> bool {
    one == other || GROUPS.iter().any(|group| group.contains(&one) && group.contains(&other))
}

fn key(word: &str) -> &str {
    word.split_once('=').map_or(word, |(key, _)| key)
}

fn unknown(word: &str, known: &[&str]) -> Wrong {
    let word: String = word.chars().take(60).collect();
    let nearest = known.iter().min_by_key(|known| strsim::damerau_levenshtein(&word, known)).unwrap_or(&"ro");
    Wrong::new("o", format!("`{}` is not known to be safe here; did you mean `{nearest}`?", word.escape_debug()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<Local<'_>, Wrong> {
        local(value.as_object().unwrap())
    }

    #[test]
    fn what_is_clear_is_read_as_the_kernel_reads_it() {
        let path = |read_only, propagation| Local::HostPath { device: "/srv/a", read_only, propagation };
        for (options, expected) in [
            (json!({}), Local::Plain),
            (json!({ "size": "10G" }), Local::Plain),
            (json!({ "type": "tmpfs", "device": "tmpfs", "o": "size=64m,uid=1000,mode=1777" }), Local::Memory),
            (json!({ "type": "none", "o": "bind", "device": "/srv/a" }), path(false, None)),
            (json!({ "type": "bind", "o": "bind,ro,nosuid,nodev", "device": "/srv/a" }), path(true, None)),
            (json!({ "o": "rw,rbind", "device": "/srv/a" }), path(false, None)),
            (json!({ "o": "rbind,rshared", "device": "/srv/a" }), path(false, Some("rshared"))),
            (json!({ "type": "nfs", "o": "addr=10.0.0.1,rw,soft", "device": ":/x" }), Local::Other { kind: "nfs" }),
            (json!({ "type": "none", "device": "/etc" }), Local::Other { kind: "none" }),
        ] {
            assert_eq!(read(&options).as_ref(), Ok(&expected), "{options}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused_by_name() {
        for (options, device, named) in [
            ("bind,ro,rw", "/srv/a", "`ro` and `rw`"),
            ("bind,rw,ro", "/srv/a", "`rw` and `ro`"),
            ("bind,ro,ro", "/srv/a", "`ro`"),
            ("bind,rbind", "/srv/a", "`bind` and `rbind`"),
            ("bind,bind", "/srv/a", "`bind`"),
            ("bind,private,shared", "/srv/a", "`private` and `shared`"),
            ("bind,ro,remount", "/srv/a", "`remount`"),
            ("bind,ro,suid", "/srv/a", "`suid`"),
            ("bind,nosuid,suid", "/srv/a", "`suid`"),
            ("bind,dev", "/srv/a", "`dev`"),
            ("bind,exec", "/srv/a", "`exec`"),
            ("bind,unbindable", "/srv/a", "`unbindable`"),
            ("bind,RO", "/srv/a", "`RO`"),
            ("BIND,ro", "/srv/a", "`BIND`"),
            ("bind, ro", "/srv/a", "` ro`"),
            ("bind,ro\t", "/srv/a", "`ro\\t`"),
            ("bind,", "/srv/a", "empty"),
            (",bind", "/srv/a", "empty"),
            ("bind,=x", "/srv/a", "empty"),
            ("bind,ro=1", "/srv/a", "`ro=1`"),
            ("bind,unheard", "/srv/a", "`unheard`"),
            ("bind,size=1", "/srv/a", "`size=1`"),
            ("bind", "/srv/a b", "spaces"),
            ("bind", "/srv/a,ro", "commas"),
            ("bind", "srv/a", "absolute"),
            ("bind", "", "absolute"),
            ("ro", "", "`ro`"),
        ] {
            let body = json!({ "type": "none", "o": options, "device": device });
            let wrong = read(&body).unwrap_err();
            assert!(wrong.why.contains(named), "{body}: {wrong:?}");
        }
        for (kind, options) in
            [("tmpfs", "bind"), ("ext4", "bind,ro"), ("nfs", "rbind"), ("overlay", "lowerdir=/,bind")]
        {
            let wrong = read(&json!({ "type": kind, "o": options, "device": "/srv/a" })).map(|_| ()).unwrap_err();
            assert_eq!(wrong.key, "type", "{kind} {options}");
        }
        for (kind, options) in [
            ("tmpfs", "size=1,size=2"),
            ("tmpfs", "exec"),
            ("tmpfs", "unheard=1"),
            ("nfs", "addr=10.0.0.1,remount"),
            ("nfs", "ro,rw"),
            ("nfs", "addr=10.0.0.1, rw"),
            ("cifs", "User=x"),
            ("a,b", ""),
            ("no ne", ""),
        ] {
            assert!(read(&json!({ "type": kind, "o": options, "device": "x" })).is_err(), "{kind} {options}");
        }
    }

    #[test]
    fn bind_entries_are_held_to_the_same() {
        for clear in ["", "ro", "rw,z", "ro,rshared", "nocopy", "ro,cached,Z"] {
            binds(clear).unwrap();
        }
        for odd in ["ro,rw", "rw,ro", "ro,ro", "RO", " ro", "ro,", "z,Z", "rshared,private", "remount", "suid", "bind"]
        {
            assert!(binds(odd).is_err(), "{odd}");
        }
    }
}
