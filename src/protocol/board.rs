//! The reducer that applies events to a board. Server, page and tests share it.

use serde::{Deserialize, Serialize};

use super::{BoardSettings, Cell, CellId, Event, RunGroups, RunList, RunTable};
use crate::sorting;

/// The board of cells that name no other one, at `/`.
pub const MAIN_BOARD: &str = "main";

/// The state of a board as one client knows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Board {
    pub name: String,
    /// Changes when the history was rolled back or restored. Sequence numbers of different epochs
    /// are not comparable.
    pub epoch: String,
    /// Number of the last event applied.
    pub seq: u64,
    /// Sorted by [`Cell::compare`].
    pub cells: Vec<Cell>,
}

/// The data a page is rendered from on the server and hydrated from in the browser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageData {
    pub board: Board,
    pub settings: BoardSettings,
    pub runs: RunList,
    /// The query of the page's address, which says how runs are compared.
    pub comparison: String,
    /// The first of the runs that the query finds.
    pub run_table: RunTable,
    /// Their groups, if the query names keys.
    pub run_groups: Option<RunGroups>,
    /// Unix time of the server in ms, by which the page says whether a run is silent.
    pub server_ms: u64,
    /// Names of this board and of all boards with cells, sorted; empty if the token is limited to
    /// this board.
    pub boards: Vec<String>,
    /// The server's address, such as `http://localhost:3000`.
    pub origin: String,
    /// The reader came with a token: commands need one, too.
    pub needs_token: bool,
    /// False with `--durability normal`, where a power failure may lose the last commits.
    pub durable: bool,
    /// Identifies the build of the server. A page of another build reloads itself.
    pub build: String,
    /// False for read-only access.
    pub may_write: bool,
    /// The server's warning about itself, if there is one.
    pub notice: Option<String>,
}

impl PageData {
    /// Whether the board has runs, archived ones among them.
    pub fn has_runs(&self) -> bool {
        self.run_table.all > 0 || self.run_table.archived > 0 || !self.runs.runs.is_empty()
    }
}

/// What an event changed, so that a view updates only that.
#[derive(Clone, Debug, PartialEq)]
pub enum BoardChange {
    None,
    /// One cell has new content; it is in the same section, and the order of cells is the same.
    Content(CellId),
    /// One cell was added, removed or moved; its content may have changed too.
    Arrangement(CellId),
    /// All cells were replaced.
    All,
}

