//! Whose program is at the other end of a loopback connection. Only Linux tells: `netlink` in a few microseconds, `table` where that is shut.
//!
//! The answer is that of the user who made the other socket, exactly: neither root nor a group counts. It is looked up once, when the
//! connection has just been accepted, and holds for all of its requests.

#[cfg(target_os = "linux")]
mod netlink;
#[cfg(target_os = "linux")]
mod table;

use std::net::SocketAddr;
use std::sync::OnceLock;

use tokio::net::TcpStream;

/// A socket as the system describes it to everybody.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Described {
    state: u8,
    user: u32,
    /// 0 for a socket that no program has open any more.
    inode: u64,
}

#[cfg(target_os = "linux")]
impl Described {
    /// Connected, and open in some program. A socket that only begins to connect proves nothing: the port may be another program's by now,
    /// which the server has not accepted.
    fn is_of(self, user: u32) -> bool {
        const ESTABLISHED: u8 = 1;
        /// Its program has said all that it has to say, and still reads (FIN_WAIT1, FIN_WAIT2); or its peer has (CLOSE_WAIT).
        const HALF_CLOSED: [u8; 3] = [4, 5, 8];
        self.inode != 0 && self.user == user && (self.state == ESTABLISHED || HALF_CLOSED.contains(&self.state))
    }
}

/// How to find it out here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Netlink,
    Table,
    Nowhere,
}

/// Whether the owner of a connection can be looked up; not known before the first call.
static WAY: OnceLock<Way> = OnceLock::new();

/// Whether this system tells whose a connection is. Tried with a connection of our own: seccomp, mount options and user namespaces can each forbid it.
pub fn can_tell() -> bool {
    *WAY.get_or_init(|| [Way::Netlink, Way::Table].into_iter().find(|way| works(*way)).unwrap_or(Way::Nowhere)) != Way::Nowhere
}

/// Whether the program that connected to us runs as the user of this process. False if that cannot be found out, or not any more.
pub async fn is_ours(stream: &TcpStream) -> bool {
    let (Some(way), Ok(peer), Ok(local)) = (WAY.get().copied(), stream.peer_addr(), stream.local_addr()) else { return false };
    let is_ours = match way {
        _ if !peer.ip().to_canonical().is_loopback() => return false,
        Way::Nowhere => return false,
        Way::Netlink => look(way, peer, local),
        // Some milliseconds with many sockets open.
        Way::Table => tokio::task::spawn_blocking(move || look(way, peer, local)).await.unwrap_or(false),
    };
    // As long as our end is connected its other end has the address that was looked up, and nobody else can have it.
    is_ours && stream.peer_addr().is_ok()
}

#[cfg(target_os = "linux")]
fn look(way: Way, peer: SocketAddr, local: SocketAddr) -> bool {
    let described = match way {
        Way::Netlink => netlink::describe(peer, local),
        Way::Table => table::describe(peer, local),
        Way::Nowhere => None,
    };
    described.zip(our_user()).is_some_and(|(socket, user)| socket.is_of(user))
}

#[cfg(not(target_os = "linux"))]
fn look(_: Way, _: SocketAddr, _: SocketAddr) -> bool {
    false
}

/// The effective user. `None` where the system calls others by the same number: users that a user namespace does not map.
#[cfg(target_os = "linux")]
fn our_user() -> Option<u32> {
    use std::fs::read_to_string;
    let user = rustix::process::geteuid().as_raw();
    let number = |text: String| text.trim().parse().ok();
    let unmapped = read_to_string("/proc/sys/kernel/overflowuid").ok().and_then(number).unwrap_or(65_534);
    let maps_all = || read_to_string("/proc/self/uid_map").is_ok_and(|map| map.split_whitespace().eq(["0", "0", "4294967295"]));
    (user != unmapped || maps_all()).then_some(user)
}

fn works(way: Way) -> bool {
    ["127.0.0.1:0", "[::1]:0"].into_iter().any(|address| {
        let tried = || {
            let listener = std::net::TcpListener::bind(address)?;
            let ours = std::net::TcpStream::connect(listener.local_addr()?)?;
            std::io::Result::Ok(look(way, ours.local_addr()?, ours.peer_addr()?))
        };
        tried().unwrap_or(false)
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn only_a_connected_socket_of_exactly_this_user_counts() {
        let socket = Described { state: 1, user: 1000, inode: 7 };
        assert!(socket.is_of(1000) && !socket.is_of(0) && !socket.is_of(1001));
        assert!(!Described { user: 0, ..socket }.is_of(1000), "root is another user");
        assert!(!Described { inode: 0, ..socket }.is_of(1000), "its program has gone");
        let states: Vec<u8> = (0..16).filter(|state| Described { state: *state, ..socket }.is_of(1000)).collect();
        assert_eq!(states, [1, 4, 5, 8]);
    }

    #[tokio::test]
    async fn a_connection_of_this_process_is_ours_until_it_is_closed() {
        assert!(can_tell());
        for address in ["127.0.0.1:0", "[::1]:0", "[::]:0"] {
            let Ok(listener) = TcpListener::bind(address).await else {
                assert!(address.starts_with('['));
                eprintln!("skipped: no IPv6 here");
                continue;
            };
            let port = listener.local_addr().unwrap().port();
            let loopback: &[&str] = match address {
                "[::]:0" => &["127.0.0.1", "::1", "::ffff:127.0.0.1"],
                "[::1]:0" => &["::1"],
                _ => &["127.0.0.1"],
            };
            for name in loopback {
                for way in [Way::Netlink, Way::Table] {
                    let Ok(theirs) = TcpStream::connect((*name, port)).await else { continue };
                    let (ours, _) = listener.accept().await.unwrap();
                    let ends = (ours.peer_addr().unwrap(), ours.local_addr().unwrap());
                    assert!(look(way, ends.0, ends.1) && is_ours(&ours).await, "{way:?} {ends:?}");
                    assert!(!look(way, ends.0, SocketAddr::new(ends.1.ip(), ends.1.port() ^ 1)), "{way:?} another port");
                    drop(theirs);
                    assert!(!look(way, ends.0, ends.1) && !is_ours(&ours).await, "{way:?} {ends:?}");
                }
            }
        }
    }

    /// What listens at the other end's address is not what is connected to us.
    #[tokio::test]
    async fn a_listener_at_the_others_port_is_not_the_other() {
        let (here, there) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let (peer, local) = (there.local_addr().unwrap(), here.local_addr().unwrap());
        assert!(!look(Way::Netlink, peer, local) && !look(Way::Table, peer, local));
    }
}
