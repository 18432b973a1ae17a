//! Asking a store for several things at once.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Runs futures at once, on any executor.
pub async fn at_once<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<Result<T, Pin<Box<_>>>> = futures.map(|future| Err(Box::pin(future))).collect();
    poll_fn(|context| {
        for slot in &mut waiting {
            if let Err(future) = slot
                && let Poll::Ready(output) = future.as_mut().poll(context)
            {
                *slot = Ok(output);
            }
        }
        if waiting.iter().all(Result::is_ok) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    waiting.into_iter().filter_map(Result::ok).collect()
}
