//! Asks the kernel for one TCP socket by its two addresses (`sock_diag`): a look-up in its own table, whatever else is open.

use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};

use super::Described;

/// `linux/netlink.h`, `linux/sock_diag.h`, `linux/inet_diag.h`.
const AF_NETLINK: i32 = 16;
const NETLINK_SOCK_DIAG: i32 = 4;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const IPPROTO_TCP: u8 = 6;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
/// Of a message, and of what it says of a socket.
const HEAD: usize = 16;
const SOCKET: usize = 72;

/// The socket at `from` that is connected to `to`. `None` where there is none, or the kernel does not say.
pub fn describe(from: SocketAddr, to: SocketAddr) -> Option<Described> {
    ask(from, to).ok().flatten()
}

fn ask(from: SocketAddr, to: SocketAddr) -> io::Result<Option<Described>> {
    let mut socket = Socket::new(Domain::from(AF_NETLINK), Type::DGRAM, Some(Protocol::from(NETLINK_SOCK_DIAG)))?;
    // It answers at once; whatever happens, nobody waits for ever.
    socket.set_read_timeout(Some(std::time::Duration::from_secs(1)))?;
    let ends = ends(from, to);
    socket.send(&request(&ends))?;
    let mut answer = [0; 1024];
    let length = socket.read(&mut answer)?;
    Ok(answer.get(..length).and_then(|answer| read(answer, &ends)))
}

/// Family, then ports and addresses as they stand in question and answer alike.
type Ends = (u8, [u8; 36]);

fn ends(from: SocketAddr, to: SocketAddr) -> Ends {
    let mut ends = [0; 36];
    ends[..2].copy_from_slice(&from.port().to_be_bytes());
    ends[2..4].copy_from_slice(&to.port().to_be_bytes());
    let mut family = AF_INET;
    for (at, ip) in [(4, from.ip()), (20, to.ip())] {
        match ip.to_canonical() {
            IpAddr::V4(ip) => ends[at..at + 4].copy_from_slice(&ip.octets()),
            IpAddr::V6(ip) => {
                family = AF_INET6;
                ends[at..at + 16].copy_from_slice(&ip.octets());
            }
        }
    }
    (family, ends)
}

fn request((family, ends): &Ends) -> Vec<u8> {
    const BYTES: u32 = 72;
    let mut bytes = Vec::with_capacity(BYTES as usize);
    bytes.extend(BYTES.to_ne_bytes());
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(NLM_F_REQUEST.to_ne_bytes());
    // Sequence and sender: there is one question.
    bytes.extend([0; 8]);
    bytes.extend([*family, IPPROTO_TCP, 0, 0]);
    // In any state; the answer has the state.
    bytes.extend(u32::MAX.to_ne_bytes());
    bytes.extend(ends);
    // At any interface; whatever its cookie.
    bytes.extend([0; 4]);
    bytes.extend([0xff; 8]);
    bytes
}

/// `None` for an error, and for a socket with other ends: where none is connected so, the kernel tells of one that listens there.
fn read(answer: &[u8], (_, ends): &Ends) -> Option<Described> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    let socket = answer.get(HEAD..HEAD + SOCKET).filter(|_| kind == SOCK_DIAG_BY_FAMILY)?;
    let number = |at: usize| Some(u32::from_ne_bytes(socket.get(at..at + 4)?.try_into().ok()?));
    if socket[4..8] != ends[..4] || !is_same(&socket[8..24], &ends[4..20]) || !is_same(&socket[24..40], &ends[20..36]) {
        return None;
    }
    Some(Described { state: socket[1], user: number(64)?, inode: number(68)?.into() })
}

/// A socket of IPv6 that speaks IPv4 is described with its address mapped.
fn is_same(found: &[u8], wanted: &[u8]) -> bool {
    const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
    found == wanted || (found[..12] == MAPPED && found[12..] == wanted[..4] && wanted[4..].iter().all(|byte| *byte == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(ends: &Ends, state: u8, user: u32, inode: u32) -> Vec<u8> {
        let mut bytes = request(ends)[..HEAD].to_vec();
        bytes.extend([ends.0, state, 0, 0]);
        bytes.extend(ends.1);
        bytes.extend([0; 24]);
        bytes.extend(user.to_ne_bytes());
        bytes.extend(inode.to_ne_bytes());
        bytes
    }

    #[test]
    fn an_answer_is_read_and_held_against_the_question() {
        let asked = ends("127.0.0.1:50000".parse().unwrap(), "127.0.0.1:3000".parse().unwrap());
        assert_eq!(request(&asked).len(), 72);
        let good = answer(&asked, 1, 1001, 33);
        assert_eq!(read(&good, &asked), Some(Described { state: 1, user: 1001, inode: 33 }));
        let other = ends("127.0.0.1:50000".parse().unwrap(), "127.0.0.1:3001".parse().unwrap());
        assert_eq!(read(&answer(&other, 1, 1001, 33), &asked), None);
        for length in 0..good.len() {
            assert_eq!(read(&good[..length], &asked), None, "{length}");
        }
        // NLMSG_ERROR
        let mut error = good;
        error[4] = 2;
        assert_eq!(read(&error, &asked), None);
        let mapped = "[::ffff:127.0.0.1]:50000".parse().unwrap();
        assert_eq!(ends(mapped, "127.0.0.1:3000".parse().unwrap()), asked);
    }
}
