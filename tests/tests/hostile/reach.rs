//! Reaching for what was not granted.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::symlink;

use anyhow::{Context as _, Result, anyhow};
use serde_json::json;

use crate::hostile::support::Yard;

const GRANT: &str = "[[grants]]\nplugin = \"hostile-check\"\ndigest = \"DIGEST\"\n";

#[tokio::test]
async fn nothing_is_there_without_a_grant() -> Result<()> {
    let yard = Yard::new()?;
    let plugin = yard.check().await?;
    let report = plugin.check(yard.call(&plugin, json!({"do": "look-around"}))?).await;
    assert_eq!(report.map_err(|failure| anyhow!(failure.message))?.summary, "saw []");
    Ok(())
}

#[tokio::test]
async fn a_denial_says_what_to_add() -> Result<()> {
    let yard = Yard::new()?;
    for (with, grant) in [
        (json!({"do": "secret", "name": "token"}), "secrets = [\"token\"]"),
        (json!({"do": "exec", "command": "shell", "arguments": []}), "exec = [\"shell\"]"),
    ] {
        let failure = yard.failure_of(with).await?;
        assert_eq!(failure.code, "capability-denied");
        assert!(failure.message.contains("hostile-check"), "{}", failure.message);
        let details = failure.details.unwrap_or_default();
        assert!(details["grant"].as_str().unwrap_or_default().contains(grant), "{details}");
    }
    Ok(())
}

#[tokio::test]
async fn a_denial_that_the_plugin_hides_is_told_all_the_same() -> Result<()> {
    let failure = Yard::new()?.failure_of(json!({"do": "hide-denial"})).await?;
    assert_eq!(failure.code, "plugin:sad");
    let details = failure.details.unwrap_or_default();
    assert!(details["denied"][0].as_str().is_some_and(|text| text.contains("not-granted")), "{details}");
    assert!(details["grant"].as_str().is_some_and(|text| text.contains("secrets = [\"not-granted\"]")), "{details}");
    Ok(())
}

#[tokio::test]
async fn a_program_that_others_could_have_put_there_is_not_run() -> Result<()> {
    let yard = Yard::with(&format!("[commands.ours]\npath = \"DIRECTORY/bin/ours\"\n{GRANT}exec = [\"ours\"]\n"))?;
    let directory = yard.directory.path().join("bin");
    fs::create_dir(&directory)?;
    symlink("/bin/true", directory.join("ours"))?;
    // The directory of a test is in /tmp, where every user can create a name first.
    let failure = yard.failure_of(json!({"do": "exec", "command": "ours", "arguments": []})).await?;
    assert!(failure.message.contains("can write `/"), "{}", failure.message);
    assert!(failure.message.contains("is not trusted"), "{}", failure.message);
    Ok(())
}

#[tokio::test]
async fn files_cannot_be_left() -> Result<()> {
    let yard = Yard::with(&format!(
        "{GRANT}files = [{{ root = \"records\", path = \"DIRECTORY/records\", write = true }}]\n"
    ))?;
    fs::write(yard.records().join("inside"), "inside")?;
    fs::write(yard.directory.path().join("outside"), "outside")?;
    symlink("../outside", yard.records().join("link"))?;
    symlink("/etc/passwd", yard.records().join("absolute-link"))?;
    symlink("..", yard.records().join("directory-link"))?;
    let paths = [
        "../outside",
        "a/../../outside",
        "/etc/passwd",
        "link",
        "absolute-link",
        "directory-link/outside",
        "/proc/self/environ",
        "../../../../../../proc/self/environ",
    ];
    for behaviour in ["read-files", "write-files"] {
        let findings = yard.findings_of(json!({"do": behaviour, "root": "records", "paths": paths})).await?;
        for finding in &findings {
            assert!(finding.contains(": capability-denied: "), "{behaviour}: {finding}");
        }
        assert_eq!(findings.len(), paths.len());
    }
    assert_eq!(fs::read_to_string(yard.directory.path().join("outside"))?, "outside");
    let inside = yard.findings_of(json!({"do": "read-files", "root": "records", "paths": ["inside"]})).await?;
    assert_eq!(inside, ["inside: inside"]);
    let other = yard.findings_of(json!({"do": "read-files", "root": "elsewhere", "paths": ["inside"]})).await?;
    assert!(other[0].contains("capability-denied"), "{other:?}");
    let bundle = yard.findings_of(json!({"do": "write-files", "root": "bundle", "paths": ["new"]})).await?;
    assert!(bundle[0].contains("capability-denied"), "{bundle:?}");
    Ok(())
}

