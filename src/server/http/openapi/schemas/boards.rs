//! The documents of boards: as clients send them and as the server answers them.

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::AnyOfBuilder;

use super::{Always, BoardLayoutKeys, Mark, View};
use crate::server::http::openapi::shape::{shape, words};

/// What a client sends of a board: every key may be missing, further keys are kept, `null` removes a key.
#[derive(ToSchema)]
pub struct BoardDraft {
    #[schema(max_length = 200)]
    title: Option<String>,
    /// 64 KiB at most.
    description: Option<String>,
    goal: Option<Goal>,
    /// By the name of a metric, or a pattern of names: `chart`, `line`, `section`, `unit`, `x`, `direction`.
    #[schema(value_type = Option<Object>)]
    metrics: Option<Value>,
    archived: Option<bool>,
    #[schema(inline)]
    layout: Option<BoardLayoutKeys>,
    #[schema(max_items = 500)]
    marks: Option<Vec<Mark>>,
    #[schema(max_items = 100)]
    views: Option<Vec<View>>,
}

/// The metric that the runs of a board are compared by.
#[derive(ToSchema)]
pub struct Goal {
    #[schema(min_length = 1, max_length = 200)]
    metric: String,
    #[schema(required = false)]
    direction: Direction,
}

shape! {
    /// The better end of a metric.
    Direction: words(["min", "max"]);
}

#[derive(ToSchema)]
pub struct Board {
    #[serde(flatten)]
    draft: BoardDraft,
    name: String,
    cells: u64,
    runs: u64,
    #[schema(required = false, minimum = 1)]
    rev: u64,
    #[schema(rename = "createdAt", required = false, format = DateTime)]
    created_at: String,
    #[schema(rename = "updatedAt", required = false, format = DateTime)]
    updated_at: String,
    /// Of a board that was restored: cells that did not come back.
    #[schema(required = false, minimum = 1)]
    missing: u64,
    /// Of a board that was restored: keys of its document that did not fit.
    #[schema(rename = "leftOut", required = false)]
    left_out: Vec<String>,
}

/// In place of a board, for a request that was done before.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepeatedBoard {
    #[schema(required = false)]
    name: String,
    #[schema(required = false, minimum = 1)]
    rev: u64,
    repeated: Always,
}

shape! {
    /// A board, or what stands in its place.
    BoardOrRepeated: AnyOfBuilder::new().item(Ref::from_schema_name("Board")).item(Ref::from_schema_name("RepeatedBoard"));
    Board RepeatedBoard
}
