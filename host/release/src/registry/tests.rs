//! Registries: real ones from Debian; `scripted` has what no real one can be made to do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use windlass_foundation::explain::Explain as _;
use windlass_stage::Registry;

use super::*;

#[path = "tests/scripted.rs"]
mod scripted;

/// `release:open sesame`, as `htpasswd -B` writes it.
const HTPASSWD: &str = "release:$2b$04$sgbaB5Uj8KPl8JQCAZ74Z.XzZFAtnkYWlMj4McYFLfsqg.H6TsGCi\n";

const IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn plain(registry: &str, credentials: Option<Credentials>) -> Registries {
    let access = Access { plain_http: true, credentials, ..Access::default() };
    Registries::new(BTreeMap::from([(registry.to_owned(), access)]), None)
}

fn reference(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

/// An error as a person sees it, with the registry's address replaced.
fn shown(error: &RegistryError, registry: &str) -> String {
    let mut text = format!("error: {error}");
    if let Some(source) = std::error::Error::source(error) {
        text = format!("{text}\ncaused by: {source}");
    }
    if let Some(hint) = error.hint() {
        text = format!("{text}\nhint: {hint}");
    }
    let failure = error.failure();
    text = format!("{text}\n{:?}, {}, retryable: {}", error.exit(), failure.code, failure.retryable);
    text.replace(registry, "REGISTRY")
}

async fn refusal(registries: &Registries, registry: &str, name: &str) -> String {
    let error = registries.resolve(&reference(&format!("{registry}/{name}"))).await.unwrap_err();
    shown(&error, registry)
}

fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(content)))
}

/// Pushes to a real registry through the distribution specification's requests.
struct Pusher {
    client: reqwest::Client,
    base: String,
    password: Option<&'static str>,
}

impl Pusher {
    fn new(registry: &str) -> Self {
        let access = Access { plain_http: true, ..Access::default() };
        let client = transport::client(registry, &access).unwrap();
        Self { client, base: format!("http://{registry}/v2"), password: None }
    }

    fn request(&self, method: reqwest::Method, url: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, url);
        match self.password {
            Some(password) => request.basic_auth("release", Some(password)),
            None => request,
        }
    }

    async fn blob(&self, repository: &str, content: Vec<u8>) -> Value {
        let (name, size) = (digest(&content), content.len());
        let start = format!("{}/{repository}/blobs/uploads/", self.base);
        let started = self.request(reqwest::Method::POST, &start).send().await.unwrap();
        let location = started.headers()["location"].to_str().unwrap().to_owned();
        let put = self.request(reqwest::Method::PUT, &format!("{location}&digest={name}"));
        let done = put.header("content-type", "application/octet-stream").body(content).send().await.unwrap();
        assert_eq!(done.status(), 201, "{}", done.text().await.unwrap());
        json!({"mediaType": "application/octet-stream", "digest": name, "size": size})
    }

    async fn manifest(&self, repository: &str, tag: &str, media_type: &str, mut content: Value) -> Value {
        content["schemaVersion"] = json!(2);
        content["mediaType"] = json!(media_type);
        let body = content.to_string();
        let descriptor = json!({"mediaType": media_type, "digest": digest(body.as_bytes()), "size": body.len()});
        let put = self.request(reqwest::Method::PUT, &format!("{}/{repository}/manifests/{tag}", self.base));
        let done = put.header("content-type", media_type).body(body).send().await.unwrap();
        assert_eq!(done.status(), 201, "{}", done.text().await.unwrap());
        descriptor
    }

    async fn image(&self, repository: &str, tag: &str, platform: Value) -> Value {
        let mut configuration = platform;
        configuration["config"] = json!({"Labels": {"tag": tag}});
        let mut config = self.blob(repository, configuration.to_string().into_bytes()).await;
        config["mediaType"] = json!("application/vnd.docker.container.image.v1+json");
        let mut layer = self.blob(repository, b"not really a layer".to_vec()).await;
        layer["mediaType"] = json!("application/vnd.docker.image.rootfs.diff.tar.gzip");
        self.manifest(repository, tag, IMAGE, json!({"config": config, "layers": [layer]})).await
    }
}

