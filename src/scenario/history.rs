//! Undo and redo: the scenarios that were, and those that were taken back.

use super::Scenario;

/// Older steps than this are forgotten.
const DEPTH: usize = 200;

/// The scenarios before and after the present one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    past: Vec<Scenario>,
    future: Vec<Scenario>,
    streak: Option<&'static str>,
}

impl History {
    /// Remembers `before`, which is about to change. Consecutive changes with the same `streak`, such as one drag, are one
    /// step. What was undone can't be redone any more.
    pub fn record(&mut self, before: Scenario, streak: Option<&'static str>) {
        self.future.clear();
        if streak.is_some() && self.streak == streak {
            return;
        }
        self.streak = streak;
        if self.past.len() == DEPTH {
            self.past.remove(0);
        }
        self.past.push(before);
    }

    /// Ends a streak: the next change is a step of its own.
    pub fn settle(&mut self) {
        self.streak = None;
    }

    /// The scenario before `present`, if there is one.
    pub fn undo(&mut self, present: &Scenario) -> Option<Scenario> {
        self.settle();
        let before = self.past.pop()?;
        self.future.push(present.clone());
        Some(before)
    }

    /// The scenario that was last undone, if there is one.
    pub fn redo(&mut self, present: &Scenario) -> Option<Scenario> {
        self.settle();
        let after = self.future.pop()?;
        self.past.push(present.clone());
        Some(after)
    }

    /// Whether there is something to undo.
    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// Whether there is something to redo.
    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_height(height: f64) -> Scenario {
        let mut scenario = Scenario::default();
        scenario.sites[0].height = height;
        scenario
    }

    #[test]
    fn redo_takes_back_what_undo_took_back() {
        let mut history = History::default();
        history.record(at_height(10.0), None);
        let undone = history.undo(&at_height(20.0)).expect("a step");
        assert_eq!(undone, at_height(10.0));
        assert_eq!(history.redo(&undone), Some(at_height(20.0)));
        assert!(history.can_undo() && !history.can_redo());
    }

    #[test]
    fn a_streak_is_one_step_until_it_settles() {
        let mut history = History::default();
        history.record(at_height(10.0), Some("drag"));
        history.record(at_height(11.0), Some("drag"));
        history.settle();
        history.record(at_height(12.0), Some("drag"));
        assert_eq!(history.undo(&at_height(13.0)), Some(at_height(12.0)));
        assert_eq!(history.undo(&at_height(12.0)), Some(at_height(10.0)));
        assert!(!history.can_undo());
    }

    #[test]
    fn a_change_after_undo_forgets_what_was_undone() {
        let mut history = History::default();
        history.record(at_height(10.0), None);
        history.undo(&at_height(20.0)).expect("a step");
        history.record(at_height(10.0), None);
        assert!(!history.can_redo());
    }

    #[test]
    fn the_oldest_steps_are_forgotten() {
        let mut history = History::default();
        for i in 0..=DEPTH {
            history.record(at_height(i as f64), None);
        }
        let mut last = None;
        while let Some(step) = history.undo(&Scenario::default()) {
            last = Some(step);
        }
        assert_eq!(last, Some(at_height(1.0)));
    }
}
