//! Marks and views of a board.

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::AnyOfBuilder;

use super::{Always, LayoutPatch};
use crate::server::http::openapi::shape::shape;

/// A mark at a step, or at a time.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkDraft {
    /// Made when missing.
    #[schema(rename = "_id", pattern = "^[A-Za-z0-9_-]{1,64}$")]
    id: Option<String>,
    /// The id of a run; without it the mark is of all runs.
    run: Option<String>,
    step: Option<f64>,
    /// Seconds since 1970.
    time: Option<f64>,
    #[schema(min_length = 1, max_length = 200)]
    text: String,
    /// One of the eight colours of series.
    #[schema(minimum = 0, maximum = 7)]
    colour: Option<u8>,
}

#[derive(ToSchema)]
pub struct Mark {
    #[schema(rename = "_id")]
    id: String,
    #[schema(required = false)]
    run: String,
    #[schema(required = false)]
    step: f64,
    #[schema(required = false)]
    time: f64,
    text: String,
    #[schema(required = false)]
    colour: u8,
}

/// How somebody looked at a board.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ViewDraft {
    /// Made when missing; a PUT has that of its address.
    #[schema(rename = "_id", pattern = "^[A-Za-z0-9_-]{1,64}$")]
    id: Option<String>,
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// The query of the page's address, without `?`; 4 KiB at most.
    #[schema(max_length = 4096)]
    query: String,
    /// What differs from the arrangement of the board.
    #[schema(inline)]
    layout: Option<LayoutPatch>,
    /// Names of the sections that are folded; an empty one is the part without a name.
    #[schema(max_items = 1000)]
    folded: Option<Vec<String>>,
}

#[derive(ToSchema)]
pub struct View {
    #[schema(rename = "_id")]
    id: String,
    name: String,
    query: String,
    #[schema(required = false, value_type = Object)]
    layout: Value,
    #[schema(required = false)]
    folded: Vec<String>,
}

/// In place of an item, for a request that was done before.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepeatedItem {
    #[schema(rename = "_id", required = false)]
    id: String,
    repeated: Always,
}

shape! {
    /// A mark, or what stands in its place.
    MarkOrRepeated: AnyOfBuilder::new().item(Ref::from_schema_name("Mark")).item(Ref::from_schema_name("RepeatedItem"));
    Mark RepeatedItem
}

shape! {
    /// A view, or what stands in its place.
    ViewOrRepeated: AnyOfBuilder::new().item(Ref::from_schema_name("View")).item(Ref::from_schema_name("RepeatedItem"));
    View RepeatedItem
}
