//! Adding up what the test runners say they ran.

/// How many tests passed, failed and were left out, as told by the runners' own closing lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    passed: u32,
    failed: u32,
    ignored: u32,
    /// The tests that said they skip, and why.
    pub skips: Vec<String>,
}

impl Counts {
    /// Takes in one line of a runner's output; lines that count nothing are passed over.
    pub fn hear(&mut self, line: &str) {
        let line = line.trim();
        if let Some(tally) = line.strip_prefix("test result: ") {
            // cargo test: "ok. 12 passed; 0 failed; 1 ignored; 0 measured; …"
            let words: Vec<&str> = tally.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
            for pair in words.windows(2) {
                self.add(pair[1], pair[0]);
            }
        } else if let Some(tally) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")) {
            // node --test: "ℹ pass 12"
            if let Some((word, number)) = tally.split_once(' ') {
                self.add(word, number);
            }
        } else if line.starts_with("SKIPPED") {
            self.skips.push(line.to_owned());
        }
    }

    fn add(&mut self, word: &str, number: &str) {
        let Ok(number) = number.parse::<u32>() else { return };
        match word {
            "passed" | "pass" => self.passed += number,
            "failed" | "fail" | "cancelled" => self.failed += number,
            "ignored" | "skipped" | "todo" => self.ignored += number,
            _ => {}
        }
    }

    /// The sum of two runs.
    pub fn plus(mut self, other: &Self) -> Self {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.skips.extend_from_slice(&other.skips);
        self
    }

    /// "12 passed; 0 failed; 1 ignored; 2 skipped", or nothing where nothing was counted.
    pub fn shown(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let Self { passed, failed, ignored, skips } = self;
        format!("{passed} passed; {failed} failed; {ignored} ignored; {} skipped for want of data", skips.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_closing_lines_are_added_up() {
        let mut counts = Counts::default();
        for line in [
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out",
            "SKIPPED munich: no reference data",
            "ℹ tests 5",
            "ℹ pass 4",
            "ℹ fail 1",
            "ℹ duration_ms 31.5",
            "a line about passed 9",
        ] {
            counts.hear(line);
        }
        assert_eq!(counts.shown(), "19 passed; 3 failed; 1 ignored; 1 skipped for want of data");
        assert_eq!(Counts::default().plus(&counts), counts);
    }
}
