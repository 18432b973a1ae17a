//! The checks of the suite `badinput`, for the fuzz targets.

#[path = "../../badinput/checks.rs"]
pub mod checks;
