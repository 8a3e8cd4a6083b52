//! The open connections: how many there may be, and which one makes room for the next.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// The open connections of a listener, which have a bound well below that of the process's file descriptors: SQLite, S3 and
/// the sources of backups need descriptors too.
#[derive(Clone)]
pub struct Connections(Arc<Shared>);

struct Shared {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    /// Counts the turns: a smaller one is older.
    turns: u64,
    by_id: HashMap<u64, Entry>,
}

struct Entry {
    peer: IpAddr,
    phase: Phase,
    cut: CancellationToken,
}

/// What a connection is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No request has arrived whole since the turn.
    Waiting(u64),
    /// A request is answered.
    Answering,
}

/// One open connection, until it is dropped.
pub struct Connection {
    id: u64,
    connections: Connections,
    cut: CancellationToken,
}

impl Connections {
    /// At most `most` at the same time.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Shared { most, open: Mutex::default() }))
    }

    /// Takes a connection in. Where all places are taken, the one goes that has waited longest for a request to arrive, first
    /// of the peer with the most connections; `None` where each of them is being answered.
    pub fn admit(&self, peer: IpAddr) -> Option<Connection> {
        let mut open = self.open();
        if open.by_id.len() >= self.0.most {
            let victim = open.victim()?;
            if let Some(entry) = open.by_id.remove(&victim) {
                entry.cut.cancel();
            }
        }
        let (id, cut) = (open.turn(), CancellationToken::new());
        open.by_id.insert(id, Entry { peer, phase: Phase::Waiting(id), cut: cut.clone() });
        Some(Connection { id, connections: self.clone(), cut })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    fn victim(&self) -> Option<u64> {
        let mut of_peer: HashMap<IpAddr, usize> = HashMap::new();
        for entry in self.by_id.values() {
            *of_peer.entry(entry.peer).or_default() += 1;
        }
        let waiting = self.by_id.iter().filter_map(|(id, entry)| match entry.phase {
            Phase::Waiting(since) => Some((usize::MAX - of_peer[&entry.peer], since, *id)),
            Phase::Answering => None,
        });
        waiting.min().map(|(.., id)| id)
    }
}

impl Connection {
    /// Cancelled when the connection has to make room.
    pub fn cut(&self) -> CancellationToken {
        self.cut.clone()
    }

    /// A request has arrived whole, with its body.
    pub fn arrived(&self) {
        if let Some(entry) = self.connections.open().by_id.get_mut(&self.id) {
            entry.phase = Phase::Answering;
        }
    }

    /// The answer is out, and the next request may come.
    pub fn answered(&self) {
        let mut open = self.connections.open();
        let turn = open.turn();
        if let Some(entry) = open.by_id.get_mut(&self.id) {
            entry.phase = Phase::Waiting(turn);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.open().by_id.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn who_has_waited_longest_makes_room() {
        let connections = Connections::new(2);
        let (first, second) = (connections.admit(A).unwrap(), connections.admit(A).unwrap());
        first.arrived();
        first.answered();
        let third = connections.admit(A).unwrap();
        assert!(second.cut.is_cancelled(), "it has waited since before the first one was answered");
        assert!(!first.cut.is_cancelled() && !third.cut.is_cancelled());
    }

    #[test]
    fn what_is_being_answered_stays() {
        let connections = Connections::new(2);
        let (first, second) = (connections.admit(A).unwrap(), connections.admit(A).unwrap());
        first.arrived();
        let third = connections.admit(A).unwrap();
        assert!(second.cut.is_cancelled());
        third.arrived();
        assert!(connections.admit(B).is_none());
        drop(first);
        assert!(connections.admit(B).is_some(), "a connection that has ended leaves its place");
    }

    #[test]
    fn the_peer_with_the_most_connections_gives_up_one() {
        let connections = Connections::new(3);
        let (lone, many) =
            (connections.admit(B).unwrap(), [connections.admit(A).unwrap(), connections.admit(A).unwrap()]);
        let _next = connections.admit(A).unwrap();
        assert!(!lone.cut.is_cancelled() && many[0].cut.is_cancelled() && !many[1].cut.is_cancelled());
    }
}
