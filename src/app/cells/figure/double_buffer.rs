//! Which frames a figure has: one that is visible, and one that loads behind it.

/// A revision of a figure, and how it is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureSource {
    pub rev: u64,
    pub url: String,
    /// The `sandbox` attribute of its frame.
    pub sandbox: &'static str,
}

/// Two frames of which one is visible. The next revision loads in the other one; of the revisions
/// that arrive meanwhile, only the newest is queued.
///
/// A frame stays in its slot as long as it exists, so that a keyed list of the slots never moves an
/// element: a browser loads a moved frame again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DoubleBuffer {
    slots: [Option<FigureSource>; 2],
    /// The slot of the visible frame.
    visible: usize,
    queued: Option<FigureSource>,
}

impl DoubleBuffer {
    pub fn new(visible: Option<FigureSource>) -> Self {
        Self { slots: [visible, None], visible: 0, queued: None }
    }

    pub fn sources(&self) -> impl Iterator<Item = &FigureSource> {
        self.slots.iter().flatten()
    }

    pub fn visible(&self) -> Option<u64> {
        Some(self.slots[self.visible].as_ref()?.rev)
    }

    fn loading(&self) -> Option<u64> {
        Some(self.slots[1 - self.visible].as_ref()?.rev)
    }

    /// Loads this revision, or queues it while another one loads. The first one is visible at once.
    /// True if the slots have changed.
    pub fn request(&mut self, source: FigureSource) -> bool {
        match (self.visible(), self.loading()) {
            (None, _) => self.slots[self.visible] = Some(source),
            (_, Some(loading)) => {
                self.queued = (loading != source.rev).then_some(source);
                return false;
            }
            (Some(visible), None) if visible == source.rev => return false,
            (Some(_), None) => self.slots[1 - self.visible] = Some(source),
        }
        true
    }

    /// Makes this revision visible if it is the one that loads, removes the previous one, and loads
    /// the queued one. True if the slots have changed.
    pub fn present(&mut self, rev: u64) -> bool {
        let is_loading = self.loading() == Some(rev);
        if is_loading {
            self.slots[self.visible] = None;
            self.visible = 1 - self.visible;
            if let Some(queued) = self.queued.take() {
                self.request(queued);
            }
        }
        is_loading
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(rev: u64) -> FigureSource {
        FigureSource { rev, url: format!("figure/a/{rev}"), sandbox: "" }
    }

    fn revisions(buffer: &DoubleBuffer) -> Vec<u64> {
        buffer.sources().map(|source| source.rev).collect()
    }

    #[test]
    fn the_newest_is_queued_while_one_loads() {
        let mut buffer = DoubleBuffer::new(Some(source(1)));
        assert!(!buffer.request(source(1)));
        assert!(buffer.request(source(2)));
        assert!(!buffer.request(source(3)));
        assert!(!buffer.request(source(4)));
        assert_eq!((buffer.visible(), revisions(&buffer)), (Some(1), vec![1, 2]));
        assert!(!buffer.present(1));
        assert!(buffer.present(2));
        assert_eq!((buffer.visible(), buffer.loading()), (Some(2), Some(4)));
        assert!(buffer.present(4));
        assert_eq!((buffer.visible(), revisions(&buffer)), (Some(4), vec![4]));
    }

    #[test]
    fn a_request_for_what_loads_already_drops_the_queued_one() {
        let mut buffer = DoubleBuffer::new(Some(source(1)));
        buffer.request(source(2));
        buffer.request(source(3));
        buffer.request(source(2));
        buffer.present(2);
        assert_eq!(revisions(&buffer), [2]);
    }

    #[test]
    fn the_first_is_visible_at_once() {
        let mut buffer = DoubleBuffer::default();
        assert!(!buffer.present(1));
        assert!(buffer.request(source(1)));
        assert_eq!((buffer.visible(), revisions(&buffer)), (Some(1), vec![1]));
    }

    #[test]
    fn a_frame_never_changes_its_slot() {
        let mut buffer = DoubleBuffer::new(Some(source(1)));
        for rev in 2..10 {
            buffer.request(source(rev));
            buffer.request(source(rev + 1));
            let slot = buffer.slots.iter().position(|slot| slot.as_ref().is_some_and(|slot| slot.rev == rev));
            buffer.present(rev);
            assert_eq!(slot, Some(buffer.visible));
            assert_eq!(buffer.slots[buffer.visible].as_ref().map(|source| source.rev), Some(rev));
        }
    }
}
