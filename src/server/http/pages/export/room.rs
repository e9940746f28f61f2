//! The memory of the file of a board, of which each cell takes its part before it is read.

use crate::protocol::ApiError;
use crate::server::limits::MAX_BOARD_EXPORT_BYTES;
use crate::server::net::response_budget::Share;

/// Memory of a cell while it is written, about.
pub const CELL_BYTES: usize = 32 << 10;

/// What a cell may take.
pub struct Room<'a> {
    pub share: &'a mut Share,
    /// Bytes of the file so far.
    pub written: usize,
}

impl Room<'_> {
    /// Takes the memory of a content of about `html` bytes that is made from `source` bytes. False if the file would be too large. 503: other
    /// answers hold the memory.
    pub fn take(&mut self, html: usize, source: usize) -> Result<bool, ApiError> {
        if self.written + html > MAX_BOARD_EXPORT_BYTES {
            return Ok(false);
        }
        // The source goes before the content is copied into the file.
        self.share.grow(self.written + html + source.max(html) + CELL_BYTES)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::server::net::response_budget::Answers;

    #[tokio::test]
    async fn a_cell_takes_its_memory_before_it_is_read_and_none_that_does_not_fit() {
        let answers = Arc::<Answers>::default();
        let mut share = answers.share(&None, CELL_BYTES).await.unwrap();
        let mut room = Room { share: &mut share, written: 10 << 20 };
        assert!(room.take(4 << 20, 3 << 20).unwrap());
        assert_eq!(answers.bytes(), (18 << 20) + CELL_BYTES);
        assert!(!room.take(23 << 20, 17 << 20).unwrap(), "the file would be too large");
        assert_eq!(answers.bytes(), (18 << 20) + CELL_BYTES);
        // Two large boards that begin at once leave room for what they draw.
        let mut second = answers.share(&None, CELL_BYTES).await.unwrap();
        let mut other = Room { share: &mut second, written: 0 };
        assert!(other.take(0, 0).unwrap());
        assert!(answers.share(&None, 40 << 20).await.is_ok());
        let most = MAX_BOARD_EXPORT_BYTES;
        assert_eq!((other.take(most, 0).unwrap_err().code, answers.bytes()), (503, (18 << 20) + CELL_BYTES));
    }
}
