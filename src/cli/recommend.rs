//! `dryroll recommend`: the cheapest settings that hold the objectives.

use std::io;
use std::path::{Path, PathBuf};

use super::args::{Recommend, RecommendOutput};
use super::output::Output;
use super::ui::Ui;
use super::{Failure, effort, ending, exit, figure, interrupt, loading, settings, table};
use crate::report::html;
use crate::report::recommend::{FORMATS, HTML, RecommendPage};
use crate::report::text::quoted;
use crate::scenario::{Draft, Loaded};
use crate::study::objective::Objective;
use crate::study::recommend::{Space, Told, Wish, Work, recommend};
use crate::study::replicate::ReplicateError;
use crate::study::result::effort::{Decide, Effort};
use crate::study::result::price::Prices;
use crate::study::result::recommendation::Recommendation;
use crate::study::tally::Question;

pub(super) fn run(args: &Recommend, ui: Ui) -> Result<u8, Failure> {
    let path = args.output.output.as_deref();
    let wanted = figure::wanted(args.output.figure.as_deref(), path, &html::figure::of_recommend())?;
    if wanted.is_none() {
        ending::check(path, args.output.format.as_deref(), &ending::all(&FORMATS))?;
    }
    let draft = Draft::open(&loading::request(&args.file, &args.scenario)).map_err(|d| loading::told(&d, ui))?;
    let loaded = draft.read().map_err(|d| loading::told(&d, ui))?;
    loading::warn(&loaded, ui);
    if loaded.scenario.deploy.is_none() {
        let hint = "take `deploy: none` out of the scenario";
        return Err(Failure::Usage(format!("nothing is deployed, so there is nothing to recommend\n\nhint: {hint}")));
    }
    // A patch that could hold only half of what is recommended would not be it.
    let manifest = draft.is_manifest() || args.output.patch.is_some() && !draft.manifest().is_empty();
    let space = Space::of(&draft, &loaded.scenario, &args.vary, &args.keep, manifest);
    let space = space.map_err(|d| loading::told(&d, ui))?;
    if space.is_empty() {
        let hint = "name a field and its values, as in --vary preStop=0s,5s,10s";
        return Err(Failure::Usage(format!("there is no setting to search\n\nhint: {hint}")));
    }
    can_be_written(args, &draft, &space)?;
    let mut places = Places::open(args)?;
    let recommendation = search(args, &draft, &loaded, &space, ui)?;
    let status = if recommendation.interrupted {
        ui.error("interrupted: what was found holds, and not all was looked at that could be said of it");
        exit::FAILED
    } else {
        effort::status(Some(recommendation.verdict), args.allow_undecided)
    };
    places.write(args, &draft, &recommendation, ui)?;
    let page = RecommendPage { recommendation, settings: settings::of(&args.file, &args.scenario, None, &loaded) };
    match wanted {
        _ if Places::is_stdout_taken(args) => {}
        Some(w) => {
            let draw = |out: &mut dyn io::Write| html::figure::recommend(&page.recommendation, &w.name, w.kept, out);
            figure::write(draw, places.main, path, ui)?;
        }
        None => {
            let format = table::format(&FORMATS, args.output.format.as_deref(), path, "table");
            table::write(format, &page, places.main, path, ui)?;
        }
    }
    // Behind the result, which a page that cannot be written does not take along.
    if let Some(drawn) = places.drawn {
        table::write(&HTML, &page, drawn, args.output.report.as_deref(), ui)?;
    }
    Ok(status)
}

/// What the patch or the edited file could not hold is told before the search, which may take minutes.
fn can_be_written(args: &Recommend, draft: &Draft, space: &Space) -> Result<(), Failure> {
    if let Some(why) = draft.cannot_be_edited().filter(|_| args.output.edit.is_some()) {
        let hint = "leave out --edit: what is recommended is told with its values";
        return Err(Failure::Usage(format!("{why}\n\nhint: {hint}")));
    }
    let workload = args.scenario.workload.as_deref();
    for (i, setting) in space.settings().iter().enumerate().filter(|(_, s)| !s.is_empty()) {
        let mut point = space.as_it_is();
        point[i] = Some(0);
        let set: Vec<_> = space.assignments(&point).iter().map(|a| format!("{}={}", a.path(), a.text())).collect();
        let patched = args.output.patch.as_ref().map_or(Ok(()), |_| draft.patch(&set, workload).map(drop));
        let edited = args.output.edit.as_ref().map_or(Ok(()), |_| draft.edited(&set, workload).map(drop));
        let keep: Vec<String> = setting.names().iter().map(|name| format!("--keep {}", quoted(name))).collect();
        let hint = format!("`{}` leaves it as it is, and looks for what helps beside it", keep.join(" "));
        patched.and(edited).map_err(|why| Failure::Usage(format!("{why}\n\nhint: {hint}")))?;
    }
    Ok(())
}

