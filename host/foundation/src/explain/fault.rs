//! Any error on its way to the caller: what it says, and how the process ends because of it.

use std::error::Error;

use super::{ExitCode, Explain};

/// Any error on its way to the caller.
#[derive(Debug)]
pub struct ExplainedError(Box<dyn Explain + Send + Sync>);

impl<E: Explain + Send + Sync + 'static> From<E> for ExplainedError {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl ExplainedError {
    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> ExitCode {
        self.0.exit()
    }

    /// The error.
    #[must_use]
    pub fn error(&self) -> &(dyn Explain + Send + Sync) {
        self.0.as_ref()
    }

    /// The error, where it is one of this type: for who answers some errors in another way than by showing them.
    #[must_use]
    pub fn downcast<E: Error + 'static>(&self) -> Option<&E> {
        let error: &(dyn Error + 'static) = self.0.as_ref();
        error.downcast_ref()
    }

    /// The texts of the causes, the nearest first. A cause that only repeats the one above it is left out.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        let mut texts = vec![self.0.to_string()];
        let mut source = self.0.source();
        while let Some(error) = source {
            let text = error.to_string();
            if texts.last().is_none_or(|above| !above.ends_with(&text)) {
                texts.push(text);
            }
            source = Error::source(error);
        }
        texts.remove(0);
        texts
    }
}
