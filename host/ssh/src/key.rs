//! Public keys and certificates of OpenSSH, as far as one is named: its kind, its fingerprint, and what a certificate certifies.
//!
//! Nothing is verified: sshd did that before a forced command runs. Bytes are read all the same as though anybody had sent them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};
use windlass_foundation::explain::{ExitCode, Explain};

/// The kinds of keys, each with the number of texts in one after its kind (RFC 4253, RFC 5656, RFC 8709, PROTOCOL.u2f).
const KINDS: &[(&str, usize)] = &[
    ("ssh-ed25519", 1),
    ("ssh-rsa", 2),
    ("ssh-dss", 4),
    ("ecdsa-sha2-nistp256", 2),
    ("ecdsa-sha2-nistp384", 2),
    ("ecdsa-sha2-nistp521", 2),
    ("sk-ssh-ed25519@openssh.com", 2),
    ("sk-ecdsa-sha2-nistp256@openssh.com", 3),
];

/// How the kind of a certificate ends (PROTOCOL.certkeys).
const CERTIFICATE: &str = "-cert-v01@openssh.com";

/// The most characters of a key in Base64: an RSA key of 16384 bits has 2,800, a certificate with many principals some thousands.
const LONGEST: usize = 32 * 1024;

/// The most characters of a certificate's id.
const LONGEST_ID: usize = 128;

/// Why something is no key that can be named.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyError {
    /// It is not a kind, a blank, and Base64.
    #[error("it is no public key: a kind such as `ssh-ed25519`, a blank, and the key in Base64")]
    NoKey,
    /// A private key was named.
    #[error("it is a private key, which belongs on no host but its owner's")]
    Private,
    /// A certificate was named where a key is meant.
    #[error("it is a certificate, and not a key")]
    Certificate,
    /// A kind that is not known here.
    #[error("`{kind}` is no kind of key that is known here")]
    Kind {
        /// What it calls itself.
        kind: String,
    },
    /// Its bytes are not those of its kind.
    #[error("the bytes of the key are not those of `{kind}`")]
    Bytes {
        /// What it calls itself.
        kind: &'static str,
    },
    /// What its authority calls the certificate is not written into any record.
    #[error(
        "the certificate's id is not made of letters, digits, `.`, `_`, `-`, `+` and `@`, at most {LONGEST_ID}, the first a \
         letter or digit"
    )]
    Id,
}

impl Explain for KeyError {
    fn exit(&self) -> ExitCode {
        ExitCode::Configuration
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Private => Some("name the public key: the file whose name ends with `.pub`".to_owned()),
            Self::Certificate => Some(
                "a certificate needs no line of its own: its authority has one, with `cert-authority` (docs/ssh.md)"
                    .to_owned(),
            ),
            Self::Id => Some("the authority chooses it: `ssh-keygen -s CA -I alice@ci …`".to_owned()),
            Self::NoKey | Self::Kind { .. } | Self::Bytes { .. } => None,
        }
    }
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    kind: &'static str,
    bytes: Vec<u8>,
}

impl PublicKey {
    /// Reads the line of a file such as `id_ed25519.pub`; its comment is dropped.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(text: &str) -> Result<Self, KeyError> {
        if text.contains("-----BEGIN ") {
            return Err(KeyError::Private);
        }
        let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let (Some(line), None) = (lines.next(), lines.next()) else { return Err(KeyError::NoKey) };
        let mut words = line.split_ascii_whitespace();
        let (Some(kind), Some(base64)) = (words.next(), words.next()) else { return Err(KeyError::NoKey) };
        let presented = Presented::read(kind, base64)?;
        if presented.authority.is_some() { Err(KeyError::Certificate) } else { Ok(presented.key) }
    }

    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.bytes)
    }

    /// Whether this Base64 is the key, however it is filled up at its end.
    pub(crate) fn is(&self, base64: &[u8]) -> bool {
        base64.len() <= LONGEST && decoded(base64).is_some_and(|bytes| bytes == self.bytes)
    }
}

/// As in `authorized_keys`.
impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind, STANDARD.encode(&self.bytes))
    }
}

/// What a client proved to have: a key, alone or in a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// The key.
    pub key: PublicKey,
    /// What its authority calls the certificate. None without one, and where it has no id.
    pub id: Option<String>,
    /// The authority's key, `SHA256:…`. None without a certificate.
    pub authority: Option<String>,
}

