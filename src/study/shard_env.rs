//! Which part this process is to do, from what its scheduler tells it: `--shard auto`.
//!
//! A scheduler that runs one program many times numbers the copies in an environment variable. The numbers count from 0 or
//! from 1, and not every scheduler says how many there are. Nothing is guessed here: one copy that took itself for another
//! would cost a part of the answer, or worse, do the whole of it and call it a part.

use super::shard::{Shard, whole_number};

/// Where a scheduler leaves the number of a copy and the number of copies.
struct Scheduler {
    /// What its users call it.
    name: &'static str,
    /// The variable with this copy's number.
    index: &'static str,
    /// The number of the first copy.
    first: u32,
    /// The variable with the number of copies, where it has one of its own.
    count: Option<&'static str>,
}

/// The number of parts, for schedulers that do not tell it. Where they do, it must agree.
const SHARDS: &str = "SHARDS";

/// Names and bases as the schedulers document them; `deploy/README.md` shows the table to users.
const SCHEDULERS: [Scheduler; 7] = [
    Scheduler { name: "the caller", index: "SHARD_INDEX", first: 1, count: None },
    Scheduler { name: "Kubernetes", index: "JOB_COMPLETION_INDEX", first: 0, count: None },
    Scheduler {
        name: "AWS Batch",
        index: "AWS_BATCH_JOB_ARRAY_INDEX",
        first: 0,
        count: Some("AWS_BATCH_JOB_ARRAY_SIZE"),
    },
    Scheduler { name: "Cloud Run", index: "CLOUD_RUN_TASK_INDEX", first: 0, count: Some("CLOUD_RUN_TASK_COUNT") },
    Scheduler { name: "GitLab", index: "CI_NODE_INDEX", first: 1, count: Some("CI_NODE_TOTAL") },
    Scheduler { name: "CircleCI", index: "CIRCLE_NODE_INDEX", first: 0, count: Some("CIRCLE_NODE_TOTAL") },
    Scheduler {
        name: "Buildkite",
        index: "BUILDKITE_PARALLEL_JOB",
        first: 0,
        count: Some("BUILDKITE_PARALLEL_JOB_COUNT"),
    },
];

/// Slurm's job arrays start anywhere and may step: `sbatch --array=0-30:10`.
mod slurm {
    pub(super) const NAME: &str = "Slurm";
    pub(super) const ID: &str = "SLURM_ARRAY_TASK_ID";
    pub(super) const COUNT: &str = "SLURM_ARRAY_TASK_COUNT";
    pub(super) const MIN: &str = "SLURM_ARRAY_TASK_MIN";
    pub(super) const MAX: &str = "SLURM_ARRAY_TASK_MAX";
    pub(super) const STEP: &str = "SLURM_ARRAY_TASK_STEP";
}

/// The part that the environment assigns to this process; `get` looks up a variable, an empty one counts as missing.
///
/// Reads `SHARD_INDEX` (from 1) with `SHARDS`, and the variables of Kubernetes' Indexed Jobs, Slurm's job arrays, AWS
/// Batch, Cloud Run, GitLab, CircleCI and Buildkite.
///
/// # Errors
/// Where no scheduler numbers this process, where a number is missing or is none, where numbers contradict each other,
/// and where a Slurm array leaves gaps. The text names the variables.
pub fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Shard, String> {
    let variables = Variables { get };
    let mut found: Option<(&str, Shard)> = None;
    let numbered = SCHEDULERS.iter().map(|s| (s.index, s.name, Some(s)));
    for (index, name, scheduler) in numbered.chain([(slurm::ID, slurm::NAME, None)]) {
        let Some(number) = variables.number(index)? else { continue };
        let shard = match scheduler {
            Some(scheduler) => variables.plain(scheduler, number)?,
            None => variables.slurm(number)?,
        };
        match found {
            Some((other, already)) if already != shard => {
                return Err(format!(
                    "{other} says {already}, but {name} ({index}) says {shard}: give the part as I/N instead"
                ));
            }
            _ => found = Some((name, shard)),
        }
    }
    found.map_or_else(|| Err(variables.nothing_found()), |(_, shard)| Ok(shard))
}

