//! What the menu of a cell shows.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MenuPage {
    Items,
    /// The sections to which the cell can be moved.
    Sections,
    /// The field for the name of a new one.
    NewSection,
}
