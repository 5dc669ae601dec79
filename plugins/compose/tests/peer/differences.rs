//! Everything in which we differ from Docker Compose, and why. `docs/compose.md` shows this table.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::peer::case::{self, Case, Kind, Outcome};
use crate::peer::docker::Version::{self, Newer, Older};

/// One row.
pub(crate) struct Difference {
    /// What it is about.
    what: &'static str,
    docker_compose: &'static str,
    windlass: &'static str,
    why: &'static str,
    /// Cases of the corpus that show it; a name that ends in `/` stands for all below it.
    cases: &'static [&'static str],
    /// Fields of the resolved application that may differ.
    fields: &'static [Field],
}

/// One field that may be otherwise.
pub(crate) struct Field {
    /// `*` stands for one part of the path.
    path: &'static str,
    versions: &'static [Version],
    /// In what way: what they have, if anything, and what we have.
    is: fn(Option<&Value>, &Value) -> bool,
}

/// `"0440"` for 288.
fn octal_text(theirs: Option<&Value>, ours: &Value) -> bool {
    let bits = theirs.and_then(Value::as_str).and_then(|text| u64::from_str_radix(text, 8).ok());
    bits.is_some() && bits == ours.as_u64()
}

/// `{}` for 0, `{"hard": 5}` for `{"hard": 5, "soft": 0}`.
fn without_zeros(theirs: Option<&Value>, ours: &Value) -> bool {
    let limits = match ours {
        Value::Object(limits) => limits.clone(),
        limit => [("single".to_owned(), limit.clone())].into_iter().collect(),
    };
    let kept = limits.into_iter().filter(|(_, limit)| *limit != json!(0)).collect::<Value>();
    theirs == Some(&kept)
}

/// `/home/me/x` for `~/x`, or `/srv/x` for `../x`.
fn as_written(theirs: Option<&Value>, ours: &Value) -> bool {
    let is_absolute = theirs.and_then(Value::as_str).is_some_and(|path| path.starts_with('/'));
    is_absolute && ours.as_str().is_some_and(|path| path.starts_with("~/") || path.starts_with("../"))
}

/// `"0801-0801"` for `"801"`.
fn zeros_in_front(theirs: Option<&Value>, ours: &Value) -> bool {
    let number = |text: &str| text.parse::<u16>().ok();
    let range = |text: &str| match text.split_once('-') {
        Some((first, last)) => number(first).zip(number(last)),
        None => number(text).zip(number(text)),
    };
    let theirs = theirs.and_then(Value::as_str).and_then(range);
    theirs.is_some() && theirs == ours.as_str().and_then(range)
}

pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        what: "`build` without `image`",
        docker_compose: "builds the image on the way",
        windlass: "is built before, by `windlass release create --build` or elsewhere, and is an artifact of the release; \
                   refused where it is none",
        why: "A release deploys images that exist, by their digests; what is built on the way has not been tested.",
        cases: &["valid/build/"],
        fields: &[],
    },
    Difference {
        what: "What is for Windows containers: `credential_spec`, `cpu_count`, `cpu_percent`, `isolation` other than `default`, mounts of type `npipe`",
        docker_compose: "is given to the engine, which refuses or ignores it",
        windlass: "refused",
        why: "The agent deploys Linux containers.",
        cases: &["refused/windows/"],
        fields: &[],
    },
    Difference {
        what: "What is for Swarm: `driver` and `template_driver` of secrets and configs, mounts of type `cluster`",
        docker_compose: "accepted; `up` refuses it",
        windlass: "refused",
        why: "There is no swarm where Compose files are run; a manager's own strategy would be another plugin.",
        cases: &["refused/swarm/"],
        fields: &[],
    },
    Difference {
        what: "A mount of type `image` without `source`",
        docker_compose: "accepted",
        windlass: "refused",
        why: "It says no image.",
        cases: &["refused/engine/image-without-one"],
        fields: &[],
    },
    Difference {
        what: "Relative paths that leave the directory of the release: bind mounts, `env_file`, `include`, `extends`, files of secrets and configs",
        docker_compose: "are read and mounted",
        windlass: "refused",
        why: "A release travels as a bundle. What lies beside it on one machine is not there on another.",
        cases: &[
            "refused/paths/host-relative-above",
            "refused/paths/env-file-above",
            "refused/paths/include-above",
            "refused/paths/extends-above",
            "refused/paths/secret-above",
        ],
        fields: &[],
    },
    Difference {
        what: "Bind mounts of relative paths that a container may write to",
        docker_compose: "are mounted from beside the Compose file",
        windlass: "are mounted from below the directory that the operator grants for the application's data \
                   (`data-root`); refused without one, and where the path comes with the release. Read-only ones are \
                   mounted from the release's bundle",
        why: "A release is known by its digest, so nothing may change it, and what is written has to outlive it.",
        cases: &["valid/data/"],
        fields: &[],
    },
    Difference {
        what: "`~` in paths",
        docker_compose: "is the home of the user who calls",
        windlass: "refused",
        why: "A deployment has no home directory: it may be triggered by anybody, from anywhere.",
        cases: &["refused/paths/home"],
        fields: &[],
    },
    Difference {
        what: "Values that the engine refuses: an unknown `restart`, words in `expose`, words where an address, a port, an absolute path or one of some words is meant (`dns`, `mac_address`, `ipc`, `pid`, `uts`, `userns_mode`, `network_mode`, `networks`, `ports`, `volumes`, `volumes_from`, `deploy`), blanks in `container_name`, a rate or weight of `blkio_config` without a path, a path without either, an empty device, an empty name of a network or volume, a variable, label or option without a name (an empty text in their list)",
        docker_compose: "accepted; `up` fails when half of the application has changed",
        windlass: "refused",
        why: "What cannot work is refused before anything is touched.",
        cases: &[
            "refused/stricter/restart-unknown",
            "refused/stricter/expose-words",
            "refused/stricter/words-that-the-engine-refuses",
            "refused/stricter/rate-without-path",
            "refused/stricter/weight-without-path",
            "refused/stricter/path-without-rate",
            "refused/stricter/device-that-is-empty",
            "refused/stricter/network-without-a-name",
            "refused/stricter/volume-without-a-name",
            "refused/stricter/external-network-without-a-name",
            "refused/stricter/external-volume-without-a-name",
            "refused/stricter/environment-without-a-name",
            "refused/stricter/labels-without-a-name",
            "refused/stricter/annotations-without-a-name",
            "refused/stricter/sysctls-without-a-name",
        ],
        fields: &[],
    },
    Difference {
        what: "A number with a point for bytes (`mem_limit: 1.5`), with a fraction where a whole number is meant (`pids_limit: 1.5`), or a negative one (`cpus: -1`)",
        docker_compose: "takes bytes as 0, which is no limit at all, and cuts the fraction off, without a word; hands negative ones to the engine, which refuses most",
        windlass: "refused",
        why: "A limit that is not there is never what was meant; `1.5g` is a size.",
        cases: &["refused/numbers/"],
        fields: &[],
    },
    Difference {
        what: "`interface_name` of a service's network",
        docker_compose: "is given to the engine, which needs API 1.49 for it",
        windlass: "refused",
        why: "It is not done yet.",
        cases: &["refused/engine/interface-name"],
        fields: &[],
    },
    Difference {
        what: "`use_api_socket`",
        docker_compose: "mounts the engine's socket and the caller's registry credentials",
        windlass: "refused",
        why: "Access to the socket is access to the whole host; mounting it by its path needs the operator's grant.",
        cases: &["refused/socket/"],
        fields: &[],
    },
    Difference {
        what: "`pull_refresh_after`",
        docker_compose: "pulls again what is older",
        windlass: "refused",
        why: "A release pins its images by digest: pulled again, they would be the same.",
        cases: &["refused/pull/"],
        fields: &[],
    },
    Difference {
        what: "A value of a wrong type, or nothing where a value must be, that a later file or the service that extends it replaces",
        docker_compose: "refused",
        windlass: "accepted",
        why: "What no container is given is not judged.",
        cases: &["otherwise/merge/"],
        fields: &[],
    },
    Difference {
        what: "`provider`, `models`",
        docker_compose: "has programs of the host or Docker Desktop start something outside of the engine",
        windlass: "refused",
        why: "The engine neither knows nor stops it, so no release could be put back.",
        cases: &["refused/newer/"],
        fields: &[],
    },
    Difference {
        what: "A volume with a name of one letter in the short form, `v:/v`",
        docker_compose: "is taken as a path of Windows; `up` fails",
        windlass: "refused",
        why: "It can mean neither; a longer name or the long form says what is meant.",
        cases: &["refused/stricter/volume-named-with-one-letter"],
        fields: &[],
    },
    Difference {
        what: "Signs of the shell in a `command` or `entrypoint` of one text: `;`, `|`, `&`, `<`, `>` outside of quotes",
        docker_compose: "the command ends there, without a word",
        windlass: "refused",
        why: "No shell reads the text, and half a command is never what was meant: `sh -c '…'` is.",
        cases: &["refused/stricter/command-with-shell-signs", "refused/stricter/command-with-a-pipe"],
        fields: &[],
    },
    Difference {
        what: "Unknown keys of `include`, of `extends`, of the items of `gpus`, and of the old form `external: {name: …}` of secrets and configs",
        docker_compose: "ignored",
        windlass: "refused",
        why: "An unknown key is a typing error, and what it says would be missing without a word.",
        cases: &[
            "refused/stricter/include-unknown-key",
            "refused/stricter/include-unknown-key-without-a-value",
            "refused/stricter/external-secret-unknown-key",
            "refused/stricter/external-config-unknown-key",
            "refused/stricter/extends-unknown-key",
            "refused/stricter/gpus-unknown-key",
        ],
        fields: &[],
    },
    Difference {
        what: "An item of `include` that names no file",
        docker_compose: "ignored",
        windlass: "refused",
        why: "What it should bring would be missing without a word.",
        cases: &[
            "refused/stricter/include-without-a-path",
            "refused/stricter/include-of-nothing",
            "refused/stricter/include-of-an-empty-list",
        ],
        fields: &[],
    },
    Difference {
        what: "What `bind`, `volume` and `tmpfs` say of a mount of another type",
        docker_compose: "ignored with a warning, or given to the engine, which refuses it",
        windlass: "refused; accepted where they say nothing",
        why: "What it says was meant for something, and would be missing.",
        cases: &["refused/stricter/mount-section-of-another-type", "refused/stricter/mount-section-of-memory"],
        fields: &[],
    },
    Difference {
        what: "What `image` says of a mount of another type",
        docker_compose: "ignored",
        windlass: "refused; accepted where it says nothing",
        why: "What it says was meant for something, and would be missing.",
        cases: &["refused/engine/options-of-an-image"],
        fields: &[],
    },
    Difference {
        what: "A negative `mode` of configs and secrets",
        docker_compose: "accepted, and printed as `0-1`, which no Compose reads",
        windlass: "refused, as by 2.26",
        why: "There are no such permissions.",
        cases: &["refused/mode/"],
        fields: &[],
    },
    Difference {
        what: "Bits beyond `07777` in the `mode` of configs, secrets and memory",
        docker_compose: "accepted",
        windlass: "refused",
        why: "There are no such permissions; mostly it is an octal number that was written as a decimal one.",
        cases: &["refused/bits/"],
        fields: &[],
    },
    Difference {
        what: "A range of published ports that begins with 0",
        docker_compose: "accepted",
        windlass: "refused",
        why: "Port 0 stands for any port, and is none of a range.",
        cases: &["refused/stricter/published-range-from-zero"],
        fields: &[],
    },
    Difference {
        what: "A `logging` without a value over another one, of an earlier file or of an extended service",
        docker_compose: "crashes",
        windlass: "says nothing",
        why: "Everything else without a value leaves what is there, with Docker Compose as well.",
        cases: &["otherwise/logging/"],
        fields: &[],
    },
    Difference {
        what: "Zeros in front of `published` in the long form",
        docker_compose: "kept and printed, so that `080` and `80` are two, which cannot both be published",
        windlass: "are the number",
        why: "The engine reads the same number.",
        cases: &["otherwise/ports/"],
        fields: &[Field { path: "/services/*/ports/*/published", versions: &[Older, Newer], is: zeros_in_front }],
    },
    Difference {
        what: "An empty `protocol` in the long form of `ports`",
        docker_compose: "left out of what `config` prints, and another port than the same one with `tcp`",
        windlass: "printed as `tcp`",
        why: "The engine takes it so.",
        cases: &["otherwise/protocol/"],
        fields: &[Field {
            path: "/services/*/ports/*/protocol",
            versions: &[Older, Newer],
            is: |theirs, ours| theirs.is_none() && *ours == json!("tcp"),
        }],
    },
    Difference {
        what: "`context` and `additional_contexts` of `build` outside of the release or in a home directory",
        docker_compose: "printed in full",
        windlass: "printed as written; `windlass release create --build` refuses them",
        why: "A deployment builds nothing, and what a release is built from belongs to its commit.",
        cases: &[],
        fields: &[
            Field { path: "/services/*/build/context", versions: &[Older, Newer], is: as_written },
            Field { path: "/services/*/build/additional_contexts/*", versions: &[Older, Newer], is: as_written },
        ],
    },
    Difference {
        what: "The same label of a volume in two files, with the same value",
        docker_compose: "refused",
        windlass: "accepted",
        why: "Both files say the same, as they may of networks and services.",
        cases: &["otherwise/volumes/"],
        fields: &[],
    },
    Difference {
        what: "No service at all",
        docker_compose: "accepted",
        windlass: "refused",
        why: "An application without services is a mistake, and deploying it would remove everything.",
        cases: &["refused/stricter/no-services"],
        fields: &[],
    },
    Difference {
        what: "A text where the first file has a mapping, such as `environment: text` in an override file",
        docker_compose: "is taken as a name without a value",
        windlass: "refused",
        why: "The same file is refused by both when it stands alone.",
        cases: &["refused/stricter/text-for-a-mapping-in-an-override"],
        fields: &[],
    },
    Difference {
        what: "An external secret or config that also has a `file` or `content`",
        docker_compose: "the file is taken",
        windlass: "refused",
        why: "The two contradict each other.",
        cases: &["refused/stricter/external-secret-with-file"],
        fields: &[],
    },
    Difference {
        what: "`compose.override.yaml` beside `compose.yaml`",
        docker_compose: "is taken by itself when no file is named",
        windlass: "is taken only when it is named in `files`",
        why: "Override files hold what is meant for development; a warning says that it is there.",
        cases: &["otherwise/files/override-beside"],
        fields: &[],
    },
    Difference {
        what: "What later releases of Docker Compose know: `pre_start`, `build.no_cache_filter`",
        docker_compose: "unknown to these versions",
        windlass: "read as the specification says",
        why: "A file that a newer Docker Compose runs is a good one.",
        cases: &["otherwise/newer/"],
        fields: &[],
    },
    Difference {
        what: "`!reset` and `!override` of a service in the middle of a chain of `extends` that begins in another file",
        docker_compose: "forgets them, although it heeds them when the chain is one shorter or in one file",
        windlass: "heeded, as by 2.26",
        why: "What a file took back, such as a port, must not come back because one more service extends it.",
        cases: &["otherwise/extends/"],
        fields: &[],
    },
    Difference {
        what: "`gw_priority`",
        docker_compose: "read, and left out of what `config` prints",
        windlass: "printed",
        why: "So that what is deployed can be seen.",
        cases: &[],
        fields: &[Field {
            path: "/services/*/networks/*/gw_priority",
            versions: &[Older],
            is: |theirs, _| theirs.is_none(),
        }],
    },
    Difference {
        what: "A limit of `ulimits` that is 0",
        docker_compose: "left out of what `config` prints, which no Compose reads then",
        windlass: "printed as `0`",
        why: "The same limit reaches the engine.",
        cases: &[],
        fields: &[
            Field { path: "/services/*/ulimits/*", versions: &[Older, Newer], is: without_zeros },
            Field { path: "/services/*/build/ulimits/*", versions: &[Older, Newer], is: without_zeros },
        ],
    },
    Difference {
        what: "`mode` of configs and secrets",
        docker_compose: "printed in octal and in quotes, which 2.26 does not read",
        windlass: "printed as a number",
        why: "The same bits, in a form that both versions read.",
        cases: &[],
        fields: &[
            Field { path: "/services/*/secrets/*/mode", versions: &[Newer], is: octal_text },
            Field { path: "/services/*/configs/*/mode", versions: &[Newer], is: octal_text },
            Field { path: "/services/*/build/secrets/*/mode", versions: &[Newer], is: octal_text },
        ],
    },
    Difference {
        what: "Alias bombs, deep nesting, huge texts",
        docker_compose: "takes all memory, or works",
        windlass: "refused with the limit that was reached",
        why: "Files come from a release, which is not trusted.",
        cases: &["hostile/"],
        fields: &[],
    },
];

