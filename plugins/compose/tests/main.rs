//! What Compose files mean, as people write them: alone, several as one, side by side with Docker Compose, and hostile.

mod files;
mod hostile;
mod load;
mod peer;