impl Presented {
    /// Reads a kind and Base64.
    ///
    /// # Errors
    /// Why they are no key and no certificate.
    pub fn read(kind: &str, base64: &str) -> Result<Self, KeyError> {
        let certified = kind.strip_suffix(CERTIFICATE);
        let is_kind = |known: &str| match certified {
            Some(begins) => known.strip_suffix("@openssh.com").unwrap_or(known) == begins,
            None => known == kind,
        };
        let Some(&(known, texts)) = KINDS.iter().find(|(known, _)| is_kind(known)) else {
            let kind = kind.chars().take(60).collect::<String>().escape_debug().to_string();
            return Err(KeyError::Kind { kind });
        };
        let wrong = KeyError::Bytes { kind: known };
        if base64.len() > LONGEST {
            return Err(wrong);
        }
        let Some(bytes) = decoded(base64.as_bytes()) else { return Err(KeyError::NoKey) };
        let read = match certified {
            None => plain(&bytes, kind, texts).map(|()| (bytes.clone(), None)),
            Some(_) => certificate(&bytes, kind, known, texts).map(|(key, of)| (key, Some(of))),
        };
        let Some((bytes, certificate)) = read else { return Err(wrong) };
        let id = certificate.as_ref().map(|it| named(it.id)).transpose()?.flatten();
        let authority = certificate.map(|it| fingerprint(it.authority));
        Ok(Self { key: PublicKey { kind: known, bytes }, id, authority })
    }
}

/// `SHA256:…` of a key's bytes.
fn fingerprint(bytes: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(bytes)))
}

/// A certificate's id; none where its authority gave it none. The authority's user chose it, and it goes into the record.
fn named(id: &[u8]) -> Result<Option<String>, KeyError> {
    let good = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-+@".contains(byte);
    match id.first() {
        None => Ok(None),
        Some(first) if first.is_ascii_alphanumeric() && id.len() <= LONGEST_ID && id.iter().all(good) => {
            String::from_utf8(id.to_vec()).map(Some).map_err(|_| KeyError::Id)
        }
        Some(_) => Err(KeyError::Id),
    }
}

fn decoded(base64: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(base64).or_else(|_| STANDARD_NO_PAD.decode(base64)).ok()
}

/// Whether the bytes are this kind and so many texts, and nothing more.
fn plain(bytes: &[u8], kind: &str, texts: usize) -> Option<()> {
    let (found, mut rest) = text(bytes)?;
    for _ in 0..texts {
        rest = text(rest)?.1;
    }
    (found == kind.as_bytes() && rest.is_empty()).then_some(())
}

/// What a certificate says besides its key.
struct Certified<'a> {
    id: &'a [u8],
    /// The bytes of the authority's key.
    authority: &'a [u8],
}

/// The bytes of the key that is certified, and who says so. After its kind come a nonce, the texts of the key, a number of eight
/// bytes, a type of four, the id, the principals, two times of eight bytes, options, extensions, nothing, the authority's key and its
/// signature.
fn certificate<'a>(bytes: &'a [u8], kind: &str, certified: &str, texts: usize) -> Option<(Vec<u8>, Certified<'a>)> {
    let (found, rest) = text(bytes)?;
    if found != kind.as_bytes() {
        return None;
    }
    let begin = text(rest)?.1;
    let mut rest = begin;
    for _ in 0..texts {
        rest = text(rest)?.1;
    }
    let of_key = begin.get(..begin.len() - rest.len())?;
    let (id, rest) = text(rest.get(12..)?)?;
    let (_principals, rest) = text(rest)?;
    let mut rest = rest.get(16..)?;
    for _ in ["options", "extensions", "reserved"] {
        rest = text(rest)?.1;
    }
    let (authority, rest) = text(rest)?;
    let (_signature, rest) = text(rest)?;
    if authority.is_empty() || !rest.is_empty() {
        return None;
    }
    let length = u32::try_from(certified.len()).ok()?.to_be_bytes();
    Some(([&length[..], certified.as_bytes(), of_key].concat(), Certified { id, authority }))
}

