//! A multilayer perceptron: tanh, softmax, cross-entropy; trained by stochastic gradient descent with momentum and weight decay.

use fastrand::Rng;

use super::spirals::{CLASSES, Sample, normal};

/// Inputs, two hidden layers, classes.
pub const SIZES: [usize; 4] = [2, 32, 32, CLASSES];

const MOMENTUM: f64 = 0.9;
const WEIGHT_DECAY: f64 = 1e-4;

/// A fully connected layer.
#[derive(Clone)]
struct Layer {
    inputs: usize,
    /// A row of `inputs` weights for each output.
    weights: Vec<f64>,
    biases: Vec<f64>,
}

impl Layer {
    fn zeros(inputs: usize, outputs: usize) -> Self {
        Self { inputs, weights: vec![0.0; inputs * outputs], biases: vec![0.0; outputs] }
    }

    fn apply(&self, input: &[f64]) -> Vec<f64> {
        let rows = self.weights.chunks_exact(self.inputs).zip(&self.biases);
        rows.map(|(row, bias)| bias + row.iter().zip(input).map(|(weight, x)| weight * x).sum::<f64>()).collect()
    }

    /// Adds the gradient of one sample: `delta` is the derivative of the loss by each output. Returns the derivative by each input.
    fn backward(&self, input: &[f64], delta: &[f64], gradient: &mut Self) -> Vec<f64> {
        let mut by_input = vec![0.0; self.inputs];
        for (output, d) in delta.iter().enumerate() {
            let row = output * self.inputs..(output + 1) * self.inputs;
            gradient.biases[output] += d;
            for (index, (weight, sum)) in self.weights[row.clone()].iter().zip(&mut gradient.weights[row]).enumerate() {
                *sum += d * input[index];
                by_input[index] += d * weight;
            }
        }
        by_input
    }

    fn parameters(&mut self) -> impl Iterator<Item = &mut f64> {
        self.weights.iter_mut().chain(&mut self.biases)
    }
}

#[derive(Clone)]
pub struct Network {
    layers: Vec<Layer>,
    velocities: Vec<Layer>,
}

/// Mean loss and predicted classes of a data set.
pub struct Evaluation {
    pub loss: f64,
    pub predicted: Vec<usize>,
    /// In percent.
    pub accuracy: f64,
}

/// A step of gradient descent.
pub struct Step {
    /// Mean cross-entropy of the batch before the step.
    pub loss: f64,
    /// Euclidean norm of the gradient over all parameters.
    pub gradient_norm: f64,
}

impl Network {
    /// Weights from a normal distribution of variance 1/inputs (LeCun et al. 1998), biases 0.
    pub fn new(rng: &mut Rng) -> Self {
        let zeros: Vec<Layer> = SIZES.windows(2).map(|pair| Layer::zeros(pair[0], pair[1])).collect();
        let mut layers = zeros.clone();
        for layer in &mut layers {
            let deviation = (1.0 / layer.inputs as f64).sqrt();
            layer.weights.iter_mut().for_each(|weight| *weight = deviation * normal(rng));
        }
        Self { layers, velocities: zeros }
    }

    /// The outputs of each layer, the input first; the last are the logarithms of the classes' probabilities.
    fn forward(&self, input: [f64; 2]) -> Vec<Vec<f64>> {
        let mut outputs = vec![input.to_vec()];
        for (index, layer) in self.layers.iter().enumerate() {
            let mut output = layer.apply(&outputs[index]);
            if index + 1 < self.layers.len() {
                output.iter_mut().for_each(|x| *x = x.tanh());
            } else {
                let highest = output.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let log_sum = highest + output.iter().map(|x| (x - highest).exp()).sum::<f64>().ln();
                output.iter_mut().for_each(|x| *x -= log_sum);
            }
            outputs.push(output);
        }
        outputs
    }

    /// The probability of each class.
    pub fn probabilities(&self, input: [f64; 2]) -> Vec<f64> {
        self.forward(input).pop().unwrap_or_default().iter().map(|log| log.exp()).collect()
    }

