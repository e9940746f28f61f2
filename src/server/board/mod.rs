//! The use cases: validate, store, and let the hub publish. REST, server functions and the page all come through here.

mod charts;
mod draft;
pub mod epoch;
mod filter;
pub mod line;
mod person;
mod query;
mod scan;
mod sent;
mod shapes;
mod size;

use std::sync::Arc;

use serde_json::Value;

pub use draft::{Draft, board_name, parse_many, parse_one};
pub use epoch::parse_epoch;
pub use line::Once;
pub use query::Query;
use sent::LineValue;
pub use sent::{Sent, SentSeries, parse_lines, parse_many_points, parse_points};

use self::size::{bounded, held};
use super::error::Problem;
use super::ids;
use super::kinds::Verdicts;
use super::store::{Batch, Held, Kind, Record, Store};
use crate::protocol::{ApiError, Board, Cell, CellId, ErrorKind};

pub const MAIN: &str = "main";

/// A document that is not a picture may be this large; pictures are bounded by the request's own limit.
pub const DOCUMENT_BYTES: usize = 8 << 20;

/// The service behind all doors.
pub struct Boards {
    pub store: Arc<Store>,
}

/// Which cells a call is about.
pub enum Target {
    /// This one, if it matches.
    One(CellId, Query),
    Matching(Query),
}

/// A cell with its value, as JSON text.
pub struct Document {
    pub record: Arc<Record>,
    pub value: Option<Arc<str>>,
}

impl Document {
    pub fn to_json(&self) -> String {
        self.record.document(self.value.as_deref())
    }
}

fn not_found(id: &str) -> ApiError {
    ErrorKind::NotFound.with(format!("No record found for id '{id}'"))
}

impl Target {
    pub fn one(id: &str, query: Query) -> Result<Self, ApiError> {
        CellId::parse(id).map(|id| Self::One(id, query)).ok_or_else(|| not_found(id))
    }

    fn person(id: CellId) -> Self {
        Self::One(id, Query::default())
    }

    fn records(&self, batch: &Batch) -> Result<Vec<Arc<Record>>, ApiError> {
        match self {
            Self::One(id, query) => Ok(vec![batch.cell(id).filter(|record| query.matches(record)).ok_or_else(|| not_found(id.as_str()))?]),
            Self::Matching(query) => Ok(query.select(batch.cells())),
        }
    }
}

impl Boards {
    pub async fn get(&self, id: &str, query: &Query) -> Result<Document, Problem> {
        let found = match CellId::parse(id) {
            Some(id) => self.store.read(&id).await?,
            None => None,
        };
        let (record, value) = found.filter(|(record, _)| query.matches(record)).ok_or_else(|| not_found(id))?;
        Ok(Document { record, value })
    }

    /// The cells that match, in the query's order, and how many there are without its `$limit` and `$skip`.
    pub fn find(&self, query: &Query) -> (Vec<Arc<Record>>, usize) {
        let records: Vec<_> = self.store.index().cells().cloned().collect();
        let matching = query.select(records);
        let total = matching.len();
        (query.page(matching).collect(), total)
    }

    /// The document of a record that was found.
    pub async fn document(&self, record: Arc<Record>, query: &Query) -> Result<Document, Problem> {
        let large = matches!(record.value, Held::Stored(_)) && query.wants("value");
        match if large { self.store.read(&record.id).await? } else { None } {
            Some((record, value)) => Ok(Document { record, value }),
            None => {
                let value = if query.wants("value") { self.store.value(&record).await? } else { None };
                Ok(Document { record, value })
            }
        }
    }

    /// Creates all or none.
    pub async fn create(&self, drafts: Vec<Draft>) -> Result<Vec<Document>, Problem> {
        // Each knows the size of the whole body.
        let body = drafts.first().map_or(0, Draft::bytes);
        let bytes = bounded(held(body, drafts.iter().filter_map(|draft| draft.line.as_deref()).map(LineValue::points).sum()))?;
        let operation = move |batch: &mut Batch| {
            let mut made = Vec::with_capacity(drafts.len());
            for draft in drafts {
                made.push(create(batch, draft)?);
            }
            Ok(made)
        };
        let mut told = Vec::new();
        for document in self.store.write(bytes, operation).await? {
            told.push(self.told(document).await?);
        }
        Ok(told)
    }

