//! The board of the demo: its cells, and what is sent to each.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::network::Evaluation;
use super::spirals::{CLASSES, Sample};
use crate::server::cli::http_client::{HttpClient, RequestError};

/// Cells by their key, in the order of the board.
const CELLS: [(&str, &str, &str); 10] = [
    ("loss", "line", "Loss"),
    ("accuracy", "line", "Accuracy"),
    ("progress", "number", "Progress"),
    ("best", "number", "Best validation accuracy"),
    ("regions", "img", "Decision regions"),
    ("confusion", "heatmap", "Confusion on the validation set"),
    ("rate", "line", "Learning rate"),
    ("gradient", "line", "Norm of the gradient"),
    ("weights", "histogram", "Weights, over steps"),
    ("about", "text", "About this demo"),
];

/// Bins of the histogram of weights. Weights outside count for the outer bins.
const BINS: usize = 40;
const MAX_WEIGHT: f64 = 2.0;

/// Points of a series: step and value.
pub type Points = Vec<(u32, f64)>;

pub struct DemoBoard {
    client: HttpClient,
    name: String,
    weights: WeightHistory,
}

#[derive(Default)]
struct WeightHistory {
    steps: Vec<u32>,
    counts: Vec<Vec<u32>>,
}

impl DemoBoard {
    /// Creates the cells, or empties those that an earlier demo left on the board.
    pub async fn open(client: HttpClient, name: &str) -> Result<Self, RequestError> {
        let mut board = Self { client, name: name.to_owned(), weights: WeightHistory::default() };
        for (position, (key, kind, title)) in CELLS.into_iter().enumerate() {
            let id = cell_id(name, key);
            let mut document = json!({"board": name, "type": kind, "name": title, "pos": position, "value": [], "description": ""});
            let path = format!("/values/{id}");
            let status = board.client.send(Method::PATCH, &path, Some(&document)).await?.status();
            if status == StatusCode::NOT_FOUND {
                document["_id"] = json!(id);
                // Settings of a chart are the reader's once the cell exists.
                if let Some(chart) = chart_settings(key) {
                    document["chart"] = chart;
                }
                board.client.expect_success(Method::POST, "/values", &document).await?;
            } else if !status.is_success() {
                board.client.expect_success(Method::PATCH, &path, &document).await?;
            }
        }
        Ok(board)
    }

    /// Appends points to several series: cell, series, points.
    pub async fn append(&mut self, series: Vec<(&str, &str, Points)>) -> Result<(), RequestError> {
        let mut cells = json!({});
        for (key, name, points) in series.into_iter().filter(|(_, _, points)| !points.is_empty()) {
            cells[cell_id(&self.name, key)][name] = json!(points);
        }
        self.client.expect_success(Method::POST, "/points", &json!({ "cells": cells })).await
    }

    pub async fn show_progress(&mut self, step: u32, steps: u32) -> Result<(), RequestError> {
        let percent = (100.0 * f64::from(step) / f64::from(steps)).round();
        self.show("progress", json!({"value": percent, "unit": "%"}), &format!("step {step} of {steps}")).await
    }

    /// `history` is the accuracy on the validation set at each evaluation, in percent.
    pub async fn show_best(&mut self, history: &[f64]) -> Result<(), RequestError> {
        let best = history.iter().copied().fold(0.0, f64::max);
        let value = json!({"value": rounded(best), "unit": "%", "better": "up", "trend": history});
        self.show("best", value, "").await
    }

    pub async fn show_confusion(&mut self, samples: &[Sample], evaluation: &Evaluation) -> Result<(), RequestError> {
        let mut counts = [[0_u32; CLASSES]; CLASSES];
        for (sample, predicted) in samples.iter().zip(&evaluation.predicted) {
            counts[sample.class][*predicted] += 1;
        }
        let names: Vec<String> = (1..=CLASSES).map(|class| format!("arm {class}")).collect();
        let value = json!({"values": counts, "rows": names, "columns": names, "row_label": "truth", "column_label": "predicted"});
        let wrong = samples.iter().zip(&evaluation.predicted).filter(|(sample, predicted)| sample.class != **predicted).count();
        self.show("confusion", value, &format!("{wrong} of {} wrong", samples.len())).await
    }

    pub async fn show_weights(&mut self, step: u32, weights: impl Iterator<Item = f64>) -> Result<(), RequestError> {
        self.weights.steps.push(step);
        self.weights.counts.push(histogram(weights));
        let edges: Vec<f64> = (0..=BINS).map(|edge| rounded((2.0 * edge as f64 / BINS as f64 - 1.0) * MAX_WEIGHT)).collect();
        let value = json!({"steps": self.weights.steps, "edges": edges, "counts": self.weights.counts});
        self.show("weights", value, "").await
    }

    pub async fn show_picture(&mut self, data_uri: &str, step: u32) -> Result<(), RequestError> {
        self.show("regions", json!(data_uri), &format!("after step {step}; the points are those of the training set")).await
    }

    pub async fn show_text(&mut self, markdown: &str) -> Result<(), RequestError> {
        self.show("about", json!(markdown), "").await
    }

    async fn show(&mut self, key: &str, value: Value, description: &str) -> Result<(), RequestError> {
        let path = format!("/values/{}", cell_id(&self.name, key));
        self.client.expect_success(Method::PATCH, &path, &json!({"value": value, "description": description})).await
    }
}

/// The same in each demo on a board. The Python client's ids have one or two hyphens, these have
/// three: a demo never writes to a cell of a user's script.
fn cell_id(board: &str, key: &str) -> String {
    let digest = Sha256::digest(board.as_bytes());
    format!("agnez-demo-{}-{key}", hex::encode(&digest[..8]))
}

fn chart_settings(key: &str) -> Option<Value> {
    match key {
        "loss" => Some(json!({"y": "log", "smooth": 0.6})),
        "accuracy" => Some(json!({"unit": "%"})),
        "gradient" => Some(json!({"y": "log", "smooth": 0.8})),
        _ => None,
    }
}

fn histogram(weights: impl Iterator<Item = f64>) -> Vec<u32> {
    let mut counts = vec![0; BINS];
    for weight in weights {
        // A cast of a float saturates.
        let bin = ((weight / MAX_WEIGHT + 1.0) / 2.0 * BINS as f64) as usize;
        counts[bin.min(BINS - 1)] += 1;
    }
    counts
}

/// To two places.
fn rounded(number: f64) -> f64 {
    (100.0 * number).round() / 100.0
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::protocol::CellId;

    #[test]
    fn cells_of_boards_with_similar_names_differ() {
        let long = "x".repeat(64);
        let boards = ["a.b", "a-b", &long, &long[1..]];
        let ids: HashSet<String> = boards.iter().flat_map(|board| CELLS.map(|(key, _, _)| cell_id(board, key))).collect();
        assert_eq!(ids.len(), boards.len() * CELLS.len());
        assert!(ids.iter().all(|id| CellId::parse(id).is_some() && id.matches('-').count() == 3), "{ids:?}");
    }

    #[test]
    fn weights_outside_count_for_the_outer_bins() {
        let counts = histogram([-9.0, -2.0, -0.001, 0.001, 9.0].into_iter());
        assert_eq!((counts[0], counts[BINS / 2 - 1], counts[BINS / 2], counts[BINS - 1]), (2, 1, 1, 1));
        assert_eq!(counts.iter().sum::<u32>(), 5);
    }
}