/// A text with its length before it, and what follows (RFC 4251, 5).
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::*;

    /// Runs `ssh-keygen`; none where it is not installed.
    fn keygen(arguments: &[&str], directory: &Path) -> Option<String> {
        let output = Command::new("ssh-keygen").args(arguments).current_dir(directory).output().ok()?;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8(output.stdout).unwrap())
    }

    fn presented(line: &str) -> Result<Presented, KeyError> {
        let mut words = line.split_ascii_whitespace();
        Presented::read(words.next().unwrap(), words.next().unwrap())
    }

    #[test]
    fn every_kind_of_key_and_certificate_has_the_fingerprint_that_openssh_gives_it() {
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path();
        let made = keygen(&["-q", "-t", "ed25519", "-N", "", "-f", "ca"], here);
        if made.is_none() {
            return;
        }
        for (kind, bits) in [("ed25519", ""), ("rsa", "2048"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521")] {
            let name = format!("{kind}{bits}");
            let bits = if bits.is_empty() { vec![] } else { vec!["-b", bits] };
            keygen(&[&["-q", "-t", kind, "-N", "", "-C", "a comment", "-f", &name][..], &bits].concat(), here);
            let public = std::fs::read_to_string(here.join(format!("{name}.pub"))).unwrap();
            let printed = keygen(&["-l", "-f", &format!("{name}.pub")], here).unwrap();
            let key = PublicKey::read(&public).unwrap();
            assert_eq!(Some(key.fingerprint().as_str()), printed.split(' ').nth(1));
            assert!(public.starts_with(&key.to_string()), "{key}");
            assert!(key.is(public.split(' ').nth(1).unwrap().trim_end_matches('=').as_bytes()));

            keygen(&["-q", "-s", "ca", "-I", "alice@ci", "-n", "deploy", &format!("{name}.pub")], here);
            let certificate = std::fs::read_to_string(here.join(format!("{name}-cert.pub"))).unwrap();
            let presented = presented(&certificate).unwrap();
            assert_eq!((&presented.key, presented.id.as_deref()), (&key, Some("alice@ci")));
            let authority = keygen(&["-l", "-f", "ca.pub"], here).unwrap();
            assert_eq!(presented.authority.as_deref(), authority.split(' ').nth(1));
            assert_eq!(PublicKey::read(&certificate), Err(KeyError::Certificate));
            assert_eq!(PublicKey::read(&std::fs::read_to_string(here.join(&name)).unwrap()), Err(KeyError::Private));
        }
        for (id, expected) in [
            ("", Ok(None)),
            ("alice@ci-2.example_x+1", Ok(Some("alice@ci-2.example_x+1".to_owned()))),
            ("-oProxyCommand", Err(KeyError::Id)),
            ("alice ci", Err(KeyError::Id)),
            ("alice\nroot", Err(KeyError::Id)),
            ("$(id)", Err(KeyError::Id)),
            ("zwöi", Err(KeyError::Id)),
            (&"a".repeat(129), Err(KeyError::Id)),
        ] {
            keygen(&["-q", "-s", "ca", "-I", id, "-n", "deploy", "ed25519.pub"], here);
            let certificate = std::fs::read_to_string(here.join("ed25519-cert.pub")).unwrap();
            assert_eq!(presented(&certificate).map(|it| it.id), expected, "{id:?}");
        }
    }

    /// Made of texts, because it needs a device.
    #[test]
    fn keys_of_security_devices_are_read() {
        let texts = |texts: &[&[u8]]| -> Vec<u8> {
            let one = |text: &&[u8]| [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text].concat();
            texts.iter().flat_map(one).collect()
        };
        for (kind, begins, rest) in [
            ("sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519", &[&b"point"[..], b"ssh:"][..]),
            ("sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256", &[b"nistp256", b"point", b"ssh:"]),
        ] {
            let plain = texts(&[&[kind.as_bytes()], rest].concat());
            let key = Presented::read(kind, &STANDARD.encode(&plain)).unwrap().key;
            assert_eq!(key.bytes, plain);
            let certificate = format!("{begins}{CERTIFICATE}");
            let mut bytes = texts(&[&[certificate.as_bytes(), b"nonce"], rest].concat());
            bytes.extend([0; 12]);
            bytes.extend(texts(&[b"bob", b"principals"]));
            bytes.extend([0; 16]);
            bytes.extend(texts(&[b"options", b"extensions", b"", b"authority", b"signature"]));
            for cut in 1..80 {
                let cut = STANDARD.encode(&bytes[..bytes.len() - cut]);
                assert!(Presented::read(&certificate, &cut).is_err());
            }
            let read = Presented::read(&certificate, &STANDARD.encode(&bytes)).unwrap();
            assert_eq!((read.key, read.id.as_deref()), (key, Some("bob")));
        }
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        let key = "AAAAC3NzaC1lZDI1NTE5AAAAIJ5AXcRAKsV9HMmcDVC+CgYYyjELuV0NSIHpbsDs9rPl";
        assert!(PublicKey::read(&format!("ssh-ed25519 {key}")).is_ok());
        for (line, error) in [
            (String::new(), KeyError::NoKey),
            ("ssh-ed25519".to_owned(), KeyError::NoKey),
            ("ssh-ed25519 !!!".to_owned(), KeyError::NoKey),
            (format!("ssh-ed25519 {key}\nssh-ed25519 {key}"), KeyError::NoKey),
            (format!("restrict ssh-ed25519 {key}"), KeyError::Kind { kind: "restrict".to_owned() }),
            (format!("ssh-rsa {key}"), KeyError::Bytes { kind: "ssh-rsa" }),
            (format!("ssh-ed25519 {}", &key[..60]), KeyError::Bytes { kind: "ssh-ed25519" }),
            (format!("ssh-ed25519-cert-v01@openssh.com {key}"), KeyError::Bytes { kind: "ssh-ed25519" }),
            (format!("ssh-ed25519 {}", "A".repeat(LONGEST + 4)), KeyError::Bytes { kind: "ssh-ed25519" }),
            ("ssh-ed25519 /////w==".to_owned(), KeyError::Bytes { kind: "ssh-ed25519" }),
        ] {
            let found = PublicKey::read(&line).unwrap_err();
            assert_eq!(found, error, "{line}");
            assert!(!found.to_string().contains("AAAA"));
        }
    }
}