    /// Gradient of the mean cross-entropy with weight decay, and that mean without it.
    fn gradient(&self, batch: &[&Sample]) -> (Vec<Layer>, f64) {
        let mut gradients: Vec<Layer> = SIZES.windows(2).map(|pair| Layer::zeros(pair[0], pair[1])).collect();
        let share = 1.0 / batch.len() as f64;
        let mut loss = 0.0;
        for sample in batch {
            let outputs = self.forward(sample.at);
            let logs = &outputs[self.layers.len()];
            loss -= share * logs[sample.class];
            let mut delta: Vec<f64> = logs.iter().map(|log| share * log.exp()).collect();
            delta[sample.class] -= share;
            for index in (0..self.layers.len()).rev() {
                let by_input = self.layers[index].backward(&outputs[index], &delta, &mut gradients[index]);
                // The derivative of tanh is 1 - tanh².
                delta = by_input.iter().zip(&outputs[index]).map(|(d, y)| d * (1.0 - y * y)).collect();
            }
        }
        for (gradient, layer) in gradients.iter_mut().zip(&self.layers) {
            gradient.weights.iter_mut().zip(&layer.weights).for_each(|(sum, weight)| *sum += WEIGHT_DECAY * weight);
        }
        (gradients, loss)
    }

    /// One step of gradient descent.
    pub fn step(&mut self, batch: &[&Sample], learning_rate: f64) -> Step {
        let (mut gradients, loss) = self.gradient(batch);
        let mut squares = 0.0;
        for (layer, (velocity, gradient)) in self.layers.iter_mut().zip(self.velocities.iter_mut().zip(&mut gradients)) {
            for (parameter, (speed, slope)) in layer.parameters().zip(velocity.parameters().zip(gradient.parameters())) {
                squares += *slope * *slope;
                *speed = MOMENTUM * *speed - learning_rate * *slope;
                *parameter += *speed;
            }
        }
        Step { loss, gradient_norm: squares.sqrt() }
    }

    pub fn evaluate(&self, samples: &[Sample]) -> Evaluation {
        let mut loss = 0.0;
        let mut correct = 0;
        let mut predicted = Vec::with_capacity(samples.len());
        for sample in samples {
            let logs = self.forward(sample.at).pop().unwrap_or_default();
            loss -= logs[sample.class];
            let class = most_likely(&logs);
            correct += usize::from(class == sample.class);
            predicted.push(class);
        }
        let count = samples.len() as f64;
        Evaluation { loss: loss / count, predicted, accuracy: 100.0 * f64::from(u32::try_from(correct).unwrap_or(u32::MAX)) / count }
    }

    /// The weights of all layers.
    pub fn weights(&self) -> impl Iterator<Item = f64> {
        self.layers.iter().flat_map(|layer| layer.weights.iter().copied())
    }
}

/// The index of the highest number.
pub fn most_likely(numbers: &[f64]) -> usize {
    (0..numbers.len()).max_by(|one, other| numbers[*one].total_cmp(&numbers[*other])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::spirals::spirals;
    use super::*;

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let mut rng = Rng::with_seed(7);
        let mut network = Network::new(&mut rng);
        let samples = spirals(9, &mut rng);
        let batch: Vec<&Sample> = samples.iter().collect();
        let loss = |network: &Network| {
            network.evaluate(&samples).loss + 0.5 * WEIGHT_DECAY * network.weights().map(|weight| weight * weight).sum::<f64>()
        };
        let (gradients, _) = network.gradient(&batch);
        let step = 1e-5;
        for (layer, gradient) in gradients.iter().enumerate() {
            for index in [0, gradient.weights.len() / 2, gradient.weights.len() - 1] {
                let before = network.layers[layer].weights[index];
                network.layers[layer].weights[index] = before + step;
                let above = loss(&network);
                network.layers[layer].weights[index] = before - step;
                let below = loss(&network);
                network.layers[layer].weights[index] = before;
                let (expected, found) = ((above - below) / (2.0 * step), gradient.weights[index]);
                assert!((expected - found).abs() < 1e-7, "layer {layer}, weight {index}: {expected} {found}");
            }
            let before = network.layers[layer].biases[0];
            network.layers[layer].biases[0] = before + step;
            let above = loss(&network);
            network.layers[layer].biases[0] = before - step;
            let below = loss(&network);
            network.layers[layer].biases[0] = before;
            let (expected, found) = ((above - below) / (2.0 * step), gradient.biases[0]);
            assert!((expected - found).abs() < 1e-7, "layer {layer}, bias: {expected} {found}");
        }
    }

    #[test]
    fn probabilities_sum_to_1() {
        let network = Network::new(&mut Rng::with_seed(1));
        for at in [[0.0, 0.0], [1.0, -1.0], [1e6, 1e6]] {
            assert!((network.probabilities(at).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
        assert_eq!((most_likely(&[0.1, 0.7, 0.2]), most_likely(&[])), (1, 0));
    }
}
