//! Turns: of those who want to lease more of the same budget, one after the other does.

use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};
use std::task::{Poll, Waker};

/// A turn that one takes at a time, whatever runs the futures.
#[derive(Debug, Default)]
pub struct Turn(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    taken: bool,
    waiting: Vec<Waker>,
}

/// Whose turn it is, until it is dropped.
pub struct Taken<'a>(&'a Turn);

impl Turn {
    /// Waits until it is nobody else's turn.
    pub async fn take(&self) -> Taken<'_> {
        poll_fn(|context| {
            let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if queue.taken {
                queue.waiting.push(context.waker().clone());
                return Poll::Pending;
            }
            queue.taken = true;
            Poll::Ready(())
        })
        .await;
        Taken(self)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let waiting = {
            let mut queue = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
            queue.taken = false;
            std::mem::take(&mut queue.waiting)
        };
        // All of them: one alone might have gone away.
        waiting.into_iter().for_each(Waker::wake);
    }
}