#[tokio::test]
async fn resolves_an_image_and_an_index_by_tag_and_by_digest() {
    let server = Registry::start().unwrap();
    let registry = server.address();
    let pusher = Pusher::new(&registry);
    let amd64 = json!({"os": "linux", "architecture": "amd64"});
    let arm = json!({"os": "linux", "architecture": "arm", "variant": "v7"});
    let one = pusher.image("kudos/backend", "v1", amd64.clone()).await;
    let other = pusher.image("kudos/backend", "v1-arm", arm.clone()).await;
    let with = |mut descriptor: Value, platform: Value| {
        descriptor["platform"] = platform;
        descriptor
    };
    let manifests = [
        with(other, arm),
        with(one.clone(), amd64),
        with(one.clone(), json!({"os": "unknown", "architecture": "unknown"})),
    ];
    let index = pusher.manifest("kudos/backend", "v2", INDEX, json!({ "manifests": manifests })).await;

    let registries = plain(&registry, None);
    let image = registries.resolve(&reference(&format!("{registry}/kudos/backend:v1"))).await.unwrap();
    assert_eq!(
        image,
        RemoteImage {
            repository: format!("{registry}/kudos/backend"),
            digest: one["digest"].as_str().unwrap().to_owned(),
            media_type: IMAGE.into(),
            platforms: vec!["linux/amd64".into()],
        }
    );
    let by_digest = reference(&format!("{registry}/kudos/backend@{}", image.digest));
    assert_eq!(registries.resolve(&by_digest).await.unwrap(), image);
    let list = registries.resolve(&reference(&format!("{registry}/kudos/backend:v2"))).await.unwrap();
    assert_eq!(list.digest, index["digest"].as_str().unwrap());
    assert_eq!((list.media_type.as_str(), list.platforms), (INDEX, vec!["linux/amd64".into(), "linux/arm/v7".into()]));
}