impl Board {
    pub fn cell(&self, id: &CellId) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.id == *id)
    }

    /// The name of a cell if no other one has it as its name or its id; else its id.
    pub fn unique_name<'a>(&'a self, id: &'a CellId) -> &'a str {
        let name = self.cell(id).map(|cell| cell.name.as_str()).unwrap_or_default();
        let is_meant = |cell: &Cell| cell.id != *id && (cell.name == name || cell.id.as_str() == name);
        if name.is_empty() || self.cells.iter().any(is_meant) { id.as_str() } else { name }
    }

    /// Applies one event. Events up to `seq` were applied before and are ignored, so that a repeated
    /// event does no harm.
    pub fn apply(&mut self, event: Event<Cell>) -> BoardChange {
        let (seq, change) = match event {
            Event::Hello { .. } | Event::Boards | Event::Settings { .. } | Event::Runs(_) => return BoardChange::None,
            Event::Snapshot { epoch, seq, cells } => {
                self.epoch = epoch;
                self.seq = seq;
                self.cells.clear();
                self.cells.extend(cells);
                sorting::sort_by(&mut self.cells, Cell::compare);
                return BoardChange::All;
            }
            Event::Bookmark { seq } => {
                self.seq = self.seq.max(seq);
                return BoardChange::None;
            }
            Event::Created { seq, data } | Event::Updated { seq, data } | Event::Patched { seq, data } => (seq, Ok(data)),
            Event::Removed { seq, data } => (seq, Err(data.id)),
        };
        if seq <= self.seq {
            return BoardChange::None;
        }
        self.seq = seq;
        match change {
            Ok(cell) => self.put(cell),
            Err(id) => match self.cells.iter().position(|cell| cell.id == id) {
                Some(at) => {
                    self.cells.remove(at);
                    BoardChange::Arrangement(id)
                }
                None => BoardChange::None,
            },
        }
    }

    fn put(&mut self, cell: Cell) -> BoardChange {
        let id = cell.id.clone();
        if let Some(at) = self.cells.iter().position(|known| known.id == id) {
            if self.cells[at].compare(&cell).is_eq() && self.cells[at].layout.section == cell.layout.section {
                self.cells[at] = cell;
                return BoardChange::Content(id);
            }
            self.cells.remove(at);
        }
        self.insert(cell);
        BoardChange::Arrangement(id)
    }

    fn insert(&mut self, cell: Cell) {
        let at = self.cells.partition_point(|known| known.compare(&cell).is_lt());
        self.cells.insert(at, cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{
        BoardLayout, CellContent, CellLayout, LastValue, LayoutBlock, LayoutPatch, Mark, NonFiniteEnd, Run, RunEvent, RunId, RunSign,
        RunStatus, SectionLayout, View,
    };

    fn cell(id: &str, order: Option<f64>, created_seq: u64) -> Cell {
        let id = CellId::parse(id).unwrap();
        Cell {
            id,
            name: String::new(),
            cell_type: String::new(),
            description: String::new(),
            order,
            layout: CellLayout::default(),
            hidden: false,
            created_seq,
            rev: 1,
            content: CellContent::Empty,
        }
    }

    #[test]
    fn a_name_that_two_cells_have_is_not_unique() {
        let named = |id: &str, name: &str| Cell { name: name.into(), ..cell(id, None, 0) };
        let cells = vec![named("a", "loss"), named("b", "loss"), named("c", "acc"), named("d", ""), named("e", "c"), named("f", "f")];
        let board = Board { name: "b".into(), epoch: "e".into(), seq: 0, cells };
        let name = |id: &str| board.unique_name(&CellId::parse(id).unwrap()).to_owned();
        assert_eq!(["a", "b", "c", "d", "e", "f", "x"].map(name), ["a", "b", "acc", "d", "e", "f", "x"]);
    }

    fn run() -> Run {
        Run {
            id: RunId::parse("first").unwrap(),
            name: "first try".into(),
            colour: 3,
            status: RunStatus::Failed,
            hidden: true,
            archived: false,
            has_warning: true,
            group: "sweep".into(),
            tags: vec!["ok".into()],
            created_order: 4,
            rev: 2,
            started_ms: 5,
            ended_ms: Some(6),
            last_sign_ms: 7,
            interval: Some(15.0),
            last: vec![LastValue { metric: "val/loss".into(), value: 0.1 }],
            non_finite: Some(NonFiniteEnd { metric: "loss".into(), step: None, value: f64::NEG_INFINITY, metrics: 2 }),
        }
    }

    fn settings() -> BoardSettings {
        let sections = vec![SectionLayout { name: "train".into(), pinned: true, width: Some(4), height: None }];
        let cells = [('A', CellId::parse("a").unwrap())].into();
        let blocks = vec![LayoutBlock { id: "b".into(), mosaic: "AB".into(), cells }];
        let mark = Mark { id: "m".into(), run: None, step: Some(1.5), time: None, text: "new rate".into(), colour: Some(2) };
        let view = View { id: "v".into(), name: "Best".into(), query: "q=a".into(), layout: Some(LayoutPatch::default()), folded: vec![] };
        BoardSettings {
            title: "Digits".into(),
            description: "<p>text</p>".into(),
            archived: true,
            layout: BoardLayout { sections, density: Some(4), blocks },
            marks: vec![mark],
            views: vec![view],
        }
    }

    fn ids(board: &Board) -> String {
        board.cells.iter().map(|cell| cell.id.as_str()).collect()
    }

    #[test]
    fn cells_are_sorted_by_order_then_by_creation() {
        let mut board = Board::default();
        board.apply(Event::Created { seq: 1, data: cell("a", None, 1) });
        board.apply(Event::Created { seq: 2, data: cell("b", Some(1.0), 2) });
        board.apply(Event::Created { seq: 3, data: cell("c", Some(1.0), 3) });
        board.apply(Event::Created { seq: 4, data: cell("d", Some(-2.5), 4) });
        assert_eq!(ids(&board), "dbca");
    }

    #[test]
    fn a_patch_tells_content_from_arrangement() {
        let mut board = Board::default();
        board.apply(Event::Created { seq: 1, data: cell("a", Some(0.0), 1) });
        board.apply(Event::Created { seq: 2, data: cell("b", Some(1.0), 2) });
        let a = CellId::parse("a").unwrap();
        let renamed = Cell { name: "loss".into(), ..cell("a", Some(0.0), 1) };
        assert_eq!(board.apply(Event::Patched { seq: 3, data: renamed }), BoardChange::Content(a.clone()));
        assert_eq!(board.cell(&a).unwrap().name, "loss");
        assert_eq!(board.apply(Event::Patched { seq: 4, data: cell("a", Some(2.0), 1) }), BoardChange::Arrangement(a.clone()));
        assert_eq!(ids(&board), "ba");
        let wide = CellLayout { width: Some(4), ..CellLayout::default() };
        let resized = Cell { layout: wide.clone(), ..cell("a", Some(2.0), 1) };
        assert_eq!(board.apply(Event::Patched { seq: 5, data: resized }), BoardChange::Content(a.clone()));
        let moved = Cell { layout: CellLayout { section: Some("train".into()), ..wide }, ..cell("a", Some(2.0), 1) };
        assert_eq!(board.apply(Event::Patched { seq: 6, data: moved }), BoardChange::Arrangement(a), "to another section");
    }

    #[test]
    fn repeated_and_late_events_do_no_harm() {
        let mut board = Board::default();
        board.apply(Event::Created { seq: 5, data: cell("a", None, 5) });
        assert_eq!(board.apply(Event::Removed { seq: 5, data: cell("a", None, 5) }), BoardChange::None);
        assert_eq!(board.apply(Event::Bookmark { seq: 3 }), BoardChange::None);
        assert_eq!((board.seq, ids(&board)), (5, "a".into()));
        assert_eq!(board.apply(Event::Removed { seq: 6, data: cell("z", None, 2) }), BoardChange::None);
        assert_eq!(board.seq, 6);
    }

    #[test]
    fn a_snapshot_replaces_everything() {
        let mut board = Board { epoch: "old".into(), seq: 90, cells: vec![cell("a", None, 1)], ..Board::default() };
        let cells = vec![cell("c", Some(2.0), 2), cell("b", Some(1.0), 1)];
        assert_eq!(board.apply(Event::Snapshot { epoch: "new".into(), seq: 2, cells }), BoardChange::All);
        assert_eq!((board.epoch.as_str(), board.seq, ids(&board)), ("new", 2, "bc".into()));
    }

    #[test]
    fn frames_have_the_documented_shape() {
        let frame = serde_json::to_value(Event::Patched { seq: 42, data: 7 }).unwrap();
        assert_eq!(frame, serde_json::json!({"event": "patched", "seq": 42, "data": 7}));
        let runs = serde_json::to_value(Event::<()>::Runs(RunEvent::Changed { run_seq: 8, changed: vec![], removed: vec![] })).unwrap();
        assert_eq!(runs, serde_json::json!({"event": "runs", "run_seq": 8, "changed": [], "removed": []}));
        // Each variant names the next one, so that a new one cannot be left out.
        let data = || cell("a", Some(0.5), 1);
        let next = |event: &Event<Cell>| match event {
            Event::Hello { .. } => Some(Event::Snapshot { epoch: "e".into(), seq: 2, cells: vec![data()] }),
            Event::Snapshot { .. } => Some(Event::Created { seq: 3, data: data() }),
            Event::Created { .. } => Some(Event::Updated { seq: 4, data: data() }),
            Event::Updated { .. } => Some(Event::Patched { seq: 5, data: data() }),
            Event::Patched { .. } => Some(Event::Removed { seq: 6, data: data() }),
            Event::Removed { .. } => Some(Event::Boards),
            Event::Boards => Some(Event::Settings { run_seq: 7, settings: settings() }),
            Event::Settings { .. } => Some(Event::Bookmark { seq: 7 }),
            Event::Bookmark { .. } => Some(Event::Runs(RunEvent::Changed { run_seq: 8, changed: vec![run()], removed: vec![run().id] })),
            Event::Runs(RunEvent::Changed { .. }) => Some(Event::Runs(RunEvent::All { run_seq: 9, runs: vec![run()] })),
            Event::Runs(RunEvent::All { .. }) => {
                let Run { id, last_sign_ms, last, non_finite, .. } = run();
                Some(Event::Runs(RunEvent::Signs { signs: vec![RunSign { run: id, last_sign_ms, last, non_finite }] }))
            }
            Event::Runs(RunEvent::Signs { .. }) => None,
        };
        let mut event = Some(Event::Hello { epoch: "e".into(), seq: 1, build: "b".into() });
        while let Some(this) = event {
            let text = serde_json::to_string(&this).unwrap();
            assert_eq!(serde_json::from_str::<Event<Cell>>(&text).unwrap(), this, "{text}");
            event = next(&this);
        }
        for incomplete in [
            r#"{"event":"patched","seq":3}"#,
            r#"{"event":"hello","seq":3,"epoch":"e"}"#,
            r#"{"event":"bookmark"}"#,
            r#"{"event":"settings","run_seq":3}"#,
            r#"{"event":"runs","run_seq":1}"#,
        ] {
            assert!(serde_json::from_str::<Event<Cell>>(incomplete).is_err(), "{incomplete}");
        }
    }
}
