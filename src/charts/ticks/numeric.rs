//! Ticks of plain numbers on linear and logarithmic axes, and their labels with SI prefixes.

use super::nice_step::nice_step;
use super::{Tick, count_labels};
use crate::charts::scale::Scale;
use crate::charts::text_metrics::{decimal_exponent, format_decimal, format_scientific, from_decimal, group_digits, power_of_ten};

/// How many steps of `digit` times 10^`exponent` there are in `value`.
fn count_steps(number: f64, digit: i64, exponent: i32) -> f64 {
    if exponent < -280 { number * power_of_ten(40) / from_decimal(digit, exponent + 40) } else { number / from_decimal(digit, exponent) }
}

pub fn linear_ticks(lo: f64, hi: f64, unit: &str, target: usize) -> Vec<Tick> {
    // Beyond 2^53 steps from zero neighbours are no longer is_labelled apart. A span that is no double is cut in halves first.
    let half = hi / 2.0 - lo / 2.0;
    let size = lo.abs().max(hi.abs());
    let (digit, exponent) =
        if half < f64::MAX / 4.0 { nice_step((hi - lo).max(size * 1e-14), target) } else { nice_step(half / target as f64 * 2.0, 1) };
    let step = from_decimal(digit, exponent);
    let (from, to) = ((count_steps(lo, digit, exponent) - 1e-9).ceil() as i64, (count_steps(hi, digit, exponent) + 1e-9).floor() as i64);
    let largest = from.unsigned_abs().max(to.unsigned_abs()) as f64 * step;
    let mut prefix = Prefix::of(largest, unit);
    let is_deep = from < to && decimal_exponent(largest) - exponent > 5;
    if is_deep && matches!(prefix, Prefix::Power(_)) {
        prefix = Prefix::Power(0);
    }
    let tick = |i: i64| {
        let label = if is_deep && i > from {
            let above = Prefix::of((to - from) as f64 * step, "");
            ["+", &above.format((i - from) * digit, exponent, "")].concat()
        } else {
            prefix.format(i * digit, exponent, unit)
        };
        Tick { at: from_decimal(i * digit, exponent), label }
    };
    let mut ticks: Vec<Tick> = (from..=to).map(tick).collect();
    if let Some(last) = ticks.last_mut() {
        prefix.append_unit(&mut last.label, unit);
    }
    ticks
}

pub fn log_ticks(scale: &Scale, unit: &str, target: usize) -> Vec<Tick> {
    let (from, to) = (decimal_exponent(scale.lo), decimal_exponent(scale.hi));
    let powers = (to - from + i32::from(power_of_ten(from) >= scale.lo)).max(0) as usize;
    // Every power, or every second, third, ...: multiples of the stride, so that they stay when the range grows.
    let stride = powers.div_ceil(target).max(1) as i32;
    let mut ticks = Vec::new();
    for exponent in from..=to {
        for digit in 1..10 {
            let at = from_decimal(digit, exponent);
            // The smallest doubles are fewer than their digits.
            let is_known = ticks.last().is_some_and(|last: &Tick| last.at >= at);
            if at < scale.lo || at > scale.hi || !at.is_finite() || is_known {
                continue;
            }
            let is_labelled = match digit {
                1 => exponent.rem_euclid(stride) == 0,
                2 | 5 => powers * 3 <= target,
                _ => false,
            };
            if is_labelled || (digit == 1 && powers <= 40) || (stride == 1 && powers <= 8) {
                let mut label = String::new();
                if is_labelled {
                    let prefix = Prefix::of(at, unit);
                    label = prefix.format(digit, exponent, unit);
                    if takes_prefix(unit) {
                        prefix.append_unit(&mut label, unit);
                    }
                }
                ticks.push(Tick { at, label });
            }
        }
    }
    // Within a part of a decade there may be hardly a number of these: there the axis is labelled like a linear one.
    let least = if powers * 3 <= target { 3 } else { 2 };
    if count_labels(&ticks) < least {
        ticks = linear_ticks(scale.lo, scale.hi, unit, target).into_iter().filter(|tick| tick.at > 0.0).collect();
    } else if !takes_prefix(unit)
        && let Some(last) = ticks.iter_mut().rev().find(|tick| !tick.label.is_empty())
    {
        Prefix::Power(0).append_unit(&mut last.label, unit);
    }
    ticks
}

/// What a label leaves out of its digits: a power of ten is_labelled by an SI prefix, or by an exponent of its own.
#[derive(Clone, Copy)]
enum Prefix {
    Power(i32),
    Scientific,
}

impl Prefix {
    /// For numbers up to `largest`: k from 10,000, M, G, T; below 1 m, µ and n where the unit takes them (250 ms).
    fn of(largest: f64, unit: &str) -> Self {
        if largest == 0.0 {
            return Self::Power(0);
        }
        match decimal_exponent(largest) {
            exponent @ -9..0 if takes_prefix(unit) => Self::Power(exponent.div_euclid(3) * 3),
            -4..4 => Self::Power(0),
            exponent @ 4..15 => Self::Power(exponent / 3 * 3),
            _ => Self::Scientific,
        }
    }

    /// The number, with the prefix where that does not belong to the unit.
    fn format(self, digits: i64, exponent: i32, unit: &str) -> String {
        if digits == 0 {
            return "0".into();
        }
        match self {
            Self::Scientific => {
                let (mut digits, mut exponent) = (digits, exponent);
                while digits % 10 == 0 {
                    (digits, exponent) = (digits / 10, exponent + 1);
                }
                format_scientific(digits, exponent)
            }
            Self::Power(power) => {
                group_digits(&format_decimal(digits, exponent - power)) + if self.belongs_to(unit) { "" } else { self.symbol() }
            }
        }
    }

    /// Puts the unit behind a number.
    fn append_unit(self, label: &mut String, unit: &str) {
        if unit.is_empty() {
            return;
        }
        if unit != "%" {
            // A narrow no-break space.
            label.push('\u{202f}');
        }
        if self.belongs_to(unit) {
            label.push_str(self.symbol());
        }
        label.push_str(unit);
    }

    /// Whether the prefix belongs to the unit: 250 ms, but 20k s and 5k img/s.
    fn belongs_to(self, unit: &str) -> bool {
        takes_prefix(unit) && !(unit == "s" && matches!(self, Self::Power(1..)))
    }

    fn symbol(self) -> &'static str {
        match self {
            Self::Power(-9) => "n",
            Self::Power(-6) => "µ",
            Self::Power(-3) => "m",
            Self::Power(3) => "k",
            Self::Power(6) => "M",
            Self::Power(9) => "G",
            Self::Power(12) => "T",
            _ => "",
        }
    }
}

/// Units that are written with SI prefixes; before others the prefix stands at the number (12.5k img/s).
fn takes_prefix(unit: &str) -> bool {
    let base = unit.split('/').next().unwrap_or_default();
    ["s", "B", "b", "bit", "W", "J", "V", "A", "m", "g", "Hz", "FLOP", "FLOPS", "Pa", "eV", "Wh"].contains(&base)
}
