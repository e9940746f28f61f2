//! What an acknowledged change survives.

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Durability {
    /// every acknowledged change survives a power cut
    Full,
    /// every acknowledged change survives a crash of the process; a power cut may undo the last moments
    Normal,
}
