//! Writes files for a plugin's author: all of them or none, and none over what is there.
//!
//! What is in them is not known here.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::AuthoringError;

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path below the directory.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// Writes the files below a directory, which is made where it is not there, and returns the paths of those that were not
/// there already. Where a file has another content, and where anything fails, nothing is written.
pub fn write(directory: &Path, files: &[File]) -> Result<Vec<PathBuf>, AuthoringError> {
    let mut new = Vec::new();
    let mut others = Vec::new();
    for file in files {
        let path = directory.join(&file.path);
        match there(&path, &file.text) {
            Ok(There::Nothing) => new.push((path, &file.text)),
            Ok(There::Same) => {}
            Ok(There::Other) => others.push(path),
            Err(source) => return Err(AuthoringError::Read { path, source }),
        }
    }
    if !others.is_empty() {
        return Err(AuthoringError::Exists { paths: others });
    }
    let mut made = Made::default();
    for (path, text) in &new {
        if let Err(source) = made.file(path, text) {
            made.take_back();
            return Err(AuthoringError::Write { path: path.clone(), source });
        }
    }
    Ok(new.into_iter().map(|(path, _)| path).collect())
}

/// What is at a path.
enum There {
    Nothing,
    Same,
    Other,
}

fn there(path: &Path, text: &str) -> io::Result<There> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(There::Nothing),
        // A file is where a directory would be.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(There::Other),
        Err(error) => return Err(error),
    };
    let is_same = metadata.is_file() && metadata.len() == text.len() as u64 && fs::read(path)? == text.as_bytes();
    Ok(if is_same { There::Same } else { There::Other })
}

/// What was made so far, in order.
#[derive(Default)]
struct Made {
    directories: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Made {
    /// A new file is created, so that nothing which came there meanwhile is written over.
    fn file(&mut self, path: &Path, text: &str) -> io::Result<()> {
        self.directory(path.parent().unwrap_or(Path::new("")))?;
        let mut file = fs::File::create_new(path)?;
        self.files.push(path.to_owned());
        file.write_all(text.as_bytes())
    }

    fn directory(&mut self, path: &Path) -> io::Result<()> {
        if path.as_os_str().is_empty() || path.is_dir() {
            return Ok(());
        }
        self.directory(path.parent().unwrap_or(Path::new("")))?;
        fs::create_dir(path)?;
        self.directories.push(path.to_owned());
        Ok(())
    }

    /// Removes what was made. What cannot be removed stays: the error that led here is the one to tell.
    fn take_back(&self) {
        for file in self.files.iter().rev() {
            fs::remove_file(file).ok();
        }
        for directory in self.directories.iter().rev() {
            fs::remove_dir(directory).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(texts: &[(&str, &str)]) -> Vec<File> {
        texts.iter().map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() }).collect()
    }

    #[test]
    fn what_is_there_stays_and_then_nothing_is_written() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("a/b");
        let wanted = files(&[("one", "1"), ("deep/two", "2")]);
        assert_eq!(write(&place, &wanted).unwrap(), [place.join("one"), place.join("deep/two")]);
        assert_eq!(write(&place, &wanted).unwrap().len(), 0);
        fs::write(place.join("deep/two"), "mine").unwrap();
        let more = files(&[("zero", "0"), ("one", "1"), ("deep/two", "2")]);
        let refused = write(&place, &more).unwrap_err();
        assert!(
            matches!(&refused, AuthoringError::Exists { paths } if *paths == [place.join("deep/two")]),
            "{refused}"
        );
        assert!(!place.join("zero").exists());
        // A link is not followed, and neither is a file taken for a directory.
        std::os::unix::fs::symlink("one", place.join("zero")).unwrap();
        assert!(matches!(write(&place, &more), Err(AuthoringError::Exists { paths }) if paths.len() == 2));
        assert!(matches!(write(&place, &files(&[("one/more", "1")])), Err(AuthoringError::Exists { .. })));
    }

    #[test]
    fn what_was_written_before_it_failed_is_taken_back() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("new");
        let long = "x".repeat(300);
        let refused = write(&place, &files(&[("deep/one", "1"), (&long, "2")])).unwrap_err();
        assert!(refused.to_string().starts_with("cannot "), "{refused}");
        assert!(!place.exists());
    }
}