/// The part of a copy whose `number`, in the variable `index`, counts from `first`.
fn numbered(index: &str, number: u32, first: u32, name: &str, count: u32) -> Result<Shard, String> {
    if count == 0 {
        return Err(format!("{name} is 0: nothing can be split into 0 parts"));
    }
    let last = u64::from(count) - 1 + u64::from(first);
    if number < first || u64::from(number) > last {
        return Err(format!("{index} is {number} and {name} is {count}, but {index} counts from {first} to {last}"));
    }
    Shard::new(number - first + 1, count)
}

fn disagree(name: &str, count: u32, shards: u32) -> String {
    format!("{name} is {count}, but {SHARDS} is {shards}: they must agree")
}

/// The environment.
struct Variables<F> {
    get: F,
}

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    /// A variable that holds a number; none where it is missing or empty.
    fn number(&self, name: &str) -> Result<Option<u32>, String> {
        let Some(text) = (self.get)(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        whole_number(&text).map(Some).map_err(|why| format!("{name}: {why}"))
    }

    /// The same of a scheduler that always sets it.
    fn required(&self, name: &str, beside: &str) -> Result<u32, String> {
        self.number(name)?.ok_or_else(|| format!("{beside} is set, but {name} is not"))
    }

    /// How many parts there are, with the name of the variable that says so.
    fn count(&self, own: Option<&'static str>, index: &str) -> Result<(&'static str, u32), String> {
        let told = match own {
            Some(name) => self.number(name)?.map(|count| (name, count)),
            None => None,
        };
        match (told, self.number(SHARDS)?) {
            (Some((name, count)), Some(shards)) if count != shards => Err(disagree(name, count, shards)),
            (Some(told), _) => Ok(told),
            (None, Some(shards)) => Ok((SHARDS, shards)),
            (None, None) => Err(format!("{index} is set, but {SHARDS} is not: set it to the number of parts")),
        }
    }

    fn plain(&self, scheduler: &Scheduler, number: u32) -> Result<Shard, String> {
        let Scheduler { index, first, .. } = *scheduler;
        let (name, count) = self.count(scheduler.count, index)?;
        numbered(index, number, first, name, count)
    }

    fn slurm(&self, id: u32) -> Result<Shard, String> {
        let count = self.required(slurm::COUNT, slurm::ID)?;
        let min = self.required(slurm::MIN, slurm::ID)?;
        let max = self.required(slurm::MAX, slurm::ID)?;
        let step = self.number(slurm::STEP)?.unwrap_or(1).max(1);
        match self.number(SHARDS)? {
            // Some parts of a larger whole, done again: `SHARDS=16 sbatch --array=3,7`.
            Some(shards) if shards > count => return numbered(slurm::ID, id, 1, SHARDS, shards),
            Some(shards) if shards < count => return Err(disagree(slurm::COUNT, count, shards)),
            _ => {}
        }
        // Where `--array` is a list (1,3,7) or several ranges, Slurm gives the smallest, the largest, and 1 for the step.
        let even = count.checked_sub(1) == max.checked_sub(min).map(|span| span / step);
        if !even || !(min..=max).contains(&id) || !(id - min).is_multiple_of(step) {
            return Err(format!(
                "Slurm's array of {count} tasks from {min} to {max} has gaps, so that which part task {id} is can't be \
                 told: submit it as --array=1-{count}, or set {SHARDS} to do only these of so many parts"
            ));
        }
        Shard::new((id - min) / step + 1, count)
    }

    /// Why there is no part, with the nearest remedy.
    fn nothing_found(&self) -> String {
        let set = |name: &str| (self.get)(name).is_some_and(|text| !text.is_empty());
        if set(SHARDS) {
            return format!("{SHARDS} is set, but nothing says which part this is: set SHARD_INDEX, from 1");
        }
        // GitLab sets the total in every job, the index only where there is something to count.
        if set("CI_NODE_TOTAL") {
            return "CI_NODE_INDEX is not set: GitLab numbers the jobs of one that says `parallel: N`".to_owned();
        }
        let names: Vec<&str> = SCHEDULERS.iter().map(|s| s.index).chain([slurm::ID]).collect();
        format!("no scheduler numbers this process (none of {} is set): give the part as I/N", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The part, as it prints, or what is said instead.
    fn read(variables: &[(&str, &str)]) -> Result<String, String> {
        let get = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        from_environment(get).map(|shard| shard.to_string())
    }

    fn array<'a>(id: &'a str, count: &'a str, min: &'a str, max: &'a str, step: &'a str) -> [(&'a str, &'a str); 5] {
        [(slurm::ID, id), (slurm::COUNT, count), (slurm::MIN, min), (slurm::MAX, max), (slurm::STEP, step)]
    }

    #[track_caller]
    fn assert_part(variables: &[(&str, &str)], part: &str) {
        assert_eq!(read(variables).as_deref(), Ok(part), "{variables:?}");
    }

    #[track_caller]
    fn assert_told(variables: &[(&str, &str)], said: &str) {
        assert_eq!(read(variables), Err(said.to_owned()), "{variables:?}");
    }

    #[test]
    fn each_scheduler_counts_in_its_own_way() {
        assert_part(&[("SHARD_INDEX", "1"), ("SHARDS", "4")], "1/4");
        assert_part(&[("SHARD_INDEX", "4"), ("SHARDS", "4")], "4/4");
        assert_part(&[("JOB_COMPLETION_INDEX", "0"), ("SHARDS", "4")], "1/4");
        assert_part(&[("JOB_COMPLETION_INDEX", "3"), ("SHARDS", "4")], "4/4");
        assert_part(&[("AWS_BATCH_JOB_ARRAY_INDEX", "0"), ("AWS_BATCH_JOB_ARRAY_SIZE", "10")], "1/10");
        assert_part(&[("AWS_BATCH_JOB_ARRAY_INDEX", "9"), ("SHARDS", "10")], "10/10");
        assert_part(&[("CLOUD_RUN_TASK_INDEX", "2"), ("CLOUD_RUN_TASK_COUNT", "3")], "3/3");
        assert_part(&[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "5")], "1/5");
        assert_part(&[("CI_NODE_INDEX", "5"), ("CI_NODE_TOTAL", "5")], "5/5");
        assert_part(&[("CIRCLE_NODE_INDEX", "0"), ("CIRCLE_NODE_TOTAL", "2")], "1/2");
        assert_part(&[("BUILDKITE_PARALLEL_JOB", "1"), ("BUILDKITE_PARALLEL_JOB_COUNT", "2")], "2/2");
    }

    /// What Slurm 22.05 was seen to set for `--array=1-4%2`, `0-6:2` and `5`.
    #[test]
    fn slurm_arrays_start_anywhere_and_may_step() {
        assert_part(&array("1", "4", "1", "4", "1"), "1/4");
        assert_part(&array("4", "4", "1", "4", "1"), "4/4");
        assert_part(&array("0", "4", "0", "6", "2"), "1/4");
        assert_part(&array("6", "4", "0", "6", "2"), "4/4");
        assert_part(&array("5", "1", "5", "5", "1"), "1/1");
        assert_part(&array("17", "8", "10", "17", "1"), "8/8");
    }

    /// `--array=1,3,7`, for which Slurm sets a step of 1.
    #[test]
    fn slurm_arrays_with_gaps_are_refused() {
        let said = "Slurm's array of 3 tasks from 1 to 7 has gaps, so that which part task 3 is can't be told: submit it as \
                    --array=1-3, or set SHARDS to do only these of so many parts";
        assert_told(&array("3", "3", "1", "7", "1"), said);
        for crooked in [
            array("9", "4", "1", "4", "1"),
            array("0", "4", "1", "4", "1"),
            array("3", "4", "0", "6", "2"),
            array("1", "4", "4", "1", "1"),
            array("0", "0", "0", "4294967295", "1"),
        ] {
            assert!(read(&crooked).is_err_and(|said| said.contains("gaps")), "{crooked:?}");
        }
    }

    /// A few tasks of an earlier array: their numbers are those of the parts.
    #[test]
    fn slurm_tasks_of_a_larger_whole_keep_their_numbers() {
        let again = |variables: [(&'static str, &'static str); 5], shards| {
            let mut variables = variables.to_vec();
            variables.push(("SHARDS", shards));
            variables
        };
        assert_part(&again(array("3", "1", "3", "3", "1"), "16"), "3/16");
        assert_part(&again(array("7", "2", "3", "7", "1"), "16"), "7/16");
        assert_part(&again(array("0", "4", "0", "3", "1"), "4"), "1/4");
        assert_told(
            &again(array("0", "2", "0", "1", "1"), "16"),
            "SLURM_ARRAY_TASK_ID is 0 and SHARDS is 16, but SLURM_ARRAY_TASK_ID counts from 1 to 16",
        );
        assert_told(
            &again(array("1", "4", "1", "4", "1"), "2"),
            "SLURM_ARRAY_TASK_COUNT is 4, but SHARDS is 2: they must agree",
        );
    }

    #[test]
    fn missing_numbers_are_named() {
        for index in ["JOB_COMPLETION_INDEX", "SHARD_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX", "CI_NODE_INDEX"] {
            let said = format!("{index} is set, but SHARDS is not: set it to the number of parts");
            assert_told(&[(index, "1")], &said);
        }
        assert_told(
            &[(slurm::ID, "1"), (slurm::COUNT, "4")],
            "SLURM_ARRAY_TASK_ID is set, but SLURM_ARRAY_TASK_MIN is not",
        );
        assert_told(&[("SHARDS", "4")], "SHARDS is set, but nothing says which part this is: set SHARD_INDEX, from 1");
        let gitlab = "CI_NODE_INDEX is not set: GitLab numbers the jobs of one that says `parallel: N`";
        assert_told(&[("CI_NODE_TOTAL", "1")], gitlab);
        assert_told(&[("CI_NODE_TOTAL", "1"), ("CI_NODE_INDEX", "")], gitlab);
        let none = "no scheduler numbers this process (none of SHARD_INDEX, JOB_COMPLETION_INDEX, \
                    AWS_BATCH_JOB_ARRAY_INDEX, CLOUD_RUN_TASK_INDEX, CI_NODE_INDEX, CIRCLE_NODE_INDEX, \
                    BUILDKITE_PARALLEL_JOB, SLURM_ARRAY_TASK_ID is set): give the part as I/N";
        assert_told(&[], none);
        assert_told(&[("PATH", "/bin")], none);
    }

    #[test]
    fn numbers_out_of_range_say_how_they_count() {
        assert_told(
            &[("JOB_COMPLETION_INDEX", "4"), ("SHARDS", "4")],
            "JOB_COMPLETION_INDEX is 4 and SHARDS is 4, but JOB_COMPLETION_INDEX counts from 0 to 3",
        );
        assert_told(
            &[("CI_NODE_INDEX", "0"), ("CI_NODE_TOTAL", "2")],
            "CI_NODE_INDEX is 0 and CI_NODE_TOTAL is 2, but CI_NODE_INDEX counts from 1 to 2",
        );
        for index in ["SHARD_INDEX", "JOB_COMPLETION_INDEX"] {
            assert_told(&[(index, "1"), ("SHARDS", "0")], "SHARDS is 0: nothing can be split into 0 parts");
        }
        let most = "4294967295";
        assert_part(&[("SHARD_INDEX", most), ("SHARDS", most)], "4294967295/4294967295");
        assert!(read(&[("JOB_COMPLETION_INDEX", most), ("SHARDS", most)]).is_err());
    }

    #[test]
    fn what_is_no_number_is_told_with_its_variable() {
        assert_told(&[("SHARD_INDEX", "one"), ("SHARDS", "4")], "SHARD_INDEX: expected a whole number, not `one`");
        assert_told(&[("SHARD_INDEX", "1"), ("SHARDS", "-4")], "SHARDS: expected a whole number, not `-4`");
    }

    #[test]
    fn contradictions_are_refused_and_agreement_is_not() {
        assert_told(
            &[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "5"), ("SHARDS", "4")],
            "CI_NODE_TOTAL is 5, but SHARDS is 4: they must agree",
        );
        assert_told(
            &[("SHARD_INDEX", "2"), ("JOB_COMPLETION_INDEX", "2"), ("SHARDS", "4")],
            "the caller says 2/4, but Kubernetes (JOB_COMPLETION_INDEX) says 3/4: give the part as I/N instead",
        );
        let mut within = array("1", "4", "1", "4", "1").to_vec();
        within.extend([("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "4")]);
        assert_told(&within, "GitLab says 2/4, but Slurm (SLURM_ARRAY_TASK_ID) says 1/4: give the part as I/N instead");
        assert_part(&[("SHARD_INDEX", "3"), ("JOB_COMPLETION_INDEX", "2"), ("SHARDS", "4")], "3/4");
        // GitLab's total without an index is in every job, whatever runs below it.
        assert_part(&[("CI_NODE_TOTAL", "1"), ("JOB_COMPLETION_INDEX", "2"), ("SHARDS", "4")], "3/4");
    }
}