#[tokio::test]
async fn says_what_is_not_there_and_what_is() {
    let server = Registry::start().unwrap();
    let registry = server.address();
    let pusher = Pusher::new(&registry);
    for number in 1..=12 {
        pusher.image("kudos/backend", &format!("v1.{number}"), json!({"os": "linux", "architecture": "amd64"})).await;
    }
    let registries = plain(&registry, None);
    insta::assert_snapshot!(refusal(&registries, &registry, "kudos/backend:v1.3x").await, @"
    error: `REGISTRY/kudos/backend` has no tag `v1.3x`
    hint: tags that are there: `v1.3`, `v1.1`, `v1.10`, `v1.11`, `v1.12`, `v1.2`, `v1.4`, `v1.5`, `v1.6`, `v1.7`
    NotFound, not-found, retryable: false
    ");
    insta::assert_snapshot!(refusal(&registries, &registry, "kudos/backend").await, @"
    error: `REGISTRY/kudos/backend` has no tag `latest`
    hint: tags that are there: `v1.1`, `v1.10`, `v1.11`, `v1.12`, `v1.2`, `v1.3`, `v1.4`, `v1.5`, `v1.6`, `v1.7`
    NotFound, not-found, retryable: false
    ");
    insta::assert_snapshot!(refusal(&registries, &registry, "kudos/frontend:v1").await, @"
    error: `REGISTRY/kudos/frontend` does not exist at its registry
    hint: was the image pushed there?
    NotFound, not-found, retryable: false
    ");
    let absent = format!("kudos/backend@sha256:{}", "0".repeat(64));
    insta::assert_snapshot!(refusal(&registries, &registry, &absent).await, @"
    error: `REGISTRY/kudos/backend` has no image `sha256:0000000000000000000000000000000000000000000000000000000000000000`
    hint: was the image pushed there?
    NotFound, not-found, retryable: false
    ");
}

fn htpasswd() -> (TempDir, Registry) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("htpasswd");
    fs::write(&file, HTPASSWD).unwrap();
    let more = format!("auth: {{htpasswd: {{realm: test, path: {}}}}}\n", file.display());
    let server = Registry::start_with(&more).unwrap();
    (directory, server)
}

#[tokio::test]
async fn answers_a_registry_that_wants_a_password() {
    let (directory, server) = htpasswd();
    let registry = server.address();
    let mut pusher = Pusher::new(&registry);
    pusher.password = Some("open sesame");
    pusher.image("kudos/web", "v1", json!({"os": "linux", "architecture": "amd64"})).await;
    let name = reference(&format!("{registry}/kudos/web:v1"));

    insta::assert_snapshot!(refusal(&plain(&registry, None), &registry, "kudos/web:v1").await, @r#"
    error: registry `REGISTRY` refuses anonymous access to `kudos/web`: authentication required
    hint: log in with `docker login REGISTRY` as the agent's user, or give `username` and `password-secret` in `[registries."REGISTRY"]` of agent.toml
    Configuration, unauthorized, retryable: false
    "#);
    let wrong = plain(&registry, Some(Credentials::new("release", "shut sesame")));
    insta::assert_snapshot!(refusal(&wrong, &registry, "kudos/web:v1").await, @"
    error: registry `REGISTRY` refuses `release` access to `kudos/web`: authentication required
    hint: check the password and what the user may read; log in again with `docker login REGISTRY`
    Configuration, unauthorized, retryable: false
    ");
    let right = plain(&registry, Some(Credentials::new("release", "open sesame")));
    assert!(right.resolve(&name).await.is_ok());
    assert!(right.resolve(&name).await.is_ok(), "the second time with what is known");

    // `docker login` writes this.
    let config = directory.path().join("config.json");
    let auth = json!({"auths": {&registry: {"auth": "cmVsZWFzZTpvcGVuIHNlc2FtZQ=="}}});
    fs::write(&config, auth.to_string()).unwrap();
    let access = BTreeMap::from([(registry.clone(), Access { plain_http: true, ..Access::default() })]);
    let docker = Registries::new(access, Some(config));
    assert!(docker.resolve(&name).await.is_ok());
    assert_eq!(docker.credentials(&registry).await.unwrap(), Some(Credentials::new("release", "open sesame")));
    assert_eq!(docker.credentials("other.example").await.unwrap(), None);
    assert_eq!(
        format!("{:?}", docker.credentials(&registry).await),
        r#"Ok(Some(Credentials { username: "release", .. }))"#
    );
}

/// The directory of the helpers of [`asks_helpers`], for the process that it starts.
const HELPERS: &str = "WINDLASS_TEST_HELPERS";

/// Helpers are found in `PATH`, which a process of several threads cannot change, and a program that one of its threads
/// writes cannot be started while another thread starts something: all of it is done in another process.
#[test]
fn asks_credential_helpers() {
    let directory = tempfile::tempdir().unwrap();
    let module = module_path!().split_once("::").unwrap().1;
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{module}::asks_helpers"), "--ignored", "--nocapture"])
        .env("PATH", directory.path())
        .env(HELPERS, directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
#[ignore = "started by `asks_credential_helpers` with helpers in `PATH`"]
async fn asks_helpers() {
    let directory = PathBuf::from(std::env::var_os(HELPERS).unwrap());
    for (name, script) in [
        ("good", r#"echo "{\"Username\": \"$server\", \"Secret\": \"open sesame\"}""#),
        ("token", r#"echo '{"Username": "<token>", "Secret": "r3fr3sh"}'"#),
        ("none", "echo credentials not found in native keychain; exit 1"),
        ("locked", "echo the key ring is locked >&2; exit 1"),
        ("noise", "echo open sesame"),
    ] {
        let path = directory.join(format!("docker-credential-{name}"));
        fs::write(&path, format!("#!/bin/sh\nread server\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let config = directory.join("config.json");
    let ask = async |content: Value| {
        fs::write(&config, content.to_string()).unwrap();
        let registries = Registries::new(BTreeMap::new(), Some(config.clone()));
        let answer = registries.credentials("registry.example:5000").await;
        answer.map_err(|error| shown(&error, &directory.display().to_string()))
    };
    let good = Credentials::new("registry.example:5000", "open sesame");
    assert_eq!(ask(json!({"credHelpers": {"registry.example:5000": "good"}})).await, Ok(Some(good.clone())));
    assert_eq!(ask(json!({"credsStore": "good", "auths": {"registry.example:5000": {}}})).await, Ok(Some(good)));
    let token = ask(json!({"credsStore": "token"})).await.unwrap().unwrap();
    assert_eq!(token.identity_token.as_deref(), Some("r3fr3sh"));
    assert_eq!(ask(json!({"credsStore": "none"})).await, Ok(None));
    assert_eq!(ask(json!({})).await, Ok(None));
    let mut errors = Vec::new();
    for store in ["locked", "noise", "absent"] {
        errors.push(ask(json!({ "credsStore": store })).await.unwrap_err());
    }
    insta::assert_snapshot!(errors.join("\n"), @"
    error: cannot get the credentials for registry `registry.example:5000`: `docker-credential-locked` failed: the key ring is locked
    hint: look at `credHelpers` and `credsStore` in Docker's `config.json` of the agent's user
    Configuration, unauthorized, retryable: false
    error: cannot get the credentials for registry `registry.example:5000`: credential helper response malformed
    hint: look at `credHelpers` and `credsStore` in Docker's `config.json` of the agent's user
    Configuration, unauthorized, retryable: false
    error: cannot get the credentials for registry `registry.example:5000`: unable to communicate with credential helper
    hint: look at `credHelpers` and `credsStore` in Docker's `config.json` of the agent's user
    Configuration, unauthorized, retryable: false
    ");
}

#[tokio::test]
async fn looks_for_dockers_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config.json");
    let registries = Registries::new(BTreeMap::new(), Some(config.clone()));
    assert_eq!(registries.credentials("registry.example").await.unwrap(), None);
    fs::write(&config, "{").unwrap();
    let error = registries.credentials("registry.example").await.unwrap_err();
    insta::assert_snapshot!(shown(&error, &directory.path().display().to_string()), @"
    error: cannot get the credentials for registry `registry.example`: cannot read `REGISTRY/config.json`: it is not Docker's JSON
    hint: look at `credHelpers` and `credsStore` in Docker's `config.json` of the agent's user
    Configuration, unauthorized, retryable: false
    ");
}

#[tokio::test]
async fn says_that_a_registry_is_down() {
    let port = windlass_stage::free_port().unwrap();
    let registry = format!("127.0.0.1:{port}");
    insta::assert_snapshot!(refusal(&plain(&registry, None), &registry, "kudos/web:v1").await, @"
    error: registry `REGISTRY` is unavailable: Connection refused (os error 111)
    Unavailable, unavailable, retryable: true
    ");
    let registry = "registry.invalid".to_owned();
    let text = refusal(&plain(&registry, None), &registry, "kudos/web:v1").await;
    assert!(text.starts_with("error: registry `REGISTRY` is unavailable: "), "{text}");
}

/// A certificate authority of our own, and a certificate for `127.0.0.1`.
fn authority(directory: &Path) -> [std::path::PathBuf; 3] {
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let ca = parameters.self_signed(&key).unwrap();
    let issuer = rcgen::Issuer::new(parameters, key);
    let server_key = rcgen::KeyPair::generate().unwrap();
    let server =
        rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&server_key, &issuer).unwrap();
    let write = |name: &str, text: String| {
        let path = directory.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    [write("ca.pem", ca.pem()), write("server.pem", server.pem()), write("server.key", server_key.serialize_pem())]
}

#[tokio::test]
async fn trusts_the_operators_authority_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let [ca, certificate, key] = authority(directory.path());
    let server = Registry::start_tls(&certificate, &key).unwrap();
    let registry = server.address();
    let with = |access: Access| Registries::new(BTreeMap::from([(registry.clone(), access)]), None);

    let trusting = with(Access { ca: Some(ca), ..Access::default() });
    insta::assert_snapshot!(refusal(&trusting, &registry, "kudos/web:v1").await, @"
    error: `REGISTRY/kudos/web` does not exist at its registry
    hint: was the image pushed there?
    NotFound, not-found, retryable: false
    ");
    insta::assert_snapshot!(refusal(&with(Access::default()), &registry, "kudos/web:v1").await, @r#"
    error: there is no trusted connection to registry `REGISTRY`: invalid peer certificate: UnknownIssuer
    hint: if it has a certificate of your own authority, add to agent.toml:
    [registries."REGISTRY"]
    ca = "/etc/windlass/ca.pem"
    Configuration, unavailable, retryable: false
    "#);
    insta::assert_snapshot!(refusal(&plain(&registry, None), &registry, "kudos/web:v1").await, @r#"
    error: registry `REGISTRY` gives an answer that cannot be used: it answers 400 Bad Request: Client sent an HTTP request to an HTTPS server.
    hint: remove `plain-http` from `[registries."REGISTRY"]` of agent.toml
    Unavailable, unavailable, retryable: false
    "#);

    let open = Registry::start().unwrap();
    let registries = Registries::new(BTreeMap::new(), None);
    insta::assert_snapshot!(refusal(&registries, &open.address(), "kudos/web:v1").await, @r#"
    error: there is no trusted connection to registry `REGISTRY`: received corrupt message of type InvalidContentType
    hint: it seems to speak HTTP; if that is meant, add to agent.toml:
    [registries."REGISTRY"]
    plain-http = true
    Configuration, unavailable, retryable: false
    "#);

    let place = directory.path().display().to_string();
    let unusable = async |name: &str, content: &str| {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        let registries = with(Access { ca: Some(path), ..Access::default() });
        let error = registries.resolve(&reference(&format!("{registry}/a"))).await.unwrap_err();
        shown(&error, &place)
    };
    insta::assert_snapshot!(unusable("empty.pem", "").await, @"
    error: cannot use the certificate authorities in `REGISTRY/empty.pem`
    caused by: it has no certificate in PEM form
    Configuration, unavailable, retryable: false
    ");
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    insta::assert_snapshot!(unusable("broken.pem", broken).await, @"
    error: cannot use the certificate authorities in `REGISTRY/broken.pem`
    caused by: invalid peer certificate: BadEncoding
    Configuration, unavailable, retryable: false
    ");
    let error = with(Access { ca: Some(directory.path().join("none.pem")), ..Access::default() });
    let error = error.resolve(&reference(&format!("{registry}/a"))).await.unwrap_err();
    insta::assert_snapshot!(shown(&error, &place), @"
    error: cannot use the certificate authorities in `REGISTRY/none.pem`
    caused by: No such file or directory (os error 2)
    Configuration, unavailable, retryable: false
    ");
}

#[tokio::test]
async fn a_component_is_taken_by_digest_and_nothing_else_is() {
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    let server = Registry::start().unwrap();
    let registry = server.address();
    let pusher = Pusher::new(&registry);
    let wasm = b"\0asm and so on".to_vec();
    let mut config = pusher.blob("team/check", b"{}".to_vec()).await;
    config["mediaType"] = json!("application/vnd.wasm.config.v0+json");
    let mut layer = pusher.blob("team/check", wasm.clone()).await;
    layer["mediaType"] = json!("application/wasm");
    let one = json!({"config": config, "layers": [layer]});
    let one = pusher.manifest("team/check", "v1", MANIFEST, one).await;
    let name = format!("{registry}/team/check@{}", one["digest"].as_str().unwrap());
    let registries = plain(&registry, None);
    let artifact = registries.component(&reference(&name), 100).await.unwrap();
    assert_eq!(artifact.component, wasm);
    let damaged = Artifact { component: b"another".to_vec(), ..artifact.clone() };
    assert!(artifact.verify(one["digest"].as_str().unwrap()).is_ok());
    assert!(damaged.verify(one["digest"].as_str().unwrap()).unwrap_err().contains("has the digest"));

    let two = json!({"config": config, "layers": [layer, layer]});
    let two = pusher.manifest("team/check", "two", MANIFEST, two).await;
    let image = pusher.image("team/check", "image", json!({"os": "linux", "architecture": "amd64"})).await;
    let cases = [
        (one["digest"].as_str().unwrap(), 3, "a plugin may have 3 (limit `plugin-size`)"),
        (two["digest"].as_str().unwrap(), 100, "it has 2 layers"),
        (image["digest"].as_str().unwrap(), 100, "its layer is of the type `application/vnd.docker"),
        (&digest(b"nothing"), 100, "has no image"),
    ];
    for (digest, most, said) in cases {
        let wanted = reference(&format!("{registry}/team/check@{digest}"));
        let error = registries.component(&wanted, most).await.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let unpinned = registries.component(&reference(&format!("{registry}/team/check:v1")), 100).await.unwrap_err();
    assert!(unpinned.to_string().contains("not pinned"), "{unpinned}");
}

#[tokio::test]
async fn a_registry_that_answers_is_told_from_a_server_that_is_none() {
    let server = Registry::start().unwrap();
    let registry = server.address();
    plain(&registry, None).ping(&registry).await.unwrap();
    drop(server);
    let error = plain(&registry, None).ping(&registry).await.unwrap_err();
    assert!(matches!(error, RegistryError::Unavailable { .. }), "{error}");
    let (address, _asked) = scripted::scripted(vec![scripted::answer("404 Not Found", "", "a web page")]);
    let web = address.to_string();
    let error = plain(&web, None).ping(&web).await.unwrap_err();
    assert!(error.to_string().contains("404"), "{error}");
    let (address, _asked) = scripted::scripted(vec![scripted::answer("401 Unauthorized", "", "")]);
    let locked = address.to_string();
    plain(&locked, None).ping(&locked).await.unwrap();
}
