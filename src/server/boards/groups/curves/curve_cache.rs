//! Curves of groups that were calculated: most groups are the same at the next request, when the curves of a few runs have grown, when
//! another browser shows the board, or when a reader goes back to a window.

use std::sync::{Arc, Mutex, PoisonError};

use super::{CurveQuery, GroupAxis, PlannedCurve};
use crate::series::groups::{GroupColumn, GroupGrid, GroupStyle};
use crate::server::limits::GROUP_CURVE_CACHE_BYTES;
use crate::server::two_generation_cache::TwoGenerationCache;

/// The places of a curve, which depend on the members, their points and the query alone.
#[derive(Clone, Debug, PartialEq)]
pub struct CalculatedCurve {
    /// Members with points.
    pub members: u32,
    pub grid: GroupGrid,
    pub columns: Arc<[GroupColumn]>,
}

/// A planned curve with its query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CurveKey {
    version: u64,
    query: QueryKey,
}

/// The fields of a [`CurveQuery`], by their bits.
type QueryKey = (GroupStyle, GroupAxis, Option<u64>, Option<u64>, u32, u64);

impl CurveKey {
    pub fn of(plan: &PlannedCurve, query: &CurveQuery) -> Self {
        let CurveQuery { style, axis, from, to, width, smooth } = *query;
        Self { version: plan.version, query: (style, axis, from.map(f64::to_bits), to.map(f64::to_bits), width, smooth.to_bits()) }
    }
}

pub struct GroupCurveCache(Mutex<TwoGenerationCache<CurveKey, CalculatedCurve>>);

impl Default for GroupCurveCache {
    fn default() -> Self {
        Self(Mutex::new(TwoGenerationCache::new(GROUP_CURVE_CACHE_BYTES)))
    }
}

impl GroupCurveCache {
    pub fn get(&self, key: &CurveKey) -> Option<CalculatedCurve> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key)
    }

    pub fn insert(&self, key: CurveKey, curve: CalculatedCurve) {
        let bytes = size_of::<(CurveKey, CalculatedCurve)>() + size_of_val(&*curve.columns);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, curve, bytes);
    }
}