    /// Replaces a document as a whole; its board and the person's arrangement stay unless the new one names others.
    pub async fn update(&self, id: &str, query: Query, draft: Draft) -> Result<Document, Problem> {
        let target = Target::one(id, query)?;
        line::refuse_append(&draft)?;
        let bytes = held(draft.bytes(), draft.line.as_deref().map_or(0, LineValue::points));
        let operation = move |batch: &mut Batch| {
            let before = target.records(batch)?.remove(0);
            let mut record = Record::clone(&before);
            let layout = record.keys.remove("layout");
            record.keys = draft.keys;
            if let Some(layout) = layout {
                record.keys.entry("layout").or_insert(layout);
            }
            record.board = draft.board.unwrap_or(record.board);
            let value = draft.value.clone();
            let record = line::put(batch, Kind::Updated, record, Some(draft.value), draft.line, None)?;
            Ok(Document { record, value })
        };
        let updated = self.store.write(bytes, operation).await?;
        self.told(updated).await
    }

    /// A document as it is told after a change: of a line, what its series have now.
    async fn told(&self, mut document: Document) -> Result<Document, Problem> {
        if document.record.is_line() {
            document.value = self.store.value(&document.record).await?;
        }
        Ok(document)
    }

    /// Merges the draft's keys into each target: all or none.
    pub async fn patch(&self, target: Target, draft: Draft) -> Result<Vec<Document>, Problem> {
        let target = Arc::new(target);
        let draft = Arc::new(draft);
        // A new type may show the old value in another way: where that value is only on disk it is read first, and sent again.
        let retyped = draft.keys.contains_key("type") && draft.value.is_none();
        let append = line::parse_append(&target, draft.append.as_deref())?;
        let appended: usize = append.iter().flatten().map(|series| series.y.len()).sum();
        let fits = self.fits(&target, &draft);
        for _ in 0..8 {
            let known = if retyped { self.large_values(&target).await? } else { Vec::new() };
            let parsed = self.parse_line(&target, &draft)?;
            let each = held(draft.bytes(), parsed.as_deref().map_or(0, LineValue::points) + appended);
            let bytes = bounded(each.saturating_mul(self.records(&target).len()))?;
            let (target, draft, append, fits) = (target.clone(), draft.clone(), append.clone(), fits.clone());
            let operation = move |batch: &mut Batch| {
                let mut patched = Vec::new();
                let targets = target.records(batch)?;
                let mut bytes = bounded(each.saturating_mul(targets.len()))?;
                for before in targets {
                    let redraw = retyped && draft.keys.get("type").and_then(Value::as_str) != Some(before.text("type"));
                    let value = match (&before.value, redraw) {
                        (Held::Inline(json), true) => Some(json.clone()),
                        (Held::Stored(_), true) => match known.iter().find(|(id, rev, _)| *id == before.id && *rev == before.version) {
                            Some((_, _, value)) => Some(value.clone()),
                            None => return Ok(None),
                        },
                        _ => draft.value.clone(),
                    };
                    let mut record = Record::clone(&before);
                    record.keys.extend(draft.keys.clone());
                    if let Some(board) = &draft.board {
                        record.board = board.clone();
                    }
                    // A draft with both was checked when it came.
                    if value.is_some() && (redraw || !draft.keys.contains_key("type")) {
                        fits.of(record.text("type"), value.as_deref())?;
                    }
                    let parsed = match &value {
                        // What another change made of it since it was looked at.
                        Some(_) if !redraw && record.is_line() && parsed.is_none() => return Ok(None),
                        Some(value) if redraw && record.is_line() => {
                            let parsed = line::parse_line_value(value)?;
                            bytes = bounded(held(0, parsed.points()).saturating_add(bytes))?;
                            Some(Arc::new(parsed))
                        }
                        _ => parsed.clone(),
                    };
                    let record = line::put(batch, Kind::Patched, record, value.clone().map(Some), parsed, append.clone())?;
                    patched.push(Document { record, value });
                }
                Ok(Some(patched))
            };
            if let Some(mut patched) = self.store.write(bytes, operation).await? {
                for document in patched.iter_mut().filter(|document| document.value.is_none() || document.record.is_line()) {
                    document.value = self.store.value(&document.record).await?;
                }
                return Ok(patched);
            }
        }
        Err(Problem::Busy)
    }

