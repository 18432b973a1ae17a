//! Checks of challenges and of rules that answer to them.

use super::Check;
use crate::id::AuthorId;

impl Check<'_> {
    pub fn challenges(&mut self) {
        let challenges = &self.document.challenges;
        self.unique("/challenges", challenges.iter().map(|challenge| &challenge.id));
        for (index, challenge) in challenges.iter().enumerate() {
            let path = format!("/challenges/{index}");
            self.requirement(&challenge.complete, false, &format!("{path}/complete"));
            if let Some(dates) = challenge.dates {
                self.dates(dates, &format!("{path}/dates"));
            }
        }
    }

    pub fn challenge_completed(&mut self, id: &AuthorId, path: &str) {
        if !self.document.challenges.iter().any(|challenge| challenge.id == *id) {
            let message = format!("there is no challenge `{id}`");
            let help = "declare it under `challenges` or correct the id";
            self.problem("unknown_challenge", path, message, help);
        }
    }
}