pub(crate) const BEGIN: &str = "<!-- differences: made by plugins/compose/tests/peer -->\n";
pub(crate) const END: &str = "<!-- end of differences -->\n";

/// Fields that were excused in this process.
static USED: Mutex<BTreeSet<(Version, &str)>> = Mutex::new(BTreeSet::new());

/// Both tables as Markdown.
pub(crate) fn tables() -> String {
    let cases: Vec<Case> = Kind::EVERY.into_iter().flat_map(case::all).collect();
    let mut page = "\n| what | Docker Compose | does | Windlass | why |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for row in DIFFERENCES {
        let versions: Vec<&str> = row.versions(&cases).into_iter().map(Version::series).collect();
        line(&mut page, &[row.what, &versions.join(", "), row.docker_compose, row.windlass, row.why]);
    }
    let [older, newer] = Version::BOTH.map(Version::series);
    page.extend([
        "\n### Where the two versions disagree\n\nWindlass does what ",
        newer,
        " does, unless the table above says why not.\n\n",
    ]);
    page.extend(["| what | ", older, " | ", newer, " and Windlass |\n| --- | --- | --- |\n"]);
    let mut lines: Vec<[&str; 3]> = cases.iter().filter_map(disagreement).collect();
    lines.sort_unstable();
    lines.dedup();
    for cells in lines {
        line(&mut page, &cells);
    }
    page.push('\n');
    page
}

