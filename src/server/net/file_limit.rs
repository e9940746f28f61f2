//! The limit of open files, which bounds the number of connections.

use crate::server::limits::{MAX_OPEN_FILES, RESERVED_FILES};
use crate::server::platform::raise_open_files;

/// How many connections may be open. Raises the process's limit of open files as far as the system allows.
pub fn max_connections() -> usize {
    connections_for(raise_open_files(MAX_OPEN_FILES))
}

const fn connections_for(files: u64) -> usize {
    let (half, rest) = (files / 2, files.saturating_sub(RESERVED_FILES));
    (if half > rest { half } else { rest }) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_file_handles_are_reserved_for_other_files() {
        assert_eq!([64, 256, 1024, 65_536].map(connections_for), [32, 128, 896, 65_408]);
    }
}
