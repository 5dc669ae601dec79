//! A configuration that is not complete is refused, and a chat is told at an address that appears in no output and no
//! file.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use anyhow::Result;
use windlass_tests::{Small, expect};

const HOOK: &str = "T0/B0/told-to-nobody-22";

/// Says the first line of every request that it answers.
fn server() -> Result<(String, Receiver<String>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}", listener.local_addr()?);
    let (tell, told) = channel();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let Ok(other) = stream.try_clone() else { continue };
            let mut lines = BufReader::new(other).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            for line in lines {
                if line.is_empty() {
                    break;
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
            let _ = tell.send(first);
        }
    });
    Ok((address, told))
}

/// Every file below a directory that holds a text.
fn holding(directory: &Path, text: &str, found: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let kind = path.symlink_metadata()?.file_type();
        if kind.is_dir() {
            holding(&path, text, found)?;
        } else if kind.is_file() && fs::read(&path)?.windows(text.len()).any(|part| part == text.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    Ok(())
}

#[test]
fn what_is_complete_is_deployed_and_told_at_a_secret_address() -> Result<()> {
    let small = Small::set("told")?;
    let (address, told) = server()?;
    let secret = small.host.root().join("hook");
    fs::write(&secret, HOOK)?;
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
    small.operator(&format!(
        "[secrets.hook]\nfile = \"{}\"\n[[grants]]\nplugin = \"recorder-webhook\"\nsecrets = [\"hook\"]\n\
         http = [{{ to = \"{address}\", addresses = [\"127.0.0.1\"], secrets = [\"hook\"] }}]\n",
        secret.display()
    ))?;
    let release = format!(
        "{}\n[checks.config]\nplugin = \"check-config\"\n[checks.config.with]\nfiles = [{{ path = \"app.env\", values = \
         {{ SMTP_HOST = {{ kind = \"host\" }} }} }}]\n[recorders.chat]\nplugin = \"recorder-webhook\"\n\
         [recorders.chat.with]\nurl = \"{address}/services/{{secret:hook}}\"\ntemplate = \"slack\"\non = [\"succeeded\"]\n",
        small.release()
    );
    small.write("release.toml", release)?;
    small.write("app.env", "SMTP_HOST=<your-host>\n")?;
    let mut said = expect(small.deploy(&[])?, 10)?.stderr;
    assert!(said.contains("app.env:1:1: `SMTP_HOST` is not a host"), "{said}");
    assert!(small.world()?.is_empty(), "nothing was touched");

    small.write("app.env", "SMTP_HOST=mail.example.org\n")?;
    let run = expect(small.deploy(&[])?, 0)?;
    small.serves("1")?;
    said = format!("{said}{}{}", run.stdout, run.stderr);
    assert!(!said.contains("delivery"), "{said}");
    // The refused deployment is not among what was asked for.
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [format!("POST /services/{HOOK} HTTP/1.1")]);

    for arguments in [vec!["show", &small.name], vec!["logs", &small.name], vec!["history", &small.name]] {
        let run = small.host.run(arguments)?;
        said = format!("{said}{}{}", run.stdout, run.stderr);
    }
    assert!(!said.contains(HOOK), "{said}");
    let mut found = Vec::new();
    holding(&small.state, HOOK, &mut found)?;
    assert!(found.is_empty(), "the secret's value is in {found:?}");
    Ok(())
}
