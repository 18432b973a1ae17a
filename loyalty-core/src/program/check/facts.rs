//! Checks of conditions on members: what they ask for is declared, and their shares exist.

use super::Check;
use crate::facts::PARTS;
use crate::program::condition::{AttributeTest, SegmentTest, SplitTest};

impl Check<'_> {
    pub fn segment_test(&mut self, test: &SegmentTest, path: &str) {
        if test.any_of.is_empty() {
            self.empty_list(&format!("{path}/in"));
        }
        for (index, id) in test.any_of.iter().enumerate() {
            if !self.document.segments.iter().any(|segment| segment.id == *id) {
                let message = format!("there is no segment `{id}`");
                let help = "declare it under `segments` or correct the id";
                self.problem("unknown_segment", format!("{path}/in/{index}"), message, help);
            }
        }
    }

    pub fn member_attribute_test(&mut self, test: &AttributeTest, path: &str) {
        self.one_attribute_test(test, path);
        let declared = self.document.member_attributes.iter().find(|it| it.id == test.id);
        match declared.map(|declared| declared.values) {
            Some(kind) => self.test_of_kind(test, kind, path),
            None => {
                let message = format!("the member attribute `{}` is not declared", test.id);
                let help = "declare it under `member_attributes`";
                self.problem("unknown_attribute", format!("{path}/id"), message, help);
            }
        }
    }

    pub fn split_test(&mut self, test: &SplitTest, path: &str) {
        if test.below > PARTS {
            let message = format!("a split has {PARTS} parts, not {}", test.below);
            self.problem("split_too_large", format!("{path}/below"), message, "write 10000 or less");
        }
        if test.from >= test.below {
            self.empty_range(path);
        }
    }
}