fn line(page: &mut String, cells: &[&str]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    page.extend(["| ", &cells.join(" | "), " |\n"]);
}

fn disagreement(case: &Case) -> Option<[&str; 3]> {
    let theirs = match case.outcome(Version::Older) {
        Outcome::Refuses => "refused",
        Outcome::Accepts => "accepted",
        Outcome::Differs => "read otherwise",
        Outcome::Same => "read so",
    };
    let ours = match (case.kind, theirs) {
        (Kind::Invalid, _) => "refused",
        (_, "refused") => "accepted",
        _ => "read so",
    };
    Some([case.about.as_deref()?, theirs, ours])
}

/// Whether a field of the resolved application may be otherwise with this version.
pub(crate) fn may_differ(version: Version, path: &str, theirs: Option<&Value>, ours: &Value) -> bool {
    let fields = DIFFERENCES.iter().flat_map(|row| row.fields);
    let mut excused = fields
        .filter(|field| field.versions.contains(&version) && matches(field.path, path) && (field.is)(theirs, ours));
    let field = excused.next();
    USED.lock().unwrap().extend(field.map(|field| (version, field.path)));
    field.is_some()
}

/// What is excused without need.
pub(crate) fn unused() -> Vec<String> {
    let used = USED.lock().unwrap();
    let fields = DIFFERENCES.iter().flat_map(|row| row.fields);
    fields
        .flat_map(|field| field.versions.iter().map(move |version| (*version, field.path)))
        .filter(|excuse| !used.contains(excuse))
        .map(|(version, path)| format!("{path}: no valid case needs this excuse for {}", version.series()))
        .collect()
}

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len() && pattern.iter().zip(&path).all(|(pattern, part)| *pattern == "*" || pattern == part)
}

