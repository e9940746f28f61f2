//! The table of all TCP sockets, which Linux shows in `/proc/self/net`, also to services that see nothing else of `/proc`. It is read
//! as a whole: some milliseconds with thousands of sockets open.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Described;

/// The socket at `from` that is connected to `to`.
pub fn describe(from: SocketAddr, to: SocketAddr) -> Option<Described> {
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(|table| std::fs::read_to_string(table).unwrap_or_default());
    tables.iter().find_map(|table| find(table, from, to))
}

fn find(table: &str, from: SocketAddr, to: SocketAddr) -> Option<Described> {
    let same = |text: &str, address: SocketAddr| {
        parse(text).is_some_and(|(ip, port)| port == address.port() && ip.to_canonical() == address.ip().to_canonical())
    };
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields.len() < 10 || !same(fields[1], from) || !same(fields[2], to) {
            return None;
        }
        Some(Described { state: u8::from_str_radix(fields[3], 16).ok()?, user: fields[7].parse().ok()?, inode: fields[9].parse().ok()? })
    })
}

/// `0100007F:0BB8`: words of 32 bits as they lie in memory, the port as a number.
fn parse(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let word = |at: usize| u32::from_str_radix(address.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip = match address.len() {
        8 => IpAddr::from(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for at in 0..4 {
                bytes[at * 4..at * 4 + 4].copy_from_slice(&word(at)?);
            }
            IpAddr::from(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some((ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     7        0 31 1 0 100 0 0 10 0
   1: 0100007F:0BB8 0100007F:C350 01 00000000:00000000 00:00000000 00000000     7        0 32 1 0 20 4 30 10 -1
   2: 0100007F:C350 0100007F:0BB8 01 00000000:00000000 00:00000000 00000000  1001        0 33 1 0 20 4 30 10 -1
   3: 0100007F:C351 0100007F:0BB8 05 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1
   4: 0000000000000000FFFF00000100007F:C352 0000000000000000FFFF00000100007F:0BB8 01 0:0 00:0 0  1002        0 34 1
   5: 00000000000000000000000001000000:C353 00000000000000000000000001000000:0BB8 01 0:0 00:0 0  1003        0 35 1
";

    #[test]
    fn a_socket_is_found_by_its_two_ends() {
        let of = |from: &str, to: &str| {
            find(TABLE, from.parse().unwrap(), to.parse().unwrap()).map(|found| (found.state, found.user, found.inode))
        };
        assert_eq!(of("127.0.0.1:50000", "127.0.0.1:3000"), Some((1, 1001, 33)));
        assert_eq!(of("127.0.0.1:50001", "127.0.0.1:3000"), Some((5, 0, 0)));
        assert_eq!(of("127.0.0.1:50002", "127.0.0.1:3000"), Some((1, 1002, 34)));
        assert_eq!(of("[::1]:50003", "[::1]:3000"), Some((1, 1003, 35)));
        assert_eq!(of("127.0.0.1:50000", "127.0.0.1:3001"), None);
    }
}
