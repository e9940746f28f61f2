//! Numbers as a training makes them: a loss that falls and is noisy, and chance that is the same in every run.

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Mean 0, deviation 1: the sum of twelve.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// The loss at `step`: falls from 2.4 towards 0.1, with noise of 5 in 100 of it.
pub fn loss(chance: &mut Chance, step: u64) -> f64 {
    let falling = 0.1 + 2.3 / (1.0 + step as f64 / 20_000.0).sqrt();
    falling * (1.0 + 0.05 * chance.normal())
}

/// Losses, made once: `at` any step they go on without end, since making them takes longer than sending them.
pub struct Losses {
    list: Vec<f64>,
    single: bool,
}

impl Losses {
    /// `single`: as a loss comes out of a network, f32. Else all bits of the doubles are used.
    pub fn new(seed: u64, single: bool) -> Self {
        let mut chance = Chance(seed);
        let list = (0..1 << 20).map(|step| loss(&mut chance, step));
        let list = list.map(|loss| if single { f64::from(loss as f32) } else { loss });
        Self { list: list.collect(), single }
    }

    pub fn at(&self, step: u64) -> f64 {
        self.list[step as usize % self.list.len()]
    }

    /// A frame of points (docs/rest.md) with the steps from `start` on, and times where they are given.
    pub fn frame(&self, cell: &str, start: u64, count: usize, times: Option<&[f64]>, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(b"AGNZ\x01\x01\0\0");
        out.extend_from_slice(&0_u64.to_le_bytes());
        out.extend_from_slice(&1_u32.to_le_bytes());
        out.push(cell.len() as u8);
        out.extend_from_slice(cell.as_bytes());
        out.extend_from_slice(&4_u16.to_le_bytes());
        out.extend_from_slice(b"loss");
        out.extend_from_slice(&u64::MAX.to_le_bytes());
        out.push(1 | if self.single { 2 } else { 0 } | if times.is_some() { 4 } else { 0 });
        out.extend_from_slice(&(count as u32).to_le_bytes());
        let steps = start..start + count as u64;
        steps.clone().for_each(|step| out.extend_from_slice(&(step as f64).to_le_bytes()));
        for step in steps {
            match self.single {
                true => out.extend_from_slice(&(self.at(step) as f32).to_le_bytes()),
                false => out.extend_from_slice(&self.at(step).to_le_bytes()),
            }
        }
        times.into_iter().flatten().for_each(|time| out.extend_from_slice(&time.to_le_bytes()));
    }
}

/// The value below which `share` of the sorted list is.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

pub fn sorted(mut list: Vec<f64>) -> Vec<f64> {
    list.sort_by(f64::total_cmp);
    list
}