impl Difference {
    fn is_shown_by(&self, name: &str) -> bool {
        self.cases.iter().any(|case| if case.ends_with('/') { name.starts_with(case) } else { name == *case })
    }

    /// From which versions this is a difference: from both where it is one of deploying and not of reading.
    fn versions(&self, cases: &[Case]) -> Vec<Version> {
        let of_cases = cases.iter().filter(|case| self.is_shown_by(&case.name)).flat_map(Case::apart_from);
        let of_fields = self.fields.iter().flat_map(|field| field.versions.iter().copied());
        let of_reading: BTreeSet<Version> = of_cases.chain(of_fields).collect();
        if of_reading.is_empty() { Version::BOTH.to_vec() } else { of_reading.into_iter().collect() }
    }
}

/// Cases of the kinds that differ without a row, rows without a case, and rows that mix versions.
pub(crate) fn uncovered() -> Vec<String> {
    let cases: Vec<Case> = [Kind::Refused, Kind::Otherwise, Kind::Hostile].into_iter().flat_map(case::all).collect();
    let mut wrong = Vec::new();
    for case in &cases {
        let name = &case.name;
        match DIFFERENCES.iter().find(|row| row.is_shown_by(name)) {
            None => wrong.push(format!("{name}: no row explains it")),
            Some(row) if row.versions(&cases) != case.apart_from() => {
                wrong.push(format!("{name}: is a difference from other versions than the other cases of its row"));
            }
            Some(_) => {}
        }
    }
    // What differs only when it is deployed is read alike.
    let alike = case::all(Kind::Valid);
    for row in DIFFERENCES {
        for pattern in row.cases {
            let one = Difference { cases: std::slice::from_ref(pattern), ..*row };
            if !cases.iter().chain(&alike).any(|case| one.is_shown_by(&case.name)) {
                wrong.push(format!("{}: there is no case {pattern}", row.what));
            }
        }
        if row.cases.is_empty() && row.fields.is_empty() {
            wrong.push(format!("{}: no case shows it", row.what));
        }
    }
    wrong
}

/// What a case says of a version and cannot be, says nothing, or is explained nowhere.
pub(crate) fn unexplained() -> Vec<String> {
    let explain = |case: Case| -> Option<String> {
        let why = if case.says_what_cannot_be() {
            "says of a version what cannot be, or what is so anyway"
        } else {
            match case.kind {
                Kind::Valid | Kind::Invalid if case.apart_from().contains(&Version::Newer) => {
                    "is a difference from the version that we follow: it belongs to those that differ, with a reason"
                }
                Kind::Valid | Kind::Invalid if case.apart_from().is_empty() == case.about.is_some() => {
                    "`about` is there when the older version does something else, and only then"
                }
                Kind::Refused | Kind::Otherwise if case.about.is_some() => "a row of the table says what it is about",
                Kind::Refused | Kind::Otherwise if case.apart_from().is_empty() => "is no difference from any version",
                _ => return None,
            }
        };
        Some(format!("{}: {why}", case.name))
    };
    Kind::EVERY.into_iter().flat_map(case::all).filter_map(explain).collect()
}
