//! What a scalar means, as Docker Compose's YAML reader (gopkg.in/yaml.v3) decides it.

/// A scalar as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar {
    text: String,
    /// Written without quotes and not touched since, so that `80` is a number and `true` a boolean.
    plain: bool,
}

/// The type that a scalar has by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Resolved {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Date,
    Text,
}

impl Scalar {
    pub(crate) fn new(text: impl Into<String>, plain: bool) -> Self {
        Self { text: text.into(), plain }
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::new(text, false)
    }

    pub(crate) fn null() -> Self {
        Self::new("", true)
    }

    /// The characters as written.
    pub(crate) fn written(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Whether it is a text by itself: no number, boolean, date or nothing.
    pub(crate) fn is_text(&self) -> bool {
        self.resolve() == Resolved::Text
    }

    /// Whether both are of the same type and value.
    pub(crate) fn means_the_same(&self, other: &Self) -> bool {
        self.is_text() == other.is_text() && self.resolve() == other.resolve() && self.to_text() == other.to_text()
    }

    /// Whether it is an infinite number or none, of which Compose can write nothing.
    pub(crate) fn is_no_number(&self) -> bool {
        matches!(self.resolve(), Resolved::Float(value) if !value.is_finite())
    }

    /// The type by YAML 1.2 with the exceptions of yaml.v3: legacy octal numbers, underscores; `yes` and `on` are
    /// texts.
    pub(crate) fn resolve(&self) -> Resolved {
        if !self.plain {
            return Resolved::Text;
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => return Resolved::Null,
            "true" | "True" | "TRUE" => return Resolved::Boolean(true),
            "false" | "False" | "FALSE" => return Resolved::Boolean(false),
            _ => {}
        }
        let starts_as_number = self.text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
        if !starts_as_number {
            return Resolved::Text;
        }
        if let Some(integer) = integer(&self.text).and_then(|integer| i64::try_from(integer).ok()) {
            return Resolved::Integer(integer);
        }
        match float(&self.text) {
            Some(float) => Resolved::Float(float),
            None if super::date::read(&self.text).is_some() => Resolved::Date,
            None => Resolved::Text,
        }
    }

    /// The text that a program is given for it: Go's `fmt.Sprint` of the value, empty for null.
    pub(crate) fn to_text(&self) -> String {
        match self.resolve() {
            Resolved::Null => String::new(),
            Resolved::Boolean(value) => value.to_string(),
            Resolved::Integer(value) => value.to_string(),
            // Too large for a number with sign, but not for one without.
            Resolved::Float(value) => {
                integer(&self.text).map_or_else(|| go_float(value), |integer| integer.to_string())
            }
            Resolved::Date => super::date::read(&self.text).unwrap_or_else(|| self.text.clone()),
            Resolved::Text => self.text.clone(),
        }
    }
}

/// A whole number that Go holds in 64 bits, with or without sign.
fn integer(text: &str) -> Option<i128> {
    let clean = text.replace('_', "");
    let (negative, digits) = match clean.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, clean.strip_prefix('+').unwrap_or(&clean)),
    };
    let bytes = digits.as_bytes();
    let (radix, digits) = match (bytes.first(), bytes.get(1)) {
        (Some(b'0'), Some(b'x' | b'X')) => (16, digits.get(2..)?),
        (Some(b'0'), Some(b'o' | b'O')) => (8, digits.get(2..)?),
        (Some(b'0'), Some(b'b' | b'B')) => (2, digits.get(2..)?),
        // Older octal numbers.
        (Some(b'0'), Some(_)) if bytes.iter().all(|digit| (b'0'..b'8').contains(digit)) => (8, digits),
        _ => (10, digits),
    };
    let magnitude =
        digits.chars().all(|digit| digit.is_digit(radix)).then(|| u64::from_str_radix(digits, radix).ok())??;
    let number = if negative { -i128::from(magnitude) } else { i128::from(magnitude) };
    (number >= i128::from(i64::MIN)).then_some(number)
}

fn float(text: &str) -> Option<f64> {
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" => return Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Some(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
        _ => {}
    }
    if let Some(integer) = integer(text) {
        #[expect(clippy::cast_precision_loss, reason = "it is written from the whole number")]
        return Some(integer as f64);
    }
    let clean = text.replace('_', "");
    let numeric = clean.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let value: Option<f64> =
        (numeric && clean.bytes().any(|byte| byte.is_ascii_digit())).then(|| clean.parse().ok())?;
    // What is too large for Go's numbers is a text.
    value.filter(|value| value.is_finite())
}

/// Go's `%v` of a float: shortest digits, exponent below 1e-4 and from 1e6.
fn go_float(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e6).contains(&magnitude) {
        let text = format!("{value:e}");
        let Some((digits, exponent)) = text.split_once('e') else { return text };
        let (sign, power) = exponent.strip_prefix('-').map_or(('+', exponent), |power| ('-', power));
        return format!("{digits}e{sign}{power:0>2}");
    }
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_have_the_type_and_the_text_that_compose_gives_them() {
        let table = [
            ("", Resolved::Null, ""),
            ("~", Resolved::Null, ""),
            ("yes", Resolved::Text, "yes"),
            ("True", Resolved::Boolean(true), "true"),
            ("80", Resolved::Integer(80), "80"),
            ("0600", Resolved::Integer(0o600), "384"),
            ("0o600", Resolved::Integer(0o600), "384"),
            ("0x1F", Resolved::Integer(31), "31"),
            ("1_000", Resolved::Integer(1000), "1000"),
            ("089", Resolved::Integer(89), "89"),
            ("-5", Resolved::Integer(-5), "-5"),
            ("1.0", Resolved::Float(1.0), "1"),
            ("1e3", Resolved::Float(1000.0), "1000"),
            ("1e30", Resolved::Float(1e30), "1e+30"),
            ("123456789.0", Resolved::Float(123_456_789.0), "1.23456789e+08"),
            ("12345678901234567890", Resolved::Float(12_345_678_901_234_567_890.0), "12345678901234567890"),
            ("-9223372036854775808", Resolved::Integer(i64::MIN), "-9223372036854775808"),
            ("0X1F", Resolved::Integer(31), "31"),
            ("0b102", Resolved::Text, "0b102"),
            ("1e400", Resolved::Text, "1e400"),
            ("0.00001", Resolved::Float(1e-5), "1e-05"),
            ("1.2.3", Resolved::Text, "1.2.3"),
            ("2024-01-02", Resolved::Date, "2024-01-02T00:00:00Z"),
            ("2024-13-02", Resolved::Text, "2024-13-02"),
            ("22:22", Resolved::Text, "22:22"),
            ("-", Resolved::Text, "-"),
            (".", Resolved::Text, "."),
            ("+e", Resolved::Text, "+e"),
        ];
        for (written, resolved, text) in table {
            let scalar = Scalar::new(written, true);
            assert_eq!(scalar.resolve(), resolved, "{written}");
            assert_eq!(scalar.to_text(), text, "{written}");
        }
        assert_eq!(Scalar::new("80", false).resolve(), Resolved::Text);
    }
}
