//! `dryroll check`: objectives and a baseline, for CI.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::args::{Annotations, Check};
use super::interrupt::Alarm;
use super::output::Output;
use super::ui::{self, Ui};
use super::{Failure, effort, ending, interrupt, loading, settings, table};
use crate::metrics::{Meta, Results};
use crate::report::check::{CheckPage, FORMATS, JUNIT, MARKDOWN, annotations};
use crate::report::{Format, Settings};
use crate::scenario::{Draft, Layer, Loaded, Objectives, Scenario};
use crate::study::forecast::forecast;
use crate::study::measure::Measure;
use crate::study::objective::Objective;
use crate::study::result::check::{CheckResult, Checked};
use crate::study::result::comparison::Compared;
use crate::study::result::effort::{Decide, Effort, LEAST};
use crate::study::result::finding::Verdict;
use crate::study::standing::Standing;
use crate::study::tally::{Keep, Question, Tally};
use crate::study::versus::{Match, PICTURED, beside, compare};

/// What files are compared with.
enum Baseline {
    /// Another scenario, on the same traffic.
    Scenario(Box<Loaded>),
    /// What was forecast once.
    Result(Box<Results>),
}

pub(super) fn run(args: &Check, ui: Ui) -> Result<u8, Failure> {
    ending::check(args.output.output.as_deref(), args.output.format.as_deref(), &ending::all(&FORMATS))?;
    let baseline = args.baseline.as_deref().map(|path| read_baseline(path, args, ui)).transpose()?;
    let drafts: Vec<(Draft, Loaded)> = args.files.iter().map(|file| open(file, args, ui)).collect::<Result<_, _>>()?;
    let places = Places::open(args)?;
    let _alarm = Alarm::after(args.timeout);
    let mut page = CheckPage {
        result: CheckResult { baseline: args.baseline.as_ref().map(|b| b.display().to_string()), files: Vec::new() },
        settings: Vec::new(),
    };
    for (file, (draft, loaded)) in args.files.iter().zip(&drafts) {
        page.settings.push(settings_of(file, args, loaded));
        page.result.files.push(check(file, draft, loaded, baseline.as_ref(), args, ui)?);
        if args.fail_fast && page.result.verdict() == Verdict::Broken {
            break;
        }
    }
    places.write(&page, args, ui)?;
    if annotates(args.output.annotations) {
        for line in annotations::lines(&page) {
            ui::workflow_command(&line);
        }
    }
    Ok(effort::status(Some(page.result.verdict()), args.allow_undecided))
}

fn open(file: &Path, args: &Check, ui: Ui) -> Result<(Draft, Loaded), Failure> {
    let draft = Draft::open(&loading::request(file, &args.scenario)).map_err(|d| loading::told(&d, ui))?;
    let loaded = draft.read().map_err(|d| loading::told(&d, ui))?;
    loading::warn(&loaded, ui);
    Ok((draft, loaded))
}

/// The commands that are proposed repeat the forecast of this file.
fn settings_of(file: &Path, args: &Check, loaded: &Loaded) -> Settings {
    settings::of(file, &args.scenario, args.work.replications, loaded)
}

/// A result, if that is what the file holds, else a scenario or a manifest.
fn read_baseline(path: &Path, args: &Check, ui: Ui) -> Result<Baseline, Failure> {
    #[derive(serde::Deserialize)]
    struct Head {
        schema: String,
    }
    let text = fs::read_to_string(path).unwrap_or_default();
    let Ok(head) = serde_json::from_str::<Head>(&text) else {
        return loading::load(path, &args.scenario, ui).map(|loaded| Baseline::Scenario(Box::new(loaded)));
    };
    let refuse = |why: String| {
        let hint = "a baseline is a scenario, a manifest, or what `dryroll run --format json` wrote";
        Failure::Usage(format!("`{}` {why}\n\nhint: {hint}", path.display()))
    };
    if head.schema != crate::metrics::results::SCHEMA {
        return Err(refuse(format!("is a `{}`", head.schema)));
    }
    let results: Results =
        serde_json::from_str(&text).map_err(|e| refuse(format!("is no result of this version: {e}")))?;
    if results.replications < 2 {
        return Err(refuse("has one replication, of which no interval tells how sure it is".to_owned()));
    }
    Ok(Baseline::Result(Box::new(results)))
}

/// The objectives that the file names; where it names none that the deploy drops nothing, unless it is held to a baseline.
fn question(args: &Check, loaded: &Loaded) -> Question {
    let objectives = loaded.objectives.as_ref();
    let baseline_alone = args.baseline.is_some() && objectives.is_none_or(Objectives::is_empty);
    let decide = if args.fail_fast { Decide::Verdict } else { Decide::Each };
    let effort = match args.work.replications {
        Some(n) => Effort::Fixed(n),
        None => Effort::Adaptive { least: LEAST, most: args.max_replications, precise: Vec::new(), decide },
    };
    Question {
        effort,
        objectives: if baseline_alone { Vec::new() } else { Objective::all(objectives) },
        share: objectives.map_or(0.95, |o| o.share),
        confidence: objectives.map_or(0.95, |o| o.confidence),
    }
}

