//! Repositories and the registries that they are in. Repositories of a release always begin with their registry.

/// Whether the first part is a host, by the rule of image names: it has a `.` or a `:`, or is `localhost`.
pub(crate) fn names_a_registry(text: &str) -> bool {
    let first = text.split('/').next().unwrap_or_default();
    first.contains(['.', ':']) || first == "localhost"
}

/// Whether a repository is in a registry, or below a part of one. `a.b/c` covers `a.b/c` and `a.b/c/d`, not `a.b/cd`.
pub(crate) fn is_below(repository: &str, allowed: &str) -> bool {
    repository.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_a_name_ends() {
        assert!(is_below("r.example:5000/team/app", "r.example:5000"));
        assert!(is_below("r.example/team/app", "r.example/team"));
        assert!(!is_below("r.example/team-b/app", "r.example/team"));
        assert!(!is_below("r.example.evil/app", "r.example"));
    }
}