/// A server that answers every request with the same head, and says where it listens.
fn server(answer: &'static str) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = [0_u8; 4096];
            let read = stream.read(&mut request).unwrap_or(0);
            let asked = String::from_utf8_lossy(&request[..read]).replace("\r\n", "|");
            let body = if answer.contains("{asked}") { asked } else { String::new() };
            let head = answer.replace("{asked}", "");
            let _ = write!(stream, "{head}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        }
    });
    Ok(port)
}

#[tokio::test]
async fn http_reaches_only_what_is_granted() -> Result<()> {
    let port = server("HTTP/1.1 200 OK\r\n{asked}")?;
    let elsewhere = server("HTTP/1.1 200 OK\r\n")?;
    let moving = server("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\n")?;
    let grant = format!(
        "{GRANT}http = [\n\
         {{ to = \"http://127.0.0.1:{port}\", addresses = [\"127.0.0.0/8\"] }},\n\
         {{ to = \"http://127.0.0.1:{moving}\", addresses = [\"127.0.0.0/8\"] }},\n\
         {{ to = \"http://localhost:{port}\" }},\n]\n"
    );
    let yard = Yard::with(&grant)?;
    let ask = async |url: String| {
        let findings = yard.findings_of(json!({"do": "http", "urls": [url.clone()]})).await?;
        findings[0].strip_prefix(&format!("{url}: ")).map(str::to_owned).context("another finding")
    };
    let granted = ask(format!("http://127.0.0.1:{port}/")).await?;
    assert!(granted.starts_with("200 GET / HTTP/1.1|"), "{granted}");
    // Another host, another port, the cloud's metadata, a granted name that means this very machine.
    for url in [
        "http://example.com/".to_owned(),
        format!("http://127.0.0.1:{elsewhere}/"),
        format!("https://127.0.0.1:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        format!("http://localhost:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://2130706433:{elsewhere}/"),
    ] {
        let answer = ask(url.clone()).await?;
        assert!(answer.starts_with("capability-denied: "), "{url}: {answer}");
    }
    // A redirect is an answer, and the host does not follow it.
    let answer = ask(format!("http://127.0.0.1:{moving}/")).await?;
    assert!(answer.starts_with("302"), "{answer}");
    assert!(yard.said().contains("169.254.169.254"), "each request leaves a line: {}", yard.said());
    Ok(())
}

#[tokio::test]
async fn a_secret_is_told_nobody() -> Result<()> {
    let value = "correct-horse-battery";
    let agent =
        format!("[secrets.token]\nfile = \"DIRECTORY/token\"\n{GRANT}secrets = [\"token\"]\nreveal = [\"token\"]\n");
    let yard = Yard::with(&agent)?;
    let path = yard.directory.path().join("token");
    fs::write(&path, value)?;
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let plugin = yard.check().await?;
    let call = yard.call(&plugin, json!({"do": "secret", "name": "token"}))?;
    let report = plugin.check(call).await.map_err(|failure| anyhow!(failure.message))?;
    let told = format!("{}\n{}", serde_json::to_string(&report)?, yard.said());
    assert!(!told.contains(value), "{told}");
    for place in ["log: ", "progress: ", "stdout: ", "stderr: "] {
        assert!(yard.said().contains(&format!("{place}{{{{windlass.secret:token@")), "{}", yard.said());
    }
    let failure = yard.failure_of(json!({"do": "panic", "text": format!("the token is {value}")})).await?;
    assert!(!serde_json::to_string(&failure)?.contains(value), "{}", failure.message);
    assert!(failure.message.contains("the token is {{windlass.secret:token@"), "{}", failure.message);
    Ok(())
}

#[tokio::test]
async fn a_secret_reaches_the_server_that_it_is_for_and_nobody_else() -> Result<()> {
    let value = "correct-horse-battery";
    // A server that sends back what it was sent, and one that the secret is not for.
    let (port, other) = (server("HTTP/1.1 200 OK\r\n{asked}")?, server("HTTP/1.1 200 OK\r\n{asked}")?);
    let yard = Yard::with(&format!(
        "[secrets.token]\nfile = \"DIRECTORY/token\"\n{GRANT}secrets = [\"token\"]\nhttp = [\n\
         {{ to = \"http://127.0.0.1:{port}\", addresses = [\"127.0.0.0/8\"], secrets = [\"token\"] }},\n\
         {{ to = \"http://127.0.0.1:{other}\", addresses = [\"127.0.0.0/8\"] }},\n]\n"
    ))?;
    let path = yard.directory.path().join("token");
    fs::write(&path, value)?;
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let urls = [port, other].map(|port| format!("http://127.0.0.1:{port}/"));
    // In an address, and in the places of one that say which server it is.
    let more = [
        format!("http://127.0.0.1:{port}/hook/{{secret}}?key={{secret}}"),
        format!("http://127.0.0.1:{other}/hook/{{secret}}"),
        format!("http://{{secret}}/?at={port}"),
        format!("http://{{secret}}@127.0.0.1:{other}/"),
    ];
    let urls: Vec<String> = urls.into_iter().chain(more).collect();
    let findings = yard.findings_of(json!({"do": "http", "urls": urls, "secret": "token"})).await?;
    // What the first one sent back comes without the value again, which only it can have known.
    assert!(findings[0].contains("200 GET / HTTP/1.1|"), "{findings:?}");
    assert!(findings[0].contains("Bearer {{windlass.secret:token@"), "{findings:?}");
    assert!(findings[1].contains("capability-denied: "), "{findings:?}");
    assert!(findings[2].contains("200 GET /hook/{{windlass.secret:token@"), "{findings:?}");
    assert!(findings[3].contains("capability-denied: "), "{findings:?}");
    assert!(findings[4..].iter().all(|finding| !finding.contains("200 GET")), "{findings:?}");
    let said = yard.said();
    assert!(said.contains(&format!("http GET http://127.0.0.1:{port}/hook/{{{{windlass.secret:token@")), "{said}");
    assert!(!format!("{findings:?}{said}").contains(value), "{findings:?}");
    Ok(())
}

#[tokio::test]
async fn a_plugin_itself_does_not_see_a_secret_that_a_server_gives_back() -> Result<()> {
    let value = "correct-horse-battery";
    let port = server("HTTP/1.1 200 OK\r\n{asked}")?;
    let yard = Yard::with(&format!(
        "[secrets.token]\nfile = \"DIRECTORY/token\"\n{GRANT}secrets = [\"token\"]\nhttp = [\n\
         {{ to = \"http://127.0.0.1:{port}\", addresses = [\"127.0.0.0/8\"], secrets = [\"token\"] }},\n]\n"
    ))?;
    let path = yard.directory.path().join("token");
    fs::write(&path, value)?;
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let urls = [format!("http://127.0.0.1:{port}/?{{secret}}")];
    let with = json!({"do": "http", "urls": urls, "secret": "token", "backwards": true});
    let findings = yard.findings_of(with).await?;
    let told: String = findings[0].chars().rev().collect();
    assert!(told.contains("Bearer {{windlass.secret:token@") && !told.contains(value), "{told}");
    Ok(())
}