fn check(
    file: &Path,
    draft: &Draft,
    loaded: &Loaded,
    baseline: Option<&Baseline>,
    args: &Check,
    ui: Ui,
) -> Result<Checked, Failure> {
    let question = question(args, loaded);
    let meta = settings::meta_of(loaded);
    let measures = Measure::usual(loaded.scenario.rolled().balancer.layer == Layer::L7);
    let (tally, compared) = match baseline {
        Some(Baseline::Scenario(base)) => against(base, loaded, &question, (meta, measures), args, ui)?,
        other => {
            let progress = ui.progress(u64::from(question.effort.least()), "simulated");
            let jobs = args.work.jobs.map(usize::from);
            let heard = || progress.step();
            let tally =
                forecast(&loaded.scenario, meta, &question, Keep::First(PICTURED), jobs, interrupt::watch(), &heard)
                    .map_err(failed)?;
            let compared = match other {
                Some(Baseline::Result(results)) => beside(results, &tally, &measures, args.margin),
                _ => Vec::new(),
            };
            (tally, compared)
        }
    };
    Ok(Checked {
        file: file.display().to_string(),
        stopped: tally.stopped().unwrap_or(crate::study::result::effort::Stopped::Limit),
        demand: [question.share, question.confidence],
        places: question.objectives.iter().map(|o| draft.place(&format!("objectives.{}", o.name()))).collect(),
        objectives: tally.standings().iter().map(Standing::finding).collect(),
        compared,
        results: Results::of(tally.meta(), tally.replications(), tally.looks()),
    })
}

/// A file and a baseline on the same traffic.
fn against(
    base: &Loaded,
    loaded: &Loaded,
    question: &Question,
    (meta, measures): (Meta, Vec<Measure>),
    args: &Check,
    ui: Ui,
) -> Result<(Tally, Vec<Compared>), Failure> {
    let seed = loaded.scenario.seed;
    let free = Question { objectives: Vec::new(), ..question.clone() };
    let base_meta = Meta { seed, ..settings::meta(&base.scenario, &base.assumptions) };
    let until_told = question.effort.looks_again();
    let played = Match::new(vec![(free, base_meta), (question.clone(), meta)], measures, args.margin, until_told);
    let scenarios = [Scenario { seed, ..base.scenario.clone() }, loaded.scenario.clone()];
    let progress = ui.progress(2 * u64::from(question.effort.least()), "simulated");
    let jobs = args.work.jobs.map(usize::from);
    let played = compare(played, &scenarios, jobs, interrupt::watch(), &|| progress.step()).map_err(failed)?;
    let compared = played.compare(1);
    let tally = played.into_tallies().pop().ok_or_else(|| Failure::Failed("nothing was played".to_owned()))?;
    Ok((tally, compared))
}

#[expect(clippy::needless_pass_by_value, reason = "it ends here")]
fn failed(error: crate::study::replicate::ReplicateError) -> Failure {
    Failure::Failed(error.to_string())
}

fn annotates(when: Annotations) -> bool {
    match when {
        Annotations::Auto => std::env::var_os("GITHUB_ACTIONS").is_some_and(|v| v == "true"),
        Annotations::Github => true,
        Annotations::None => false,
    }
}

/// The places that the result goes to, all tried before the work.
struct Places {
    main: Output,
    junit: Option<(PathBuf, Output)>,
    markdown: Option<(PathBuf, Markdown)>,
}

/// A summary's own file, or the one that the steps of a job share.
enum Markdown {
    Whole(Output),
    Appended(File),
}

impl Places {
    fn open(args: &Check) -> Result<Self, Failure> {
        let open = |path: &Path| Output::open(Some(path)).map_err(|e| table::cannot_write(Some(path), &e));
        let main = args.output.output.as_deref();
        let junit = args.output.junit.as_ref().map(|path| open(path).map(|o| (path.clone(), o))).transpose()?;
        let markdown = match &args.output.markdown {
            None => None,
            Some(path) if std::env::var_os("GITHUB_STEP_SUMMARY").is_some_and(|s| s == path.as_os_str()) => {
                let file = File::options().create(true).append(true).open(path);
                let file = file.map_err(|e| table::cannot_write(Some(path), &e))?;
                Some((path.clone(), Markdown::Appended(file)))
            }
            Some(path) => Some((path.clone(), Markdown::Whole(open(path)?))),
        };
        Ok(Self { main: Output::open(main).map_err(|e| table::cannot_write(main, &e))?, junit, markdown })
    }

    fn write(self, page: &CheckPage, args: &Check, ui: Ui) -> Result<(), Failure> {
        if let Some((path, output)) = self.junit {
            table::write(JUNIT, page, output, Some(&path), ui)?;
        }
        match self.markdown {
            Some((path, Markdown::Whole(output))) => table::write(MARKDOWN, page, output, Some(&path), ui)?,
            Some((path, Markdown::Appended(mut file))) => {
                let bytes = bytes(MARKDOWN, page).and_then(|bytes| file.write_all(&bytes));
                bytes.map_err(|e| table::cannot_write(Some(&path), &e))?;
            }
            None => {}
        }
        let path = args.output.output.as_deref();
        let format = table::format(&FORMATS, args.output.format.as_deref(), path, "table");
        table::write(format, page, self.main, path, ui)
    }
}

fn bytes(format: &Format<CheckPage>, page: &CheckPage) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    (format.write)(page, &mut bytes)?;
    Ok(bytes)
}
