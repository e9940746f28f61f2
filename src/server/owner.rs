//! Whose program is at the other end of a loopback connection (`--same-user`): Linux tells it in `/proc/self/net`, also to
//! services that see nothing else of `/proc`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// False where it cannot be told. A few milliseconds with many sockets open; asked once a connection.
pub fn is_ours(peer: SocketAddr, local: SocketAddr) -> bool {
    let Some(us) = effective_user() else { return false };
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(|table| std::fs::read_to_string(table).unwrap_or_default());
    tables.iter().any(|table| owner(table, peer, local) == Some(us))
}

/// Of this process.
fn effective_user() -> Option<u32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().nth(1)?.parse().ok()
}

/// The user of the socket at `from` that is connected to `to`. A socket that its program has closed has no inode, and is told as root's.
fn owner(table: &str, from: SocketAddr, to: SocketAddr) -> Option<u32> {
    let same = |text: &str, address: SocketAddr| {
        parse(text).is_some_and(|(ip, port)| port == address.port() && ip.to_canonical() == address.ip().to_canonical())
    };
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_it = fields.len() > 9 && same(fields[1], from) && same(fields[2], to) && fields[9] != "0";
        if is_it { fields[7].parse().ok() } else { None }
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
    fn the_other_ends_owner_is_found() {
        let of = |from: &str, to: &str| owner(TABLE, from.parse().unwrap(), to.parse().unwrap());
        assert_eq!(of("127.0.0.1:50000", "127.0.0.1:3000"), Some(1001));
        assert_eq!(of("127.0.0.1:50001", "127.0.0.1:3000"), None);
        assert_eq!(of("127.0.0.1:50002", "127.0.0.1:3000"), Some(1002));
        assert_eq!(of("[::1]:50003", "[::1]:3000"), Some(1003));
        assert_eq!(of("127.0.0.1:50000", "127.0.0.1:3001"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_connection_of_this_process_is_ours() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (peer, local) = (socket.local_addr().unwrap(), listener.local_addr().unwrap());
        assert!(is_ours(peer, local));
        let _accepted = listener.accept().unwrap();
        drop(socket);
        assert!(!is_ours(peer, local));
    }
}
