//! Everything in which we differ from Docker Compose, and why. `docs/compose.md` shows this table.

use crate::peer::case::{self, Kind};

/// One row.
pub(crate) struct Difference {
    /// What it is about.
    what: &'static str,
    docker_compose: &'static str,
    windlass: &'static str,
    why: &'static str,
    /// Cases of the corpus that show it; a name that ends in `/` stands for all below it.
    cases: &'static [&'static str],
    /// Fields of the resolved application that may differ; `*` stands for one part of the path.
    fields: &'static [&'static str],
}

pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        what: "`build` without `image`",
        docker_compose: "builds the image",
        windlass: "refused",
        why: "A release deploys images that exist, by their digests; what is built on the way has not been tested.",
        cases: &["refused/build/"],
        fields: &[],
    },
    Difference {
        what: "What is for Windows containers: `credential_spec`, `cpu_count`, `cpu_percent`, mounts of type `npipe`",
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
        what: "Mounts of type `image`",
        docker_compose: "are made, by an engine of API 1.48 or newer",
        windlass: "refused",
        why: "The agent speaks API 1.41, which all supported engines know.",
        cases: &["refused/engine/image-mounted-as-a-volume"],
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
        docker_compose: "are mounted",
        windlass: "refused; read-only ones are mounted from the release's bundle",
        why: "A release is known by its digest, so nothing may change it; data belongs in a volume or in a directory of \
              the host that the operator granted.",
        cases: &["refused/paths/writable-mount-of-the-release", "refused/paths/writable-mount-of-the-release-long"],
        fields: &[],
    },
    Difference {
        what: "`~` in paths",
        docker_compose: "is the home of whoever calls",
        windlass: "refused",
        why: "A deployment has no home directory: it may be triggered by anybody, from anywhere.",
        cases: &["refused/paths/home"],
        fields: &[],
    },
    Difference {
        what: "Values that the engine refuses: an unknown `restart`, an unknown type of mount, words in `expose`, a hook without a command, a rate or weight of `blkio_config` without a path, a path without either, an empty device, an empty name of a network or volume, a variable, label or option without a name (an empty text in their list)",
        docker_compose: "accepted; `up` fails when half of the application has changed",
        windlass: "refused",
        why: "What cannot work is refused before anything is touched.",
        cases: &[
            "refused/stricter/restart-unknown",
            "refused/stricter/mount-of-an-unknown-type",
            "refused/stricter/expose-words",
            "refused/stricter/hook-without-command",
            "refused/stricter/rate-without-path",
            "refused/stricter/weight-without-path",
            "refused/stricter/path-without-rate",
            "refused/stricter/device-that-is-empty",
            "refused/stricter/network-without-a-name",
            "refused/stricter/volume-without-a-name",
            "refused/stricter/environment-without-a-name",
            "refused/stricter/labels-without-a-name",
            "refused/stricter/annotations-without-a-name",
            "refused/stricter/sysctls-without-a-name",
        ],
        fields: &[],
    },
    Difference {
        what: "A number with a point for bytes (`mem_limit: 1.5`), or with a fraction where a whole number is meant (`pids_limit: 1.5`)",
        docker_compose: "takes bytes as 0, which is no limit at all, and cuts the fraction off, without a word",
        windlass: "refused",
        why: "A limit that is not there is never what was meant; `1.5g` is a size.",
        cases: &["refused/numbers/"],
        fields: &[],
    },
    Difference {
        what: "Two services with one `container_name`",
        docker_compose: "accepted; `up` fails at the second",
        windlass: "refused",
        why: "The same.",
        cases: &["refused/stricter/same-container-name"],
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
        what: "A date where a command is meant, `command: 2024-01-01`",
        docker_compose: "2.26 drops it without a word; later releases refuse it",
        windlass: "refused",
        why: "In quotes it is a text.",
        cases: &["refused/stricter/command-that-is-a-date"],
        fields: &[],
    },
    Difference {
        what: "Unknown keys of `include`",
        docker_compose: "ignored",
        windlass: "refused",
        why: "An unknown key is a typing error, and its file would be missing without a word.",
        cases: &["refused/stricter/include-unknown-key"],
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
        what: "`env_file` with `format: raw`",
        docker_compose: "unknown to this version",
        windlass: "taken as the specification says",
        why: "Newer versions know it.",
        cases: &["otherwise/environment/file-raw"],
        fields: &[],
    },
    Difference {
        what: "What later releases of Docker Compose know: `pre_start`, `build.no_cache_filter`, `volume.labels`, `initial_sync` of `watch`, `pull_policy` of `daily`, `weekly`, `every_…` and `refresh`",
        docker_compose: "unknown to this version",
        windlass: "read as the specification says",
        why: "A file that a newer Docker Compose runs is a good one.",
        cases: &["otherwise/newer/"],
        fields: &[],
    },
    Difference {
        what: "`mode` of secrets and configs in quotes, `\"0440\"`",
        docker_compose: "2.26 takes the digits as decimal ones; later releases as octal ones",
        windlass: "as later releases",
        why: "Permission bits are octal.",
        cases: &["otherwise/secrets/mode-in-quotes"],
        fields: &[],
    },
    Difference {
        what: "`!override` and `!reset` of a service in a file that is extended, when services of both files have one name",
        docker_compose: "2.26 takes the value of the extended service away as well; later releases do not",
        windlass: "as later releases",
        why: "A mark is about the service that it stands in.",
        cases: &["otherwise/extends/marks-where-names-repeat"],
        fields: &[],
    },
    Difference {
        what: "`gw_priority`",
        docker_compose: "read, and left out of what `config` prints",
        windlass: "printed",
        why: "So that what is deployed can be seen.",
        cases: &[],
        fields: &["/services/*/networks/*/gw_priority"],
    },
    Difference {
        what: "A limit of `ulimits` that is 0",
        docker_compose: "printed as `{}`, which no Compose reads",
        windlass: "printed as `0`",
        why: "The same limit reaches the engine.",
        cases: &[],
        fields: &["/services/*/ulimits/core"],
    },
    Difference {
        what: "Alias bombs, deep nesting, huge texts",
        docker_compose: "takes all memory, or works",
        windlass: "refused with the limit that was reached",
        why: "Files come from a release, which nobody has to trust.",
        cases: &["hostile/"],
        fields: &[],
    },
];

