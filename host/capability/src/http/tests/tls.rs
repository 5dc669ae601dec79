//! Servers that speak TLS, and one that does not.

use super::*;

/// A TLS server on a thread; its certificate is for `localhost` and `127.0.0.1`, and from the authority in `fixtures`.
fn tls_server(address: &str) -> u16 {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let certificate = CertificateDer::from_pem_slice(include_bytes!("../fixtures/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../fixtures/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let server = Arc::new(server.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
    let listener = std::net::TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(connection) = rustls::ServerConnection::new(Arc::clone(&server)) else { return };
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let mut buffer = [0; 4096];
            // A client that does not trust the certificate breaks off here.
            if stream.read(&mut buffer).is_ok() {
                let _ = stream.write_all(HELLO.as_bytes());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    port
}

#[tokio::test]
async fn authorities_are_the_systems_and_the_operators() {
    let port = tls_server("127.0.0.1");
    let ca = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/fixtures/ca.pem");
    let url = format!("https://localhost:{port}");
    let trusting =
        stage(&format!("{{ to = \"{url}\", addresses = [\"127.0.0.1\"], ca = {ca:?} }}"), HttpLimits::default());
    let response = trusting.http.send(get(&url), Timeouts::default()).await.unwrap();
    assert_eq!(response.into_body().read_all().await.unwrap(), "hello");
    let strict = stage(&format!("{{ to = \"{url}\", addresses = [\"127.0.0.1\"] }}"), HttpLimits::default());
    let failure = refused(&strict, &url).await;
    let told = &failure.message;
    assert!(failure.code == "untrusted" && told.contains("certificate") && told.contains("`ca = \"FILE\"`"), "{told}");
    let missing =
        stage(&format!("{{ to = \"{url}\", addresses = [\"127.0.0.1\"], ca = \"/none.pem\" }}"), HttpLimits::default());
    assert!(refused(&missing, &url).await.message.contains("`/none.pem`"));
}

#[tokio::test]
async fn a_certificate_for_another_name_is_no_unknown_authority() {
    let port = tls_server("127.0.0.2");
    let ca = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/fixtures/ca.pem");
    let url = format!("https://127.0.0.2:{port}");
    let stage =
        stage(&format!("{{ to = \"{url}\", addresses = [\"127.0.0.2\"], ca = {ca:?} }}"), HttpLimits::default());
    let failure = refused(&stage, &url).await;
    let told = &failure.message;
    assert!(told.contains("a certificate for another name: it is for `localhost`, `127.0.0.1`;"), "{told}");
    assert!(!failure.retryable && !told.contains("ca = "), "{told}");
}

#[tokio::test]
async fn a_port_that_speaks_no_tls_is_named_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let stage = stage(&format!("{{ to = \"{url}\", addresses = [\"127.0.0.1\"] }}"), HttpLimits::default());
    let failure = refused(&stage, &url).await;
    let told = &failure.message;
    assert!(told.contains("speaks no TLS") && told.contains("write `http://`"), "{told}");
    assert!(!told.contains("InvalidContentType"), "{told}");
}
