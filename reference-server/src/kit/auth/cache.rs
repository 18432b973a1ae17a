//! Verified tokens, remembered until they expire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Caller;

/// The most tokens that are remembered; each takes about 200 bytes.
const MOST: usize = 16_384;

/// A token's hash. The token itself is not kept: it is a secret.
pub(super) type Name = [u8; 32];

#[derive(Debug, Default)]
pub(super) struct Cache {
    known: Mutex<HashMap<Name, Known>>,
}

#[derive(Debug)]
struct Known {
    caller: Arc<Caller>,
    /// Seconds since 1970 from which it is no longer accepted.
    expires: u64,
}

impl Cache {
    pub(super) fn name(token: &str) -> Name {
        *blake3::hash(token.as_bytes()).as_bytes()
    }

    pub(super) fn get(&self, name: &Name, now: u64) -> Option<Arc<Caller>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(name).filter(|known| now < known.expires).map(|known| Arc::clone(&known.caller))
    }

    pub(super) fn keep(&self, name: Name, caller: Arc<Caller>, expires: u64, now: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, known| now < known.expires);
        }
        // Full of tokens that are all still valid: begin anew rather than grow, each is verified once more.
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(name, Known { caller, expires });
    }
}

#[cfg(test)]
mod tests {
    use super::super::Roles;
    use super::*;

    fn caller() -> Arc<Caller> {
        let tenant = "main".to_owned().try_into().unwrap();
        Arc::new(Caller { tenant, subject: "till-1".to_owned(), roles: Roles::default() })
    }

    #[test]
    fn a_token_is_forgotten_when_it_expires() {
        let cache = Cache::default();
        cache.keep(Cache::name("a"), caller(), 100, 50);
        assert!(cache.get(&Cache::name("a"), 99).is_some());
        assert!(cache.get(&Cache::name("a"), 100).is_none());
        assert!(cache.get(&Cache::name("b"), 50).is_none());
    }

    #[test]
    fn the_cache_is_bounded() {
        let cache = Cache::default();
        for index in 0..MOST as u64 + 10 {
            cache.keep(Cache::name(&index.to_string()), caller(), 100, 50);
        }
        assert!(cache.known.lock().unwrap().len() <= MOST);
        assert!(cache.get(&Cache::name(&(MOST + 9).to_string()), 50).is_some());
    }
}
