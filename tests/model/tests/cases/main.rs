//! The model on cases whose answers come from elsewhere.

mod build;
mod decisions;
mod published;
mod reference;
