//! The arrangement of a board.

use std::collections::BTreeMap;

use utoipa::ToSchema;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::AnyOfBuilder;

use super::Always;
use crate::server::http::openapi::shape::shape;

/// The arrangement of a board, with the layout of each of its cells.
#[derive(ToSchema)]
pub struct BoardLayout {
    #[serde(flatten)]
    own: BoardLayoutKeys,
    /// By `_id`, in the order of the board.
    cells: BTreeMap<String, CellLayout>,
}

/// The key `layout` of the document of a board.
#[derive(ToSchema)]
pub struct BoardLayoutKeys {
    /// Those with a place that a person gave them; others follow by their first cell.
    #[schema(required = false, max_items = 1000)]
    sections: Vec<SectionLayout>,
    #[schema(required = false, inline)]
    density: Density,
    /// At most 200: more are 413.
    #[schema(required = false)]
    blocks: Vec<LayoutBlock>,
}

/// A section: a heading with cells.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SectionLayout {
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// It stays above all others.
    #[schema(required = false)]
    pinned: bool,
    /// The width of its cells without one.
    #[schema(required = false, minimum = 1, maximum = 12)]
    width: u8,
    /// The height of its cells without one.
    #[schema(required = false, minimum = 4, maximum = 160)]
    height: u16,
}

/// Cells in a grid of their own.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LayoutBlock {
    #[schema(pattern = "^[A-Za-z0-9_-]{1,64}$")]
    id: String,
    /// Rows of letters, separated by `;`: each letter is one rectangle, `.` is empty; 12 columns and 24 rows at most.
    mosaic: String,
    /// Ids of cells by their letters; a cell is in one block at most.
    cells: BTreeMap<String, String>,
}

/// Where a cell stands, and how large it is; what is missing has its default.
#[derive(ToSchema)]
pub struct CellLayout {
    #[schema(required = false, min_length = 1, max_length = 120)]
    section: String,
    #[schema(required = false)]
    order: f64,
    /// Columns of the 12 of the grid.
    #[schema(required = false, minimum = 1, maximum = 12)]
    width: u8,
    /// Rows of 8 pixels.
    #[schema(required = false, minimum = 4, maximum = 160)]
    height: u16,
}

/// A change of the arrangement of a board. Keys that are missing stay, `null` removes one.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LayoutPatch {
    /// By `_id` or name.
    #[schema(required = false)]
    cells: BTreeMap<String, CellLayoutPatch>,
    /// All of them, in their order.
    sections: Option<Vec<SectionLayout>>,
    #[schema(inline)]
    density: Option<Density>,
    /// Others stay. At most 200: more are 413.
    #[schema(required = false)]
    blocks: Vec<BlockPatch>,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CellLayoutPatch {
    #[schema(min_length = 1, max_length = 120)]
    section: Option<String>,
    order: Option<f64>,
    #[schema(minimum = 1, maximum = 12)]
    width: Option<u8>,
    #[schema(minimum = 4, maximum = 160)]
    height: Option<u16>,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockPatch {
    /// Without one the block of the first cell is replaced, or a new one is made.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,64}$")]
    id: Option<String>,
    /// A mosaic or the name of one, such as `hero-thirds`; `null` removes the block.
    mosaic: Option<String>,
    /// Cells by `_id` or name; they leave the blocks in which they are.
    #[schema(required = false)]
    cells: BTreeMap<String, String>,
}

shape! {
    /// Cells in a row that have no width.
    Density: utoipa::openapi::schema::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::Integer)
        .enum_values(Some([2, 3, 4, 6]));
}

/// In place of a layout, for a request that was done before.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepeatedLayout {
    repeated: Always,
}

shape! {
    /// A layout, or what stands in its place.
    LayoutOrRepeated: AnyOfBuilder::new().item(Ref::from_schema_name("BoardLayout")).item(Ref::from_schema_name("RepeatedLayout"));
    BoardLayout RepeatedLayout
}