    /// Whether a new value that comes without a type fits the types that the targets have now.
    fn fits(&self, target: &Target, draft: &Draft) -> Verdicts {
        if draft.value.is_none() || draft.keys.contains_key("type") {
            return Verdicts::default();
        }
        let records = self.records(target);
        Verdicts::on(draft.value.as_deref(), records.iter().map(|record| record.text("type")))
    }

    /// The targets as they are committed.
    fn records(&self, target: &Target) -> Vec<Arc<Record>> {
        let index = self.store.index();
        match target {
            Target::One(id, _) => index.cell(id).cloned().into_iter().collect(),
            Target::Matching(query) => query.select(index.cells().cloned().collect()),
        }
    }

    /// Removes all or none, and answers what they were.
    pub async fn remove(&self, target: Target) -> Result<Vec<Document>, Problem> {
        let target = Arc::new(target);
        // Read before they go: of many at once, only the last hundred are kept for undo.
        let known = self.large_values(&target).await?;
        let operation = move |batch: &mut Batch| {
            let records = target.records(batch)?;
            let summary = |batch: &Batch, record: &Record| record.is_line().then(|| Arc::from(batch.summary(&record.id)));
            Ok(records.iter().map(|record| (summary(batch, record), batch.remove(record))).collect::<Vec<_>>())
        };
        let removed = self.store.write(1, operation).await?;
        let mut documents = Vec::with_capacity(removed.len());
        for (summary, record) in removed {
            if summary.is_some() {
                documents.push(Document { record, value: summary });
                continue;
            }
            let read = known.iter().find(|(id, rev, _)| *id == record.id && *rev == record.version);
            let value = match read {
                Some((_, _, value)) => Some(value.clone()),
                None => self.store.value(&record).await?,
            };
            documents.push(Document { record, value });
        }
        Ok(documents)
    }

    /// The values of the targets that are only on disk, each with the revision it belongs to.
    async fn large_values(&self, target: &Target) -> Result<Vec<(CellId, u64, Arc<str>)>, Problem> {
        let records = self.records(target);
        let mut values = Vec::new();
        for record in records.iter().filter(|record| matches!(record.value, Held::Stored(_))) {
            if let Some((record, Some(value))) = self.store.read(&record.id).await? {
                values.push((record.id.clone(), record.version, value));
            }
        }
        Ok(values)
    }

    /// The board as the page needs it; an unknown one is empty.
    pub fn snapshot(&self, name: &str) -> Board {
        // Drawn after the index is let go: the writer waits for it.
        let known = self.store.index().board(name).map(|known| (known.seq, known.cells.values().cloned().collect::<Vec<_>>()));
        let (seq, records) = known.unwrap_or_default();
        let mut cells: Vec<Cell> = records.iter().map(|record| record.cell()).collect();
        cells.sort_by(Cell::compare);
        Board { name: name.to_owned(), epoch: self.store.epoch().to_owned(), seq, cells }
    }

    pub fn names(&self) -> Vec<String> {
        let index = self.store.index();
        let mut names: Vec<_> = index.boards().filter(|(_, board)| !board.cells.is_empty()).map(|(name, _)| name.to_string()).collect();
        names.sort();
        names
    }
}

fn create(batch: &mut Batch, draft: Draft) -> Result<Document, Problem> {
    line::refuse_append(&draft)?;
    let id = draft.id.unwrap_or_else(ids::cell);
    if batch.cell(&id).is_some() {
        return Err(ErrorKind::Conflict
            .with(format!("A record with the id '{id}' exists already; nothing was created. Use PUT or PATCH to change it."))
            .into());
    }
    let record = Record {
        id,
        board: draft.board.unwrap_or_else(|| Arc::from(MAIN)),
        seq: 0,
        entered: 0,
        born: 0,
        rev: 0,
        version: 0,
        created_ms: batch.now_ms,
        updated_ms: batch.now_ms,
        keys: draft.keys,
        value: Held::Missing,
        stage: crate::protocol::Stage::Empty,
    };
    let value = draft.value.clone();
    // Of an earlier life of this id nothing comes back.
    batch.keep_series(&record.id, &[]);
    let record = line::put(batch, Kind::Created, record, Some(draft.value), draft.line, None)?;
    Ok(Document { record, value })
}
