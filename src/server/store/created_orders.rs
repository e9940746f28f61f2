//! Places in the order of creation, which identify cells for ever.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Ascending. As text they are the distances to the one before, so that those of a thousand cells take a few KB.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreatedOrders(Vec<u64>);

impl CreatedOrders {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn contains(&self, order: u64) -> bool {
        self.0.binary_search(&order).is_ok()
    }

    /// Leaves out the others. Returns how many these were.
    pub fn retain(&mut self, is_kept: impl Fn(u64) -> bool) -> usize {
        let before = self.0.len();
        self.0.retain(|order| is_kept(*order));
        before - self.0.len()
    }

    /// Those of both, each once.
    pub fn union(self, other: Self) -> Self {
        self.0.into_iter().chain(other.0).collect()
    }
}

impl FromIterator<u64> for CreatedOrders {
    fn from_iter<T: IntoIterator<Item = u64>>(orders: T) -> Self {
        let mut orders: Vec<u64> = orders.into_iter().collect();
        orders.sort_unstable();
        orders.dedup();
        Self(orders)
    }
}

impl Serialize for CreatedOrders {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut before = 0;
        let distances = self.0.iter().map(|order| (order - std::mem::replace(&mut before, *order)).to_string());
        serializer.serialize_str(&distances.collect::<Vec<_>>().join(" "))
    }
}

impl<'de> Deserialize<'de> for CreatedOrders {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut order = 0_u64;
        let orders = text.split_ascii_whitespace().map(|distance| {
            order = order.checked_add(distance.parse().ok()?)?;
            Some(order)
        });
        let orders: Option<Self> = orders.collect();
        orders.ok_or_else(|| de::Error::custom("these are no distances"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn orders_are_written_as_distances() {
        let orders = CreatedOrders::from_iter([7, 3, 100, 3]).union(CreatedOrders::from_iter([8, 7]));
        assert_eq!((json!(orders), orders.len()), (json!("3 4 1 92"), 4));
        assert_eq!(serde_json::from_value::<CreatedOrders>(json!(orders)).unwrap(), orders);
        assert!(orders.contains(8) && !orders.contains(9) && !CreatedOrders::default().contains(0));
        assert_eq!(json!(CreatedOrders::default()), json!(""));
        assert!(serde_json::from_value::<CreatedOrders>(json!("1 x")).is_err());
    }
}
