//! Laws of verdicts: nothing is predicted by what it was learned from, whole blocks go together, differences are called
//! significant as often as they should be, and what is said is what the figures say.

#[path = "common/dice.rs"]
mod dice;

use dice::Dice;
use farfield::geodesy::{LocalFrame, LonLat};
use farfield::trace::calibrate::{Heard, Sought};
use farfield::verdict::{Attempt, FOLDS, Folds, Method, Run, SIZES, Trial, Verdict};
use glam::DVec2;

fn readings(count: usize, side: f64, dice: &mut Dice) -> Vec<Heard> {
    let frame = LocalFrame::new(LonLat::new(11.5, 48.1));
    let one = |_| {
        let at = frame.to_lonlat(DVec2::new(side * dice.share(), side * dice.share()));
        Heard { at, level: -90.0 + 10.0 * dice.normal(), sector: 0, device: 0 }
    };
    (0..count).map(one).collect()
}

/// A run whose errors have a share that readings of a block have in common.
fn run(
    method: Method,
    size: Option<u32>,
    trial: &Trial,
    folds: &Folds,
    [shared, own]: [f64; 2],
    dice: &mut Dice,
) -> Run {
    let common: Vec<f64> = (0..folds.count()).map(|_| shared * dice.normal()).collect();
    let level = |(i, h): (usize, &Heard)| (h.level + common[folds.blocks[i] as usize] + own * dice.normal()) as f32;
    Run { method, size, levels: trial.heard.iter().enumerate().map(level).collect(), seconds: 1.0 }
}

fn verdict(trial: &Trial, folds: &Folds, runs: Vec<Run>) -> Verdict {
    let sight = trial.heard.iter().map(|h| h.at.lon > 11.505).collect();
    Verdict::of(trial, folds, &Attempt { runs, sight })
}

#[test]
fn whole_blocks_are_held_out_and_lessons_grow() {
    let mut dice = Dice::new(1);
    for (count, side) in [(5000, 1500.0), (300, 150.0), (40, 20.0), (3, 1.0), (1, 1.0)] {
        let (trial, folds) = Trial::new(readings(count, side, &mut dice), Sought::default());
        assert_eq!(folds.blocks.len(), count);
        // A block is in one fold.
        for (block, fold) in folds.blocks.iter().zip(&trial.folds) {
            let first = folds.blocks.iter().position(|b| b == block).expect("itself");
            assert_eq!(trial.folds[first], *fold);
        }
        if count > 200 {
            let mut sizes = [0; FOLDS as usize];
            for fold in &trial.folds {
                sizes[usize::from(*fold)] += 1;
            }
            assert!(
                folds.count() >= 20 && sizes.iter().all(|n| *n * 10 > count),
                "{} blocks, {sizes:?}",
                folds.count()
            );
        }
        for fold in 0..FOLDS {
            let mut before: Vec<usize> = Vec::new();
            for size in trial.all_sizes() {
                let lessons = trial.lessons(fold, size);
                assert!(lessons.iter().all(|i| trial.folds[*i] != fold));
                assert!(before.iter().all(|i| lessons.contains(i)), "a larger lesson holds a smaller one");
                assert_eq!(lessons.len(), size.map_or_else(|| folds.others(fold), |n| n as usize));
                before = lessons;
            }
        }
    }
    let (trial, folds) = Trial::new(Vec::new(), Sought::default());
    assert_eq!((folds.count(), trial.sizes.len()), (0, 0));
    let nothing =
        verdict(&trial, &folds, vec![Run { method: Method::Traced, size: None, levels: vec![], seconds: 0.0 }]);
    assert!(nothing.sentence().starts_with("Nothing can be said"), "{}", nothing.sentence());
}

#[test]
fn the_better_side_is_trusted_and_the_sentence_has_its_figures() {
    let mut dice = Dice::new(2);
    let (trial, folds) = Trial::new(readings(3000, 1200.0, &mut dice), Sought::default());
    let mut runs = Vec::new();
    for (method, errors) in [
        (Method::Empirical, [9.0, 4.0]),
        (Method::Traced, [7.0, 4.0]),
        (Method::Calibrated, [2.0, 4.0]),
        (Method::Learned, [5.0, 5.0]),
        (Method::Adapted, [4.0, 5.0]),
    ] {
        runs.push(run(method, None, &trial, &folds, errors, &mut dice));
    }
    runs.push(run(Method::Calibrated, Some(SIZES[0]), &trial, &folds, [5.0, 4.0], &mut dice));
    // One method alone says nothing at a few places.
    runs[1].levels[..30].fill(f32::NAN);
    let verdict = verdict(&trial, &folds, runs);
    assert_eq!((verdict.common, verdict.all, verdict.rows.len()), (2970, 3000, 6));
    let trust = verdict.trust.expect("both sides");
    assert_eq!((trust.best, trust.rival), (Method::Calibrated, Method::Adapted));
    assert!(trust.significant() && trust.gain_db > 1.0);
    let row = verdict.row(Method::Calibrated).expect("a row");
    let rmse = row.rmse.expect("enough blocks");
    assert!(rmse.low < row.score.rmse_db && row.score.rmse_db < rmse.high && rmse.high - rmse.low < 1.5, "{rmse:?}");
    assert!((row.score.rmse_db - 20f64.sqrt()).abs() < 0.7, "{}", row.score.rmse_db);
    assert_eq!(verdict.row(Method::Traced).expect("a row").silent, 0.01);
    // Errors that have nothing to do with each other cancel in part.
    let blend = verdict.row(Method::Blend).expect("a blend").score.rmse_db;
    assert!(blend < row.score.rmse_db - 0.1, "{blend}");
    let said = verdict.sentence();
    for part in [
        "Trust the calibrated ray tracer here",
        "over 2970 readings",
        &format!("{:.1} dB RMSE", row.score.rmse_db),
        "A blend of both does better",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let csv = verdict.csv();
    let mut table = csv::Reader::from_reader(csv.split("\n\n").next().expect("a table").as_bytes());
    assert_eq!(table.records().map(|r| r.expect("a line").len()).collect::<Vec<_>>(), [16; 6]);
    assert_eq!(verdict.curve.len(), 3);
}

#[test]
fn what_is_no_difference_is_rarely_called_one() {
    let (mut called, tries) = (0, 100);
    for seed in 0..tries {
        let mut dice = Dice::new(100 + seed);
        let (trial, folds) = Trial::new(readings(600, 1200.0, &mut dice), Sought::default());
        let runs = [Method::Traced, Method::Learned].map(|m| run(m, None, &trial, &folds, [4.0, 4.0], &mut dice));
        called += u32::from(verdict(&trial, &folds, runs.into()).trust.expect("both").significant());
    }
    // One of twenty by design, a little more as blocks are few: of 100 tries, 15 or more in less than one of a thousand cases.
    println!("{called} of {tries} called significant");
    assert!(called <= 15, "{called} of {tries}");
}

#[test]
fn in_few_blocks_nothing_is_sure() {
    let mut dice = Dice::new(4);
    let heard = readings(50, 5.0, &mut dice);
    let (trial, folds) = Trial::new(heard, Sought::default());
    assert!(folds.count() < 6);
    let runs = [(Method::Traced, 3.0), (Method::Learned, 9.0)]
        .map(|(m, own)| run(m, None, &trial, &folds, [0.0, own], &mut dice));
    let verdict = verdict(&trial, &folds, runs.into());
    let trust = verdict.trust.expect("both");
    assert!(trust.best == Method::Traced && !trust.significant());
    assert!(verdict.sentence().starts_with("Too few blocks to be sure"), "{}", verdict.sentence());
}
