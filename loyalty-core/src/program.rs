//! Programs: documents, their check, and what the engine runs.
pub mod condition;
pub mod document;

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_programs_are_documents() {
        for text in [include_str!("../../tests/programs/g1.json"), include_str!("../../tests/programs/g2.json")] {
            serde_json::from_str::<super::document::Document>(text).unwrap();
        }
    }
}
