//! `platform`: what an image must be built for.
//!
//! The digest that a release pins decides what is deployed; this only makes sure that it is what the file asks for.
//! Names are those of the OCI image specification; the spellings of other tools are taken as Docker takes them.

use serde_json::Value;

use crate::json;

/// An operating system, an architecture, and for some architectures a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Platform {
    os: String,
    architecture: Option<String>,
    variant: Option<String>,
}

impl Platform {
    /// `linux/arm64/v8`, `linux/amd64`, `linux`, `arm64`; none for anything else.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let parts: Vec<String> = text.split('/').map(str::to_ascii_lowercase).collect();
        let word =
            |part: &String| !part.is_empty() && part.chars().all(|one| one.is_ascii_alphanumeric() || one == '_');
        if !parts.iter().all(word) {
            return None;
        }
        let systems = ["linux", "windows", "darwin", "freebsd"];
        match parts.as_slice() {
            [os] if systems.contains(&os.as_str()) => Some(Self::new(os, None, None)),
            [architecture] => Some(Self::new("linux", Some(architecture), None)),
            [os, architecture] => Some(Self::new(os, Some(architecture), None)),
            [os, architecture, variant] => Some(Self::new(os, Some(architecture), Some(variant))),
            _ => None,
        }
    }

    /// Of an image, from `GET /images/{reference}/json`; none where the engine does not say it.
    pub(crate) fn of_image(inspect: &Value) -> Option<Self> {
        let os = json::text(inspect, "/Os")?;
        let architecture = json::text(inspect, "/Architecture")?;
        Some(Self::new(&os, Some(&architecture), json::text(inspect, "/Variant").as_deref()))
    }

    fn new(os: &str, architecture: Option<&str>, variant: Option<&str>) -> Self {
        let (architecture, implied) = match architecture {
            Some("x86_64" | "x86-64") => (Some("amd64"), None),
            Some("aarch64") => (Some("arm64"), None),
            Some("armhf") => (Some("arm"), Some("v7")),
            Some("armel") => (Some("arm"), Some("v6")),
            Some("i386" | "i486" | "i586" | "i686") => (Some("386"), None),
            other => (other, None),
        };
        // An image for this architecture mostly leaves its only variant out.
        let variant = variant.or(implied).filter(|variant| !(architecture == Some("arm64") && *variant == "v8"));
        Self { os: os.to_owned(), architecture: architecture.map(str::to_owned), variant: variant.map(str::to_owned) }
    }

    /// Whether an image for `image` is what this asks for.
    pub(crate) fn is_met_by(&self, image: &Self) -> bool {
        self.os == image.os
            && (self.architecture.is_none() || self.architecture == image.architecture)
            && (self.variant.is_none() || self.variant == image.variant)
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.os)?;
        for part in [&self.architecture, &self.variant].into_iter().flatten() {
            write!(formatter, "/{part}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn platforms_are_compared_by_what_they_mean() {
        let image = |inspect: Value| Platform::of_image(&inspect).unwrap();
        let amd = image(json!({ "Os": "linux", "Architecture": "amd64", "Variant": "" }));
        let arm = image(json!({ "Os": "linux", "Architecture": "arm64" }));
        let old = image(json!({ "Os": "linux", "Architecture": "arm", "Variant": "v7" }));
        for (text, met) in [
            ("linux/amd64", [true, false, false]),
            ("linux/x86_64", [true, false, false]),
            ("amd64", [true, false, false]),
            ("linux", [true, true, true]),
            ("Linux/ARM64/v8", [false, true, false]),
            ("linux/aarch64", [false, true, false]),
            ("linux/arm/v7", [false, false, true]),
            ("armhf", [false, false, true]),
            ("linux/arm/v6", [false, false, false]),
            ("windows/amd64", [false, false, false]),
        ] {
            let asked = Platform::read(text).unwrap();
            assert_eq!([&amd, &arm, &old].map(|image| asked.is_met_by(image)), met, "{text}");
        }
        assert_eq!(Platform::read("linux/arm64/v8").unwrap().to_string(), "linux/arm64");
        for wrong in ["", "linux/", "linux/amd64/v1/x", "linux amd64"] {
            assert_eq!(Platform::read(wrong), None, "{wrong}");
        }
        assert_eq!(Platform::of_image(&json!({ "Id": "x" })), None);
    }
}