pub(crate) const BEGIN: &str = "<!-- differences: made by plugins/compose/tests/peer -->\n";
pub(crate) const END: &str = "<!-- end of differences -->\n";

/// The table as Markdown.
pub(crate) fn table() -> String {
    let mut table = "\n| what | Docker Compose | Windlass | why |\n| --- | --- | --- | --- |\n".to_owned();
    for row in DIFFERENCES {
        let cells = [row.what, row.docker_compose, row.windlass, row.why];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        table.extend(["| ", &cells.join(" | "), " |\n"]);
    }
    table.push('\n');
    table
}

/// Whether a field of the resolved application may differ.
pub(crate) fn may_differ(path: &str) -> bool {
    DIFFERENCES.iter().flat_map(|row| row.fields).any(|field| matches(field, path))
}

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len() && pattern.iter().zip(&path).all(|(pattern, part)| *pattern == "*" || pattern == part)
}

fn shows(row: &Difference, name: &str) -> bool {
    row.cases.iter().any(|case| if case.ends_with('/') { name.starts_with(case) } else { name == *case })
}

/// Cases of the kinds that differ without a row, and rows without a case.
pub(crate) fn uncovered() -> Vec<String> {
    let differing = [Kind::Refused, Kind::Otherwise, Kind::Hostile].into_iter().flat_map(case::all);
    let names: Vec<String> = differing.map(|case| case.name).collect();
    let lonely = names
        .iter()
        .filter(|name| !DIFFERENCES.iter().any(|row| shows(row, name)))
        .map(|name| format!("{name}: no row explains it"));
    let unshown = DIFFERENCES
        .iter()
        .filter(|row| row.fields.is_empty() && !names.iter().any(|name| shows(row, name)))
        .map(|row| format!("{}: no case shows it", row.what));
    lonely.chain(unshown).collect()
}
