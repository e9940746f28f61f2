//! The training run of the demo: stochastic gradient descent, as fast as the board is to be watched.

use std::time::Duration;

use fastrand::Rng;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use super::board::{DemoBoard, Points};
use super::network::{Evaluation, Network, SIZES};
use super::picture::decision_regions;
use super::spirals::{CLASSES, Sample, spirals};
use crate::server::cli::http_client::{HttpClient, RequestError};

const TRAINING_SAMPLES: usize = 300;
const VALIDATION_SAMPLES: usize = 150;
const BATCH: usize = 32;
const STEPS: u32 = 1200;
const MAX_LEARNING_RATE: f64 = 0.06;
/// Steps of linear warm-up of the learning rate.
const WARM_UP: u32 = STEPS / 20;

/// Steps between two requests with points, between two evaluations, and between two pictures; each a multiple of the one before.
const STEPS_PER_REQUEST: u32 = 2;
const STEPS_PER_EVALUATION: u32 = 10;
const STEPS_PER_PICTURE: u32 = 30;

/// Points of the training since the last request.
#[derive(Default)]
struct Pending {
    loss: Points,
    rate: Points,
    gradient: Points,
}

/// Trains for `duration`, zero for as fast as possible, and returns a sentence with the result.
pub async fn train(client: HttpClient, board: &str, seed: u64, duration: Duration) -> Result<String, RequestError> {
    let mut rng = Rng::with_seed(seed);
    let (training, validation) = (spirals(TRAINING_SAMPLES, &mut rng), spirals(VALIDATION_SAMPLES, &mut rng));
    let mut network = Network::new(&mut rng);
    let mut board = DemoBoard::open(client, board).await?;
    let about = description(seed);
    board.show_text(&about).await?;
    let mut order: Vec<usize> = Vec::new();
    let mut pending = Pending::default();
    let mut history = Vec::new();
    let start = Instant::now();
    for step in 1..=STEPS {
        if order.len() < BATCH {
            order = (0..training.len()).collect();
            rng.shuffle(&mut order);
        }
        let batch: Vec<&Sample> = order.drain(..BATCH).map(|index| &training[index]).collect();
        let rate = learning_rate(step);
        let taken = network.step(&batch, rate);
        pending.loss.push((step, taken.loss));
        pending.rate.push((step, rate));
        pending.gradient.push((step, taken.gradient_norm));
        if step.is_multiple_of(STEPS_PER_REQUEST) {
            let Pending { loss, rate, gradient } = std::mem::take(&mut pending);
            let mut series = vec![("loss", "train", loss), ("rate", "learning rate", rate), ("gradient", "all layers", gradient)];
            let evaluation = step.is_multiple_of(STEPS_PER_EVALUATION).then(|| network.evaluate(&validation));
            if let Some(Evaluation { loss, accuracy, .. }) = &evaluation {
                series.push(("loss", "val", vec![(step, *loss)]));
                series.push(("accuracy", "train", vec![(step, network.evaluate(&training).accuracy)]));
                series.push(("accuracy", "val", vec![(step, *accuracy)]));
                history.push(*accuracy);
            }
            board.append(series).await?;
            if let Some(evaluation) = &evaluation {
                board.show_progress(step, STEPS).await?;
                board.show_best(&history).await?;
                if step.is_multiple_of(STEPS_PER_PICTURE) {
                    board.show_confusion(&validation, evaluation).await?;
                    board.show_weights(step, network.weights()).await?;
                    show_regions(&mut board, &network, &training, step).await?;
                }
            }
            sleep_until(start + duration.mul_f64(f64::from(step) / f64::from(STEPS))).await;
        }
    }
    let best = history.iter().copied().fold(0.0, f64::max);
    let last = network.evaluate(&validation);
    let result = format!(
        "Training has ended after {STEPS} steps: {:.1} % of the validation set is classified correctly, {best:.1} % at best.",
        last.accuracy
    );
    board.show_text(&format!("{about}\n\n**{result}**")).await?;
    Ok(result)
}

/// Computes the picture outside the tasks of the server, which may run in the same process.
async fn show_regions(board: &mut DemoBoard, network: &Network, training: &[Sample], step: u32) -> Result<(), RequestError> {
    let (network, training) = (network.clone(), training.to_vec());
    match spawn_blocking(move || decision_regions(&network, &training)).await {
        Ok(Some(picture)) => board.show_picture(&picture, step).await,
        _ => Ok(()),
    }
}

/// Linear warm-up, then half a cosine down to 0 (Loshchilov and Hutter, SGDR, 2017).
fn learning_rate(step: u32) -> f64 {
    if step < WARM_UP {
        return MAX_LEARNING_RATE * f64::from(step) / f64::from(WARM_UP);
    }
    let share = f64::from(step - WARM_UP) / f64::from(STEPS - WARM_UP);
    MAX_LEARNING_RATE * 0.5 * (1.0 + (std::f64::consts::PI * share).cos())
}

fn description(seed: u64) -> String {
    let sizes = SIZES.map(|size| size.to_string()).join("-");
    format!(
        "A **{sizes}** network learns to tell {CLASSES} arms of a spiral apart, from {TRAINING_SAMPLES} points; \
         {VALIDATION_SAMPLES} others are its validation set.\n\n\
         tanh, softmax, cross-entropy; batches of {BATCH}, momentum 0.9, warm-up and half a cosine, seed {seed}. \
         The gradients are computed by `agnez demo` itself, and everything here came over the REST interface that your script uses."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_rises_and_falls_to_0() {
        assert_eq!((learning_rate(WARM_UP), learning_rate(STEPS)), (MAX_LEARNING_RATE, 0.0));
        assert!(learning_rate(1) < learning_rate(2) && learning_rate(STEPS / 2) > learning_rate(STEPS / 2 + 1));
    }

    #[test]
    fn intervals_are_multiples_of_each_other() {
        assert!([STEPS, STEPS_PER_PICTURE].iter().all(|steps| steps.is_multiple_of(STEPS_PER_EVALUATION)));
        assert!(STEPS_PER_EVALUATION.is_multiple_of(STEPS_PER_REQUEST) && STEPS.is_multiple_of(STEPS_PER_PICTURE));
    }
}
