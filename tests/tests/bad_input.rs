//! Files that are wrong, huge or hostile, given to `windlass deploy` while version 1 serves.
//!
//! Each ends in an error that names the place, with its exit code, within bounded memory, and nothing is touched.

use std::ops::Range;
use std::os::unix::fs::symlink;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use windlass_stage::Run;
use windlass_tests::{Small, expect};

/// What the agent may allocate besides its stacks and code, in KiB: what it needs to deploy, several times over, and a
/// hundredth of what the bombs stand for.
const MEMORY: &str = "1000000";

/// Deploys within bounded memory; an allocation beyond it ends the process.
fn deploy(small: &Small) -> Result<Run> {
    let agent = small.host.command(["deploy", &small.name]);
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -d {MEMORY} && exec \"$@\""), "sh"])
        .arg(agent.get_program())
        .args(agent.get_args())
        .envs(agent.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .output()
        .context("cannot start a shell")?;
    Ok(Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// A line for each number.
fn lines(numbers: Range<u32>, line: impl Fn(u32) -> String) -> String {
    numbers.map(line).flat_map(|line| [line, "\n".to_owned()]).collect()
}

/// Deploys each of the contents as a file of the application. Each is refused in words that say where and why.
fn refused<C: AsRef<[u8]>>(small: &Small, file: &str, good: &str, cases: &[(&str, C, &str)]) -> Result<()> {
    let before = small.world()?;
    let mut wrong = Vec::new();
    for (name, content, words) in cases {
        small.write(file, content)?;
        let run = deploy(small)?;
        // Lines are wrapped for people.
        let text = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = text.contains("error: ") && text.contains(words) && run.stderr.len() < 8_000;
        if run.code != 3 || !said {
            let text: String = run.stderr.chars().take(2_000).collect();
            wrong.push(format!("{name}: exit code {} without {words:?}\n{text}", run.code));
        }
        ensure!(small.world()? == before, "{name} touched something");
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    small.write(file, good)?;
    let run = expect(deploy(small)?, 0)?;
    ensure!(run.stdout.contains("unchanged"), "{}", run.stdout);
    small.serves("1")
}

#[test]
fn a_release_file_that_is_wrong_or_hostile() -> Result<()> {
    let small = Small::running("release")?;
    let good = small.release();
    let many = lines(0..12_000, |number| format!("[artifacts.a{number}]\nimage = \"x\"\nlocal = true"));
    refused(
        &small,
        "release.toml",
        &good,
        &[
            ("garbage", vec![0x7f, b'E', b'L', b'F', 0xff, 0, 0, 0xfe], "release.toml:1:5"),
            ("zeros", vec![0; 4096], "release.toml:1:"),
            (
                "a line of 10 MB",
                format!("{good}# {}", "x".repeat(10_000_000)).into_bytes(),
                "is larger than 1048576 bytes",
            ),
            ("arrays in arrays", format!("{good}x = {}", "[".repeat(500_000)).into_bytes(), "release.toml:"),
            ("tables in tables", format!("{good}{}a = 1", "a.".repeat(400_000)).into_bytes(), "release.toml:"),
            ("inline tables", format!("{good}x = {}", "{a=".repeat(300_000)).into_bytes(), "release.toml:"),
            ("12,000 artifacts", format!("{good}{many}").into_bytes(), "release.toml:"),
            ("a key twice", format!("{good}[strategy]\nplugin = \"other\"\n").into_bytes(), "release.toml:13:"),
            ("a plugin outside", good.replace("strategy-compose", "../../evil.wasm").into_bytes(), "release.toml:9:"),
            ("another application", good.replace(&small.name, "wlsmall-other").into_bytes(), "wlsmall-other"),
            ("nothing", Vec::new(), "release.toml:1:1"),
        ],
    )
}

#[test]
fn a_compose_file_that_is_wrong_or_hostile() -> Result<()> {
    let small = Small::running("compose")?;
    let good = small.compose();
    let laughs = lines(1..40, |n| format!("x-{n}: &l{n} [{}]", vec![format!("*l{}", n - 1); 9].join(", ")));
    let maps = lines(1..40, |n| format!("x-{n}: &l{n} {{ a: *l{p}, b: *l{p}, c: *l{p} }}", p = n - 1));
    let service = |name: &str, more: &str| format!("  {name}:\n    image: windlass-test/{}:1\n{more}", small.name);
    let services = |all: &[(&str, &str)]| {
        let all: String = all.iter().map(|(name, more)| service(name, more)).collect();
        format!("services:\n{all}").into_bytes()
    };
    refused(
        &small,
        "compose.yaml",
        &good,
        &[
            ("a billion laughs", format!("x-0: &l0 lol\n{laughs}{good}").into_bytes(), "is this an alias bomb?"),
            ("a billion maps", format!("x-0: &l0 lol\n{maps}{good}").into_bytes(), "is this an alias bomb?"),
            ("an alias of itself", format!("x-0: &l0 [*l0]\n{good}").into_bytes(), "compose.yaml:1:"),
            (
                "a line of 10 MB",
                format!("{good}# {}", "x".repeat(10_000_000)).into_bytes(),
                "is larger than 8388608 bytes",
            ),
            ("a text of 3 MB", format!("{good}x-a: {}", "x".repeat(3_000_000)).into_bytes(), "compose.yaml:11:"),
            ("lists in lists", format!("{good}x-a: {}", "[".repeat(1_000_000)).into_bytes(), "compose.yaml:11:"),
            ("maps in maps", format!("{good}x-a: {}", "{a: ".repeat(500_000)).into_bytes(), "compose.yaml:11:"),
            ("dashes", format!("{good}x-a:\n  {}", "- ".repeat(500_000)).into_bytes(), "compose.yaml:12:"),
            (
                "400,000 services",
                format!("services:\n{}", lines(0..400_000, |n| format!(" s{n}: {{}}"))).into_bytes(),
                "compose.yaml:",
            ),
            (
                "garbage",
                vec![0x7f, b'E', b'L', b'F', 0xff, 0, 0, 0xfe],
                "the file is not UTF-8 text from here on --> compose.yaml:1:5",
            ),
            ("zeros", vec![0; 4096], "compose.yaml:1:1"),
            ("control characters", b"services:\n  web:\n    image: \"\x1b[2J\"\n".to_vec(), "compose.yaml:3:"),
            ("not closed", b"services:\n  web: {image: \"x\n".to_vec(), "compose.yaml:"),
            ("a tab", b"services:\n\tweb:\n".to_vec(), "compose.yaml:2:"),
            (
                "dependencies in a circle",
                services(&[
                    ("a", "    depends_on: [b]\n"),
                    ("b", "    depends_on: [c]\n"),
                    ("c", "    depends_on: [a]\n"),
                ]),
                "compose.yaml:",
            ),
            ("a service that needs itself", services(&[("a", "    depends_on: [a]\n")]), "compose.yaml:4:"),
            (
                "extensions in a circle",
                services(&[("a", "    extends: {service: b}\n"), ("b", "    extends: {service: a}\n")]),
                "services extend each other in a circle",
            ),
            (
                "a file that includes itself",
                format!("include: [compose.yaml]\n{good}").into_bytes(),
                "compose.yaml:1:1",
            ),
            ("an unknown key", services(&[("a", "    imgae: x\n")]), "compose.yaml:4:"),
            (
                "endless variables",
                services(&[("a", &format!("    user: \"{}\"\n", "${A:-".repeat(10_000)))]),
                "compose.yaml:4:",
            ),
            ("nothing", Vec::new(), "compose.yaml"),
        ],
    )
}

#[test]
fn an_operators_file_that_is_wrong_or_hostile() -> Result<()> {
    let small = Small::running("operator")?;
    let path = small.host.root().join("agent.toml");
    let good = std::fs::read_to_string(&path)?;
    let before = small.world()?;
    let mut wrong = Vec::new();
    let with = |more: &str| format!("{good}{more}").into_bytes();
    for (name, content, words) in [
        ("garbage", vec![0x7f, b'E', b'L', b'F', 0xff, 0, 0, 0xfe], "agent.toml:1:5"),
        ("a line of 10 MB", with(&format!("# {}", "x".repeat(10_000_000))), "is larger than 1048576 bytes"),
        ("arrays in arrays", with(&format!("x = {}", "[".repeat(500_000))), "agent.toml:"),
        ("tables in tables", with(&format!("{}a = 1", "a.".repeat(400_000))), "agent.toml:"),
        ("30,000 grants", with(&"[[grants]]\nplugin = 1\n".repeat(30_000)), "agent.toml:17:10"),
        ("a key twice", with("[docker]\n"), "agent.toml:16:"),
        ("a relative socket", good.replace("unix:///var", "unix://var").into_bytes(), "agent.toml:6:"),
    ] {
        std::fs::write(&path, content)?;
        let run = deploy(&small)?;
        if run.code != 3 || !run.stderr.contains(words) || run.stderr.len() >= 8_000 {
            let text: String = run.stderr.chars().take(2_000).collect();
            wrong.push(format!("{name}: exit code {} without {words:?}\n{text}", run.code));
        }
        ensure!(small.world()? == before, "{name} touched something");
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    std::fs::write(&path, good)?;
    expect(deploy(&small)?, 0)?;
    small.serves("1")
}

/// The problems of a command's last JSON line: line, column and the beginning of the text.
fn problems(small: &Small) -> Result<Vec<String>> {
    let run = expect(small.host.run(["--json", "deploy", &small.name])?, 3)?;
    let line: Value = serde_json::from_str(run.stdout.lines().last().context("no answer")?)?;
    let told = |problem: &Value| {
        let text: String = problem["error"].as_str().unwrap_or_default().chars().take(24).collect();
        format!("{}:{}: {text}", problem["place"]["line"], problem["place"]["column"])
    };
    Ok(line["problems"].as_array().context("no problems")?.iter().map(told).collect())
}

/// What is shown of a file, with the file's directory left out.
fn shown(small: &Small, file: &std::path::Path) -> Result<String> {
    let run = expect(deploy(small)?, 3)?;
    Ok(run.stderr.replace(&format!("{}/", file.parent().context("no directory")?.display()), ""))
}

#[test]
fn all_mistakes_of_a_release_file_are_shown_at_once() -> Result<()> {
    let small = Small::running("mistakes")?;
    let before = small.world()?;
    let good = small.release();
    let wrong = good
        .replace("local = true", "local = \"yes\"")
        .replace("tag = \"1\"", "tga = \"1\"")
        .replace("[environments.uat]", "[checks.ready]\ndeadline = \"soon\"\n\n[environments.UAT]\nartifacts = {}");
    small.write("release.toml", &wrong)?;
    insta::assert_snapshot!(shown(&small, &small.directory().join("release.toml"))?, @r#"
    error: unknown key `tga`; the known keys here are `image`, `tag`, `version-file`, `digest`, `local`
     --> release.toml:5:1
      |
    5 | tga = "1"
      | ^^^
    hint: did you mean `tag`?
    error: invalid type: string "yes", expected a boolean
     --> release.toml:6:9
      |
    6 | local = "yes"
      |         ^^^^^
    error: the key `plugin` is missing
      --> release.toml:12:1
       |
    12 | [checks.ready]
       | ^^^^^^^^^^^^^^
    error: `soon` is not a duration; write `"500ms"`, `"15s"`, `"2m"` or `"1h 30m"`
      --> release.toml:13:12
       |
    13 | deadline = "soon"
       |            ^^^^^^
    error: `UAT` is not an environment's name: at most 63 lower-case letters, digits, `-` and `_`,
           beginning with a letter or a digit
      --> release.toml:15:1
       |
    15 | [environments.UAT]
       | ^^^^^^^^^^^^^^^^^^
    error: an environment has no key `artifacts`; the known keys here are `variables`, `secrets`,
           `policy`, `strategy`, `checks`, `smoke`, `recorders`, `watch`, `watch-every`,
           `on-watch-failure`, `on-drift`
      --> release.toml:16:1
       |
    16 | artifacts = {}
       | ^^^^^^^^^
    hint: `artifacts` is the same in every environment, so that the very same release can be promoted
    "#);
    insta::assert_snapshot!(problems(&small)?.join("\n"), @r#"
    5:1: unknown key `tga`; the k
    6:9: invalid type: string "ye
    12:1: the key `plugin` is miss
    13:12: `soon` is not a duration
    15:1: `UAT` is not an environm
    16:1: an environment has no ke
    "#);
    ensure!(small.world()? == before, "something was touched");
    small.write("release.toml", &good)?;
    expect(deploy(&small)?, 0)?;
    small.serves("1")
}

#[test]
fn all_mistakes_of_an_operators_file_are_shown_at_once() -> Result<()> {
    let small = Small::running("mistaken")?;
    let before = small.world()?;
    let path = small.host.root().join("agent.toml");
    let good = std::fs::read_to_string(&path)?;
    let more = "\n[[grants]]\nplugin = \"check-ours\"\nsecrets = [\"tokne\"]\ndocker-raed = true\n\n[secrets.token]\nfile = 5\n\n\
                [commands.restart]\npath = \"systemctl\"\n";
    std::fs::write(&path, format!("{good}{more}"))?;
    insta::assert_snapshot!(shown(&small, &path)?, @r#"
    error: there is no `[secrets.tokne]` in this file
      --> agent.toml:19:12
       |
    19 | secrets = ["tokne"]
       |            ^^^^^^^
    hint: did you mean `token`?
    error: unknown key `docker-raed`; the known keys here are `plugin`, `digest`, `applications`,
           `docker-read`, `docker-write`, `http`, `files`, `secrets`, `reveal`, `exec`, `registry`,
           `probe-tcp`, `state`
      --> agent.toml:20:1
       |
    20 | docker-raed = true
       | ^^^^^^^^^^^
    hint: did you mean `docker-read`?
    error: invalid type: integer `5`, expected a string
      --> agent.toml:23:8
       |
    23 | file = 5
       |        ^
    error: `systemctl` is not an absolute path
      --> agent.toml:26:8
       |
    26 | path = "systemctl"
       |        ^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(problems(&small)?.join("\n"), @r"
    19:12: there is no `[secrets.to
    20:1: unknown key `docker-raed
    23:8: invalid type: integer `5
    26:8: `systemctl` is not an ab
    ");
    ensure!(small.world()? == before, "something was touched");
    std::fs::write(&path, good)?;
    expect(deploy(&small)?, 0)?;
    small.serves("1")
}

#[test]
fn one_mistake_of_a_compose_file_is_shown_with_its_place() -> Result<()> {
    let small = Small::running("place")?;
    let before = small.world()?;
    let good = small.compose();
    small.write("compose.yaml", good.replace("ports:", "prots:"))?;
    let run = expect(deploy(&small)?, 3)?;
    insta::assert_snapshot!(run.stderr.lines().skip_while(|line| !line.starts_with("error:")).collect::<Vec<_>>().join("\n"), @"
    error: `services.web.prots`: Compose knows no key `prots` here
     --> compose.yaml:8:5
    hint: did you mean `ports`?
    ");
    // Later and for scripts, the place is there as well; the line is in no journal.
    let shown = expect(small.host.run(["show", "2"])?, 0)?.stdout;
    ensure!(shown.contains("\n --> compose.yaml:8:5\n") && !shown.contains("prots: ["), "{shown}");
    let told: Value = serde_json::from_str(&expect(small.host.run(["--json", "show", "2"])?, 0)?.stdout)?;
    let problem = &told["failure"]["details"]["problems"][0];
    ensure!((&problem["file"], &problem["line"], &problem["column"]) == (&"compose.yaml".into(), &8.into(), &5.into()));
    // Whoever asks at a terminal for a plan sees the line.
    let plan = expect(small.host.run(["plan", &small.name])?, 3)?;
    ensure!(plan.stderr.contains(" --> compose.yaml:8:5\n  |\n8 |     prots: ["), "{}", plan.stderr);
    let plan = expect(small.host.run(["--json", "plan", &small.name])?, 3)?;
    let told: Value = serde_json::from_str(plan.stdout.lines().last().context("no answer")?)?;
    let place = &told["place"];
    ensure!((&place["file"], &place["line"], &place["column"]) == (&"compose.yaml".into(), &8.into(), &5.into()));
    ensure!(small.world()? == before, "something was touched");
    small.write("compose.yaml", good)?;
    expect(deploy(&small)?, 0)?;
    small.serves("1")
}

#[test]
fn files_that_are_no_files() -> Result<()> {
    let small = Small::running("special")?;
    let before = small.world()?;
    let at = |name: &str| small.directory().join(name);
    let pipe = |name: &str| -> Result<()> {
        ensure!(Command::new("mkfifo").arg(at(name)).status()?.success(), "mkfifo failed");
        Ok(())
    };
    let answer = |name: &str, words: &str| -> Result<()> {
        let run = expect(deploy(&small)?, 3).with_context(|| name.to_owned())?;
        let text = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        ensure!(text.contains(words), "{name}: {}", run.stderr);
        ensure!(small.world()? == before, "{name} touched something");
        Ok(())
    };
    for (file, content) in [("release.toml", small.release()), ("compose.yaml", small.compose())] {
        std::fs::remove_file(at(file))?;
        pipe(file)?;
        answer(&format!("a pipe as {file}"), file)?;
        std::fs::remove_file(at(file))?;
        symlink("/dev/zero", at(file))?;
        answer(&format!("a device as {file}"), file)?;
        std::fs::remove_file(at(file))?;
        std::fs::create_dir(at(file))?;
        answer(&format!("a directory as {file}"), file)?;
        std::fs::remove_dir(at(file))?;
        small.write(file, content)?;
    }
    symlink("/etc/shadow", at("secrets.env"))?;
    answer("a link out of the directory", "secrets.env")?;
    std::fs::remove_file(at("secrets.env"))?;
    std::fs::File::create(at("dump"))?.set_len(50 << 30)?;
    answer("a file of 50 GiB", "dump")?;
    std::fs::remove_file(at("dump"))?;
    expect(deploy(&small)?, 0)?;
    small.serves("1")
}