/// The places that are written to, all tried before the work.
struct Places {
    main: Output,
    drawn: Option<Output>,
    patch: Option<Output>,
    edit: Option<Output>,
}

impl Places {
    fn open(args: &Recommend) -> Result<Self, Failure> {
        let open = |path: &Path| {
            let file = (path != Path::new("-")).then_some(path);
            Output::open(file).map_err(|e| table::cannot_write(file, &e))
        };
        let RecommendOutput { output, report, patch, edit, .. } = &args.output;
        if is_dash(patch.as_deref()) && is_dash(edit.as_deref()) {
            return Err(Failure::Usage("--patch and --edit cannot both be written to stdout".to_owned()));
        }
        Ok(Self {
            main: Output::open(output.as_deref()).map_err(|e| table::cannot_write(output.as_deref(), &e))?,
            drawn: report
                .as_deref()
                .map(|path| Output::open(Some(path)).map_err(|e| table::cannot_write(Some(path), &e)))
                .transpose()?,
            patch: patch.as_deref().map(open).transpose()?,
            edit: edit.as_deref().map(open).transpose()?,
        })
    }

    /// Whether the recommendation has no place: something else was asked for there.
    fn is_stdout_taken(args: &Recommend) -> bool {
        let RecommendOutput { output, patch, edit, .. } = &args.output;
        output.is_none() && (is_dash(patch.as_deref()) || is_dash(edit.as_deref()))
    }

    /// Writes the patch and the edited file; what they cannot hold is told.
    fn write(&mut self, args: &Recommend, draft: &Draft, r: &Recommendation, ui: Ui) -> Result<(), Failure> {
        let workload = args.scenario.workload.as_deref();
        let mut left = Vec::new();
        let file = |path: &Option<PathBuf>| path.clone().filter(|p| p != Path::new("-"));
        if let Some(output) = self.patch.take() {
            let patch = draft.patch(&r.set, workload).map_err(Failure::Failed)?;
            let text = match patch {
                Some(patch) => {
                    left = patch.left;
                    patch.text
                }
                None => r.set.iter().flat_map(|set| ["--set ".to_owned(), quoted(set), "\n".to_owned()]).collect(),
            };
            table::finish(text.as_bytes(), output, file(&args.output.patch).as_deref(), ui)?;
        }
        if let Some(output) = self.edit.take() {
            let edited = draft.edited(&r.set, workload).map_err(Failure::Failed)?;
            left = edited.left;
            table::finish(edited.text.as_bytes(), output, file(&args.output.edit).as_deref(), ui)?;
        }
        for set in left {
            ui.warning(&format!("the manifest cannot hold `{set}`: it is for the application or the balancer"));
        }
        Ok(())
    }
}

fn is_dash(path: Option<&Path>) -> bool {
    path == Some(Path::new("-"))
}

fn search(args: &Recommend, draft: &Draft, loaded: &Loaded, space: &Space, ui: Ui) -> Result<Recommendation, Failure> {
    let objectives = loaded.objectives.as_ref();
    let question = Question {
        effort: Effort::Adaptive {
            least: 1,
            most: args.max_replications,
            precise: Vec::new(),
            decide: Decide::Verdict,
        },
        objectives: Objective::all(objectives),
        share: objectives.map_or(0.95, |o| o.share),
        confidence: objectives.map_or(0.95, |o| o.confidence),
    };
    let mut prices = Prices::default();
    for &(cost, price) in &args.price {
        prices.set(cost, price);
    }
    let wish = Wish { question: &question, prices, worth: args.worth, most: args.max_replications };
    let progress = ui.progress(0, "simulated");
    let tell = |told: Told| match told {
        Told::Wanted(n) => progress.spare(-i64::from(n)),
        Told::Done => progress.step(),
    };
    let work = Work { jobs: args.jobs.map(usize::from), cancel: interrupt::watch(), tell: &tell };
    let meta = settings::meta(&loaded.scenario, &loaded.assumptions);
    recommend(draft, &loaded.scenario, space, &wish, &meta, work).map_err(|e| match e {
        ReplicateError::Interrupted => Failure::Failed("interrupted before anything was found to hold".to_owned()),
        other => Failure::Failed(other.to_string()),
    })
}
