//! Values in the forms that programs write them in. A new form is a line of a table.

use super::*;

const PEM: &str =
    "-----BEGIN KEY-----\nAAAAB3NzaC1yc2EAAAADAQABAAAB\nBBBBB3NzaC1yc2EAAAADAQABAAAB\nCCCC==\n-----END KEY-----";

fn knows(value: &str) -> Redactor {
    let redactor = Redactor::new();
    redactor.learn(value, "[redacted:db]");
    redactor
}

#[test]
fn removes_a_value_in_all_its_forms() {
    let redactor = knows("p@ss w/rd+é\"<1");
    for (name, form) in [
        ("plain", "p@ss w/rd+é\"<1"),
        ("JSON", r#"p@ss w/rd+é\"<1"#),
        ("JSON of ASCII", r#"p@ss w/rd+\u00e9\"<1"#),
        ("JSON of ASCII in capitals", r#"p@ss w/rd+\u00E9\"<1"#),
        ("JSON with slashes", r#"p@ss w\/rd+é\"<1"#),
        ("JSON for web pages", r"p@ss w/rd\u002b\u00e9\u0022\u003c1"),
        ("JSON in JSON", r#"p@ss w/rd+\\u00e9\\\"<1"#),
        ("form", "p%40ss+w%2Frd%2B%C3%A9%22%3C1"),
        ("address", "p%40ss%20w%2Frd%2B%C3%A9%22%3C1"),
        ("address in small letters", "p%40ss%20w%2frd%2b%c3%a9%22%3c1"),
        ("address, the least", "p@ss%20w/rd+%C3%A9%22%3C1"),
        ("address in an address", "p%2540ss%2520w%252Frd%252B%25C3%25A9%2522%253C1"),
        ("HTML", "p@ss w/rd+é&quot;&lt;1"),
        ("HTML by numbers", "p@ss w/rd+&#233;&#34;&#x3C;1"),
        ("shell", r#"p@ss\ w/rd+é\"\<1"#),
        ("Rust", r#"p@ss w/rd+\u{e9}\"<1"#),
        ("bytes", r"p@ss w/rd+\xc3\xa9\x22<1"),
        ("base64", "cEBzcyB3L3JkK8OpIjwx"),
        ("base64 in base64", "Y0VCemN5QjNMM0prSzhPcElqd3g="),
        ("hexadecimal", "7040737320772f72642bc3a9223c31"),
        ("hexadecimal in capitals", "7040737320772F72642BC3A9223C31"),
    ] {
        assert_eq!(redactor.text(&format!("<{form}>")), "<[redacted:db]>", "{name}");
    }
    // In other letters it is another value, and hidden all the same.
    assert_eq!(redactor.text("<P@SS W/RD+é\"<1>"), "<[redacted]>");
}

#[test]
fn removes_a_value_inside_of_base64() {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
    let value = "hunter22>>?password";
    let redactor = knows(value);
    for before in ["", "u", "us", "use", "user:"] {
        for after in ["", "\n", ":x", " and more"] {
            for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
                let text = engine.encode(format!("{before}{value}{after}"));
                let clean = redactor.text(&format!("Basic {text}"));
                let left = clean.replace("[redacted:db]", "").replace("Basic ", "");
                // What is left says nothing about the value: it encodes what is around it.
                let around = before.len().div_ceil(3) * 4 + after.len().div_ceil(3) * 4 + 4;
                assert!(clean.contains("[redacted:db]") && left.len() <= around, "{before}|{after}: {clean}");
                assert!(!left.contains(&text[4..text.len() - 8]), "{clean}");
            }
        }
    }
    // In lines of 76 letters, as mail has it.
    let long = "0123456789abcdef".repeat(12);
    let redactor = knows(&long);
    let text = STANDARD.encode(format!("user:{long}!"));
    let lines: Vec<_> = text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let clean = redactor.text(&lines.join("\r\n"));
    assert!(clean.len() < 40 && clean.contains("[redacted:db]"), "{clean}");
}

#[test]
fn removes_a_value_of_several_lines() {
    let redactor = knows(PEM);
    let indented = format!("  {}", PEM.replace('\n', "\n  "));
    for (name, form) in [
        ("plain", PEM.to_owned()),
        ("CRLF", PEM.replace('\n', "\r\n")),
        ("JSON", PEM.replace('\n', "\\n")),
        ("JSON of CRLF", PEM.replace('\n', "\\r\\n")),
        ("YAML", indented),
        ("one line", PEM.replace('\n', " ")),
        ("an address", PEM.replace('\n', "%0A")),
    ] {
        let clean = redactor.text(&format!("<{form}>"));
        assert_eq!(clean.replace(' ', ""), "<[redacted:db]>", "{name}");
    }
    // With something before each line.
    let log: Vec<_> = PEM.lines().map(|line| format!("2026-01-01 {line}")).collect();
    let clean = redactor.text(&log.join("\n"));
    assert!(!clean.contains("AAAAB3") && !clean.contains("BBBBB3"), "{clean}");
    // The frame belongs to everybody.
    assert_eq!(redactor.text("-----BEGIN KEY-----"), "-----BEGIN KEY-----");
}

#[test]
fn no_part_of_a_value_is_left_where_a_text_was_cut() {
    let redactor = knows(PEM);
    let whole = format!("before\n{PEM}\nafter");
    for at in 0..=whole.len() {
        let (beginning, end) = (redactor.beginning(&whole[..at]), redactor.end(&whole[at..]));
        for clean in [&beginning, &end] {
            for line in ["AAAAB3Nz", "DAQABAAAB", "BBBBB3Nz", "CCCC"] {
                assert!(!clean.contains(line), "cut at {at}: {clean}");
            }
        }
        assert!("before\n".starts_with(&beginning[..beginning.len().min(6)]), "{beginning}");
    }
    let redactor = knows("top\"secret-value");
    let whole = r#"{"x":"top\"secret-value"}"#;
    for at in 0..=whole.len() {
        let (beginning, end) = (redactor.beginning(&whole[..at]), redactor.end(&whole[at..]));
        assert!(!beginning.contains("top") && !end.contains("alue"), "cut at {at}: {beginning} {end}");
    }
    assert!(redactor.beginning("nothing of it, to").starts_with("nothing of it,"));
}

#[test]
fn removes_values_across_the_pieces_of_a_stream() {
    let redactor = knows("p@ss w/rd+é");
    let text = r#"a p@ss w/rd+é b p%40ss%20w%2Frd%2B%C3%A9 c "p@ss w/rd+\u00e9" d cEBzcyB3L3JkK8Op e p@ss w end"#;
    let wanted = r#"a [redacted:db] b [redacted:db] c "[redacted:db]" d [redacted:db] e p@ss w end"#;
    for size in 1..text.len() {
        let mut filter = redactor.filter().unwrap();
        let mut clean = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            filter.push(piece, &mut clean);
        }
        filter.finish(&mut clean);
        assert!(filter.is_empty());
        assert_eq!(String::from_utf8_lossy(&clean), wanted, "pieces of {size}");
    }
}

#[test]
fn a_stream_holds_back_no_more_than_it_must() {
    let redactor = knows(PEM);
    let mut filter = redactor.filter().unwrap();
    let mut clean = Vec::new();
    // What is no beginning of a value goes on at once, but for a letter that base64 may share.
    filter.push(b"hello ", &mut clean);
    assert!(clean.len() >= 5, "{clean:?}");
    // A beginning of a value, and then white space without end, across which it could go on.
    filter.push(b"-----BEGIN KEY-----", &mut clean);
    for _ in 0..100 {
        filter.push(&[b' '; 4096], &mut clean);
    }
    assert!(clean.len() > 300_000, "{}", clean.len());
}

#[test]
fn a_large_text_is_searched_in_pieces() {
    let redactor = knows("hunter22");
    let text = format!("{}hunter22{}", "x".repeat(PIECE - 4), "é".repeat(PIECE));
    let clean = redactor.text(&text);
    assert_eq!(clean.len(), text.len() - 8 + "[redacted:db]".len());
    assert!(!clean.contains("hunter"));
}

#[test]
fn json_stays_json() {
    for (value, text) in [
        ("nabcd", r#"{"a":"\nabcd"}"#),
        ("abcd\\", r#"{"a":"abcd\"x"}"#),
        ("hunter22", r#"{"a":"\nbmh1bnRlcjIy"}"#),
        ("p\"ss", r#"{"a":"p\"ss"}"#),
    ] {
        let clean = knows(value).text(text);
        assert!(serde_json::from_str::<Value>(&clean).is_ok() && clean.contains("redacted"), "{value}: {clean}");
    }
}

#[test]
fn replaces_the_longer_of_two_values_that_overlap() {
    let redactor = Redactor::new();
    redactor.learn("secret", "[redacted:short]");
    redactor.learn("secret-longer", "[redacted:long]");
    assert_eq!(redactor.text("secret-longer secret"), "[redacted:long] [redacted:short]");
    // Nothing of either is left where they run into each other.
    redactor.learn("longer-tail", "[redacted:tail]");
    assert!(!redactor.text("secret-longer-tail").contains("tail]-"));
    assert!(!redactor.text("secret-longer-tail").contains("-tail"));
}

#[test]
fn what_stands_for_a_value_stays_as_it_is() {
    let redactor = Redactor::new();
    redactor.learn("token", "{{windlass.secret:token@0123}}");
    let clean = redactor.text("the token");
    assert_eq!(clean, "the {{windlass.secret:token@0123}}");
    assert_eq!(redactor.text(&clean), clean);
    assert_eq!(
        redactor.json(&serde_json::json!({"token": ["x token"]})).to_string(),
        r#"{"{{windlass.secret:token@0123}}":["x {{windlass.secret:token@0123}}"]}"#
    );
}
